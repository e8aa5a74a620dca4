"""Django with `rangeserve.integrations.django.FileHandOver`."""

from __future__ import annotations

import gzip

import pytest
from frameworks import resources
from frameworks.contract import CONTENT, FILM_SIZE, Contract, Site


class TestDjango(Contract):
    app = "django_app"
    runs = ("finally", "background")
    collects = True
    # Starlette's gzip outside knows lower-case names only, and Django writes Content-Length.
    gzips = ("inside",)
    variants = tuple(each for each in Contract.variants if each != "gzip-outside")

    def test_the_response_is_closed(self, site: Site) -> None:
        for fields in ([], [("Range", "bytes=-10")], [("Range", "bytes=99999999-")]):
            site.seen("reset")
            site.get("file", *fields)
            site.await_seen("closed")

    @pytest.mark.parametrize("path", ["memory", "storage"])
    def test_bodies_in_memory(self, site: Site, path: str) -> None:
        answer = site.get(path, ("Range", "bytes=1000-1099"))
        assert (answer.status, answer.body) == (206, resources.SMALL[1000:1100])
        assert answer["content-range"] == f"bytes 1000-1099/{len(resources.SMALL)}"
        site.await_seen("closed")
        assert site.get(path).body == resources.SMALL

    @pytest.mark.parametrize("chain", ["plain", "listed-twice", "sync-only"])
    @pytest.mark.parametrize("path", ["file", "async-file"])
    def test_any_chain_and_any_view(self, site: Site, path: str, chain: str) -> None:
        site.get(path, ("Range", "bytes=-1"), variant=chain)
        before = site.seen()["read"]
        answer = site.get(path, ("Range", "bytes=-100"), variant=chain)
        assert (answer.status, answer.body) == (206, CONTENT["file"][-100:])
        assert site.seen()["read"] - before < FILM_SIZE // 4

    def test_a_file_that_is_not_at_its_beginning(self, site: Site) -> None:
        answer = site.get("positioned", ("Range", "bytes=0-99"))
        assert (answer.status, answer.body) == (206, CONTENT["file"][1000:1100])
        assert answer["content-range"] == f"bytes 0-99/{FILM_SIZE - 1000}"

    def test_a_file_that_is_coded_already(self, site: Site) -> None:
        answer = site.get("precompressed", ("Range", "bytes=0-99"))
        assert (answer.status, answer.body == CONTENT["file"]) == (200, True)
        assert answer.get("accept-ranges") is None

    def test_compression_before_us_in_the_list(self, site: Site) -> None:
        """It has the body compressed after we have handed it over: then it is not taken."""
        accept = ("Accept-Encoding", "gzip")
        for fields in ([], [("Range", "bytes=0-99")]):
            answer = site.get("file", accept, *fields, variant="gzip-first")
            assert answer.status == 200
            assert gzip.decompress(answer.body) == CONTENT["file"]
        answer = site.get("file", ("Range", "bytes=0-99"), variant="gzip-first")
        assert (answer.status, answer.body) == (206, CONTENT["file"][:100])

    def test_a_synchronous_iterator_cannot_be_stopped(self, site: Site) -> None:
        """Documented: Django makes a list of it before it sends anything."""
        site.seen("reset")
        answer = site.get("sync-stream", ("Range", "bytes=0-99"), variant="plain")
        assert (answer.status, answer.body) == (206, CONTENT["stream"][:100])
        seen = site.await_seen("finally", "background")
        assert seen["chunks"] == resources.CHUNKS

    @staticmethod
    def excused(line: str) -> bool:
        """Django's warning of the synchronous iterator that one test sends, in two lines."""
        said = ("must consume synchronous iterators", "part in content", "warnings.warn(")
        return any(words in line for words in said)
