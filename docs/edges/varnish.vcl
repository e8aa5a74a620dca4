vcl 4.1;

# Varnish before identical replicas: it fetches an object once, whole, and cuts every range
# out of its copy, also while that is still arriving.

import directors;

backend one { .host = "10.0.0.11"; .port = "8000"; }
backend two { .host = "10.0.0.12"; .port = "8000"; }

sub vcl_init {
    new replicas = directors.round_robin();
    replicas.add_backend(one);
    replicas.add_backend(two);
}

sub vcl_recv {
    set req.backend_hint = replicas.backend();
    # Varnish answers a Range with several ranges by 416; without the field it is a 200.
    if (req.http.Range ~ ",") {
        unset req.http.Range;
    }
}

sub vcl_backend_response {
    set beresp.ttl = 1h;
}
