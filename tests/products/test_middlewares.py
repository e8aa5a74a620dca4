"""Published middlewares inside and outside of `RangeMiddleware`: never worse than without it."""

from __future__ import annotations

import pytest
from products.live import MeasuredMiddlewares
from products.middlewares import COMPRESSORS, MIDDLEWARES, QUESTIONS, RESOURCES
from products.probes import Grade

pytestmark = pytest.mark.xdist_group("middlewares")
BROKEN_ITSELF = frozenset({"slowapi-asgi"})  # it sends the start with each chunk
each = pytest.mark.parametrize("name", MIDDLEWARES)
resources = pytest.mark.parametrize("resource", RESOURCES)
questions = pytest.mark.parametrize("question", QUESTIONS)


@questions
@resources
@pytest.mark.parametrize("place", ["inside", "outside"])
@each
def test_never_worse(
    middlewares: MeasuredMiddlewares, name: str, place: str, resource: str, question: str
) -> None:
    before = middlewares.verdicts[name, "bare", resource][question]
    after = middlewares.verdicts[name, place, resource][question]
    if name in COMPRESSORS and place == "outside" and question == "part, codings accepted":
        # Documented: compression belongs inside. What is coded outside is coded after the cut.
        assert after.grade == Grade.BROKEN
        return
    assert after.grade >= before.grade, (before, after)


@questions
@resources
@each
def test_inside_all_is_right(
    middlewares: MeasuredMiddlewares, name: str, resource: str, question: str
) -> None:
    """Ranges wherever the identity is sent, and no coding is lost."""
    verdict = middlewares.verdicts[name, "inside", resource][question]
    if name in BROKEN_ITSELF and resource == "stream":
        assert verdict.grade == Grade.BROKEN
        return
    asks_for_part, accepts = QUESTIONS[question]
    coded = accepts and name in COMPRESSORS
    expected = Grade.RIGHT if coded == asks_for_part and accepts else Grade.BEST
    assert verdict.grade == expected, verdict


def test_nothing_else_fails_in_the_log(middlewares: MeasuredMiddlewares) -> None:
    _, *failures = middlewares.log.split("Exception in ASGI application")
    assert [each for each in failures if "slowapi/middleware.py" not in each] == []
    cut = [
        verdict
        for (name, place, _), verdicts in middlewares.verdicts.items()
        if name in BROKEN_ITSELF and place != "bare"
        for verdict in verdicts.values()
        if verdict.grade == Grade.BROKEN
    ]
    assert len(failures) <= len(cut)
