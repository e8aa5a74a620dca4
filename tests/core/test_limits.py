"""What a Range field may cost."""

from __future__ import annotations

import pytest

from rangeserve.core import OVER_LIMITS, Limits, read_request


@pytest.mark.parametrize(
    ("field", "count"),
    [
        pytest.param("bytes=0-4", 1, id="one"),
        pytest.param("bytes=0-4,,\t, 9-9 ,", 2, id="empty elements do not count"),
        pytest.param("bytes=-0,-0,-0", 3, id="-0 counts"),
        pytest.param("bytes=a,b,c=d", 3, id="malformed ones count"),
        pytest.param("bytes=", 0, id="none"),
        pytest.param("junk", 0, id="no set"),
    ],
)
def test_range_specs_are_counted(field: str, count: int) -> None:
    assert Limits(max_ranges=count).admit(field)
    assert count == 0 or not Limits(max_ranges=count - 1).admit(field)


def test_octets_are_counted() -> None:
    assert Limits(max_field_size=9).admit("bytes=0-4")
    assert not Limits(max_field_size=8).admit("bytes=0-4")


def test_a_field_over_a_limit_is_marked_when_it_is_read() -> None:
    request = read_request("GET", [(b"range", b"bytes=0-4")], Limits(max_field_size=8))
    assert request is not None
    assert request.range == OVER_LIMITS
