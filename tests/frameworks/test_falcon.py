"""Falcon with the component `rangeserve.integrations.falcon.FileHandOver`, given twice."""

from __future__ import annotations

import pytest
from frameworks import resources
from frameworks.contract import CONTENT, FILM_SIZE, Contract, Site


class TestFalcon(Contract):
    app = "falcon_app"
    servers = ("uvicorn-httptools",)
    runs = ("finally",)
    # Falcon ends every stream with the same message object. Starlette's gzip writes into it,
    # and from then on every stream ends with those bytes. Documented.
    gzips = ()
    variants = tuple(each for each in Contract.variants if "gzip" not in each)
    # Documented: callbacks of `resp.schedule` are lost when a stream is stopped early.
    loses = ("background",)

    @pytest.mark.parametrize("path", ["file", "sized-file", "static/film.mp4"])
    def test_every_kind_of_file(self, site: Site, path: str) -> None:
        site.get(path, ("Range", "bytes=-1"))
        before = site.seen()["read"]
        answer = site.get(path, ("Range", "bytes=-100"))
        assert (answer.status, answer.body) == (206, CONTENT["file"][-100:])
        assert site.seen()["read"] - before < FILM_SIZE // 4

    def test_static_routes_answer_304_themselves(self, site: Site) -> None:
        etag = site.etag("static/film.mp4")
        assert site.get("static/film.mp4", ("If-None-Match", etag)).status == 304

    @pytest.mark.parametrize("path", ["file", "small"])
    @pytest.mark.parametrize("field", ["bytes=0-9", "bytes=99999999-"])
    def test_what_is_scheduled_runs_but_for_streams(
        self, site: Site, path: str, field: str
    ) -> None:
        site.seen("reset")
        site.get(path, ("Range", field))
        site.await_seen("background")

    def test_what_is_scheduled_runs_after_a_whole_stream(self, site: Site) -> None:
        site.seen("reset")
        assert len(site.get("stream").body) == resources.STREAM_SIZE
        site.await_seen("background")
