"""Litestar with the plugin `rangeserve.integrations.litestar.FileHandOver`, given twice."""

from __future__ import annotations

import pytest
from frameworks.contract import CONTENT, FILM_SIZE, Contract, Site


class TestLitestar(Contract):
    app = "litestar_app"
    servers = ("hypercorn",)

    @pytest.mark.parametrize("path", ["file", "static/film.mp4"])
    @pytest.mark.parametrize("chain", ["plain", "hooked"])
    def test_files_and_static_files(self, site: Site, path: str, chain: str) -> None:
        site.get(path, ("Range", "bytes=-1"), variant=chain)
        before = site.seen("reset")["read"]
        answer = site.get(path, ("Range", "bytes=-100"), variant=chain)
        assert (answer.status, answer.body) == (206, CONTENT["file"][-100:])
        seen = site.await_seen(*(["filed"] if path == "file" else []))
        assert seen["read"] - before < FILM_SIZE // 4
        assert ("own hook" in seen) == (chain == "hooked")

    def test_a_cached_response_is_not_handed_over(self, site: Site) -> None:
        """Litestar keeps what passes: it must be the file."""
        for _ in range(3):
            answer = site.get("cached", ("Range", "bytes=50-59"))
            assert (answer.status, answer.body) == (206, CONTENT["file"][50:60])
        assert site.get("cached").body == CONTENT["file"]
