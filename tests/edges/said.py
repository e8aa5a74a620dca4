"""The fields of an app that are to reach the client, whoever sends the bytes."""

from __future__ import annotations

# What an app says to browsers and caches; none of it is about how the bytes are sent.
SAID = {
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Allow-Origin": "https://example.org",
    "Access-Control-Expose-Headers": "Content-Range, ETag",
    "Cache-Control": "private, max-age=7",
    "Content-Disposition": 'attachment; filename="film.mp4"',
    "Content-Language": "en",
    "Content-Location": "/film",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Security-Policy-Report-Only": "default-src 'none'; report-to x",
    "Content-Type": "video/x-own",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-site",
    "Expires": "Thu, 01 Jan 2099 00:00:00 GMT",
    "Link": '</film.vtt>; rel="describedby"',
    "Origin-Agent-Cluster": "?1",
    "Permissions-Policy": "camera=()",
    "Referrer-Policy": "no-referrer",
    "Repr-Digest": "sha-256=:AAAA:",
    "Server-Timing": "db;dur=53",
    "Strict-Transport-Security": "max-age=9",
    "Timing-Allow-Origin": "*",
    "Vary": "Cookie, Origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}
COOKIES = ["a=1; HttpOnly", "b=2; Secure"]
