"""One request on its way through the middleware. Private: nothing here is promised."""
