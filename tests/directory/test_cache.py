"""Cache-Control by the name of a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.targets import get

from rangeserve.directory import DirectoryApp
from rangeserve.directory.cache import CacheRules

RULES = {
    "*.js": "max-age=31536000, immutable",
    "sub/*": "no-store",
    "/top.css": "max-age=1",
    "[ab].*": "max-age=2",
    "A.*": "max-age=3",
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("x.js", b"max-age=31536000, immutable", id="by the name"),
        pytest.param("sub/x.js", b"max-age=31536000, immutable", id="the first that matches"),
        pytest.param("sub/x.css", b"no-store", id="by the path"),
        pytest.param("sub/deep/x", b"no-store", id="an asterisk matches slashes"),
        pytest.param("deep/sub/x", b"no-cache", id="a path begins at the root"),
        pytest.param("top.css", b"max-age=1", id="a slash at the beginning"),
        pytest.param("deep/top.css", b"no-cache", id="only at the root"),
        pytest.param("a.txt", b"max-age=2", id="a set of letters"),
        pytest.param("A.txt", b"max-age=3", id="letters as they are"),
        pytest.param("x.js.map", b"no-cache", id="the whole name"),
        pytest.param("a\n.js", b"max-age=31536000, immutable", id="a line break in a name"),
    ],
)
def test_which_rule_counts(path: str, value: bytes) -> None:
    assert CacheRules("no-cache", RULES).value_for(path.split("/")) == value


def test_what_is_no_file_has_the_default() -> None:
    assert CacheRules("no-cache", {"*": "max-age=1"}).value_for() == b"no-cache"
    assert CacheRules(None, {"*": "max-age=1"}).value_for() is None
    assert CacheRules(None, {}).value_for(["a"]) is None


@pytest.mark.parametrize("value", ["a\r\nX: y", "", " max-age=1", "\u2603"])
def test_what_is_no_field_value_is_refused(value: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a Cache-Control"):
        DirectoryApp(tmp_path, cache_rules={"*": value})
    with pytest.raises(ValueError, match="not a Cache-Control"):
        DirectoryApp(tmp_path, cache_control=value)


@pytest.mark.anyio
async def test_in_every_answer_about_a_file_and_in_no_other(root: Path) -> None:
    (root / "x.js").write_bytes(b"script")
    app = DirectoryApp(root, cache_rules={"*.js": "immutable", "*index.html": "max-age=5"})
    whole = await get(app, "/x.js")
    assert whole["cache-control"] == "immutable"
    part = await get(app, "/x.js", ("Range", "bytes=0-0"))
    assert (part.status, part["cache-control"]) == (206, "immutable")
    same = await get(app, "/x.js", ("If-None-Match", whole["etag"]))
    assert (same.status, same["cache-control"]) == (304, "immutable")
    assert (await get(app, "/site/"))["cache-control"] == "max-age=5"
    for path in ("/", "/a.txt", "/none.js", "/sub"):
        assert (await get(app, path))["cache-control"] == "no-cache"
