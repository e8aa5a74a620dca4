"""When a signed URL ends; and what is said of it, without its signature."""

from __future__ import annotations

import pytest
from check.zoo import Right, serving
from hypothesis import given
from hypothesis import strategies as st

from rangeserve.check import check
from rangeserve.check.signed import expiry_of

S3 = "X-Amz-Date=20270115T080000Z&X-Amz-Expires=60&X-Amz-Signature=s3Qsecret"


@pytest.mark.parametrize(
    ("query", "ends"),
    [
        pytest.param(S3, 1_800_000_060, id="S3"),
        pytest.param(S3.replace("Amz", "Goog"), 1_800_000_060, id="Google"),
        pytest.param(
            "Expires=1800000000&Signature=x&Key-Pair-Id=K", 1_800_000_000, id="CloudFront"
        ),
        pytest.param("se=2027-01-15T08%3A00%3A00Z&sig=x", 1_800_000_000, id="Azure"),
        pytest.param("se=2027-01-15&sig=x", 1_799_971_200, id="Azure, a day"),
        pytest.param("X-Amz-Signature=x", None, id="without its date"),
        pytest.param("Expires=soon&Signature=x", None, id="no number"),
        pytest.param("Expires=1800000000", None, id="not signed"),
        pytest.param("", None, id="no query"),
    ],
)
def test_when_it_ends(query: str, ends: int | None) -> None:
    assert expiry_of(f"https://host/film.mp4?{query}") == ends


@given(st.text("xX-AmzDateExpsSgntur=&0123456789TZ%", max_size=80))
def test_it_never_raises(query: str) -> None:
    expiry_of(f"https://host/?{query}&Signature=&Expires=1e999&X-Amz-Signature=")


def test_it_is_said_and_the_signature_is_not() -> None:
    with serving(Right()) as server:
        report = check(f"{server.url}?{S3}")
    assert any("The URL is signed, and expires in " in note for note in report.notes)
    assert "s3Qsecret" not in repr(report)


@pytest.mark.parametrize("field", [("A b", "c"), ("A", "b\nc"), ("", "zzz"), ("A", "")])
def test_a_header_that_is_none(field: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="not a field") as caught:
        check("http://host/", headers=[field])
    assert field[1] not in str(caught.value) or not field[1]
