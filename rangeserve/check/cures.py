"""What to do about a finding: a sentence for each code, and better ones for servers that are known.

The server is recognised by its own fields. Nothing here is judged.
"""

from __future__ import annotations

import re
from typing import Final

from .answers import Answer

__all__ = ["cure_for", "server_of"]

# (what stands in Server, Via or X-Powered-By; the name; what cures which codes there)
_RANGES: Final = frozenset({"R01", "R02", "R03", "R04", "R05", "R06", "B06"})
_TAGS: Final = frozenset({"V01", "V02", "V03", "V04", "V05"})
_CODED: Final = frozenset({"E01", "E02", "E03", "E04", "E05"})
_CORS: Final = frozenset({"X01", "X02", "X03", "X04", "X05", "X06"})

_SERVERS: Final = (
    (r"nginx|openresty|tengine", "nginx"),
    (r"apache", "Apache"),
    (r"caddy", "Caddy"),
    (r"amazons3|minio|ceph", "S3"),
    (r"cloudflare", "Cloudflare"),
    (r"varnish", "Varnish"),
    (r"microsoft-iis|kestrel", "IIS"),
    (r"simplehttp", "http.server"),
    (r"wsgiserver", "Django"),
    (r"werkzeug", "Flask"),
    (r"aiohttp", "aiohttp"),
    (r"express|next\.js", "Express"),
    (r"uvicorn|hypercorn|granian|daphne|anycorn", "an ASGI server"),
    (r"gunicorn|waitress", "a WSGI server"),
    (r"tornadoserver", "Tornado"),
)

_FOR_SERVER: Final[tuple[tuple[str, frozenset[str], str], ...]] = (
    ("nginx", _RANGES, "nginx slices static files by itself: look for `max_ranges 0`, for `gzip` or"
     " `sub_filter` on this type, or for a proxied app; for that one, `proxy_force_ranges on`"
     " slices a response that has a Content-Length"),
    ("nginx", _CODED, "leave this type out of `gzip_types`; `gzip_vary on` adds Vary"),
    ("nginx", frozenset({"V03"}), "`gzip` makes the tag weak: leave this type out of `gzip_types`"),
    ("nginx", _CORS, "`add_header ... always` adds the fields to 416 and 304, too; the preflight"
     " needs `Access-Control-Allow-Headers: Range, If-Range`"),
    ("Apache", _CODED, "`SetEnvIfNoCase Request_URI \\.(mp4|parquet|tif|pdf)$ no-gzip` leaves"
     " mod_deflate out"),
    ("Apache", _TAGS, "`FileETag MTime Size` makes replicas agree"),
    ("Apache", _RANGES, "look for `MaxRanges none`, and for a filter on this type"),
    ("Caddy", _CODED, "leave this type out of `encode`, by a matcher"),
    ("S3", _CORS, "set the CORS configuration of the bucket, with ExposeHeader for ETag,"
     " Content-Range and Accept-Ranges"),
    ("S3", frozenset({"B05"}), "a URL that is signed for GET refuses HEAD: sign one for HEAD, too,"
     " or let the client do without"),
    ("Cloudflare", _RANGES, "without a Content-Length from the origin it cannot slice: let the"
     " origin send one, and cache this type"),
    ("Cloudflare", frozenset({"V03"}), "compression and rewriting make the tag weak: send"
     " `Cache-Control: no-transform`"),
    ("http.server", _RANGES, "`python -m rangeserve` serves a folder with ranges"),
    ("Django", _RANGES, "Django has no ranges: let nginx send the file, wrap the application in"
     " rangeserve.wsgi.RangeMiddleware, or on ASGI use rangeserve.integrations.django"),
    ("Flask", _RANGES, "`send_file(..., conditional=True)` answers ranges of files; a generator has"
     " none: wrap the app in rangeserve.wsgi.RangeMiddleware, and hand a source over"),
    ("aiohttp", _RANGES, "`web.FileResponse` answers ranges; a StreamResponse has none"),
    ("Express", _RANGES, "`res.sendFile` and express.static answer ranges; `res.send` and pipes do"
     " not"),
    ("Express", frozenset({"V03"}), "the tag of `send` is weak, made of size and time: give"
     " a strong one in `setHeaders`"),
    ("an ASGI server", _RANGES | frozenset({"R09", "R10", "P06", "P07", "T05", "T06"}),
     "put rangeserve.RangeMiddleware around the app"),
    ("a WSGI server", _RANGES, "put rangeserve.wsgi.RangeMiddleware around the app, or let the web"
     " server in front send the file"),
    ("Varnish", _RANGES, "`set beresp.do_stream = true` with a Content-Length from the origin, and"
     " no `http_range_support` off"),
)  # fmt: skip

_FOR_CODE: Final = {
    "B01": "answer 200 to a GET that has no Range",
    "B02": "send a Content-Length: without one nobody can slice, or show progress",
    "B03": "send exactly as many bytes as Content-Length says, none for HEAD, 204 and 304",
    "B04": "find which two layers send the field, and leave it to one of them",
    "B05": "answer HEAD as GET, without the body",
    "B06": "send `Accept-Ranges: bytes` where ranges are honoured, and only there",
    "B07": "send Content-Range with 206 and 416 only",
    "B08": "send the same Content-Type to HEAD and to GET",
    "B09": "send the Content-Length of the error, not that of the file",
    "R01": "the server, or the app behind it, has to honour Range",
    "R02": "answer 206 with two bytes; do not ignore small ranges",
    "R03": "answer 206 to `bytes=0-`, although it asks for everything",
    "R04": "answer 206 with the bytes from first to last, both included",
    "R05": "answer 206 with the bytes from first to the end",
    "R06": "`-500` asks for the last 500 bytes, and for all if there are fewer",
    "R07": "cut the range at the last byte, and answer 206",
    "R08": "send all of the range that was asked for",
    "R09": "answer 416 if no byte is selected",
    "R10": "send `Content-Range: bytes */LENGTH` with a 416",
    "R11": "ignore a Range that is malformed",
    "R12": "ignore a Range whose unit is not bytes",
    "P01": "send `Content-Range: bytes FIRST-LAST/LENGTH` with a single part",
    "P02": "the last position is included: `0-1` are two bytes",
    "P03": "let Content-Range tell the length of the whole, not of the part",
    "P04": "read from the first position that was asked for; do not slice what is compressed",
    "P05": "send a multipart only for several ranges",
    "P06": "send a multipart/byteranges with both parts, or the whole",
    "P07": "send Cache-Control, Vary and Content-Type with a 206 as with the 200",
    "V01": "send an ETag, or a Last-Modified at least",
    "V02": 'quote it: `ETag: "abc"`',
    "V03": "make it of something that changes with every byte, and leave out the W/",
    "V04": "make it of the content, or of size and time, and of nothing that a replica has alone",
    "V05": "send one ETag for one content, whatever the status",
    "V06": "send when the content was last changed; leave the field out if that is unknown",
    "C01": "compare If-Range with the current ETag",
    "C02": "compare If-Range with the Last-Modified",
    "C03": "compare If-Range with the ETag before a part is sent; else versions are joined",
    "C04": "a date in If-Range has to equal the Last-Modified; else versions are joined",
    "C05": "If-Range is compared strongly: a weak tag never holds",
    "C06": "answer 304 if If-None-Match names the current ETag",
    "C07": "answer 304 if nothing was modified since the date",
    "C08": "ignore If-Modified-Since if there is an If-None-Match",
    "C09": "judge the preconditions before Range",
    "C10": "answer 412 if If-Match does not name the current ETag",
    "E01": "compress only for clients that ask for it",
    "E02": "do not compress what has ranges, or honour ranges before it is compressed",
    "E03": "give the compressed response a tag of its own, or a weak one",
    "E04": "send `Vary: Accept-Encoding`",
    "E05": "a client that asks for codings cannot decode a piece: do not compress what has ranges",
    "X01": "send `Access-Control-Allow-Headers: Range, If-Range` with the preflight",
    "X02": "send `Access-Control-Expose-Headers: Accept-Ranges, Content-Range, ETag`",
    "X03": "send the CORS fields with 304, too",
    "X04": "send the CORS fields with 416, too",
    "X05": "send the CORS fields with 206, too",
    "X06": "send `Access-Control-Allow-Headers: Range, If-Range` with the preflight",
    "T01": "redirect every request alike, whatever its fields",
    "T02": "leave out `no-store` if it may be kept",
    "T03": "let the cache revalidate or purge what the origin has changed",
    "T04": "seek to the first byte; do not read and discard what is before it",
    "T05": "seek to the first byte; do not read what is not sent",
    "T06": "stop at http.disconnect, or use rangeserve, which stops the app",
    "T07": "look at the proxy that ends HTTP/2: it changes what the origin says",
    "M01": "send the type of the content",
    "M02": "`ffmpeg -i in.mp4 -c copy -movflags +faststart out.mp4`",
}  # fmt: skip


def server_of(answer: Answer) -> str | None:
    """The name of the server that has sent `answer`, `None` if it is not known."""
    said = " ".join(
        value for name in ("server", "x-powered-by", "via") for value in answer.all(name)
    )
    return next((name for pattern, name in _SERVERS if re.search(pattern, said, re.I)), None)


def cure_for(code: str, server: str | None) -> str:
    """What to do about a failed check, at the server of this name if that is known."""
    for name, codes, cure in _FOR_SERVER:
        if name == server and code in codes:
            return f"{cure} ({server})"
    return _FOR_CODE[code]
