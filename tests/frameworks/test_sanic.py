"""Sanic needs no integration module: `request.scope` is what `hand_over` wants."""

from __future__ import annotations

from frameworks.contract import CONTENT, Contract, Site


class TestSanic(Contract):
    app = "sanic_app"
    servers = ("uvicorn-httptools",)
    runs = ("finally",)
    # Starlette's gzip wants a list of fields, Sanic gives an iterator. Outside us it is one.
    gzips = ("outside",)
    variants = tuple(each for each in Contract.variants if each != "gzip-inside")

    @staticmethod
    def excused(line: str) -> bool:
        """Documented: Sanic logs two records, with a traceback, when a stream is stopped."""
        return True

    def test_its_own_file_stream_has_no_length(self, site: Site) -> None:
        """Documented: chunked, so it is sent whole."""
        answer = site.get("unintegrated", ("Range", "bytes=0-9"))
        assert (answer.status, answer.body == CONTENT["file"]) == (200, True)
