"""BlackSheep with `file` and `FileHandOver`, which is applied twice."""

from __future__ import annotations

from frameworks.contract import CONTENT, FILM_SIZE, Contract, Site


class TestBlackSheep(Contract):
    app = "blacksheep_app"
    servers = ("hypercorn",)
    runs = ("finally",)

    def test_static_files_are_seeked(self, site: Site) -> None:
        site.get("static/film.mp4", ("Range", "bytes=-1"))
        before = site.seen()["read"]
        answer = site.get("static/film.mp4", ("Range", "bytes=-100"))
        assert (answer.status, answer.body) == (206, CONTENT["file"][-100:])
        assert site.seen()["read"] - before < FILM_SIZE // 4
        assert site.get("static/film.mp4").body == CONTENT["file"]

    def test_its_own_file_has_no_length(self, site: Site) -> None:
        """Documented: chunked, so it is sent whole; use ours instead."""
        answer = site.get("unintegrated", ("Range", "bytes=0-9"))
        assert (answer.status, answer.body == CONTENT["file"]) == (200, True)
        assert answer.get("accept-ranges") is None
