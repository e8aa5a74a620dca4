"""The rules of RFC 9110 sections 13 and 14 as values and functions. Nothing here awaits.

    request = read_request("GET", headers)  # None: no Range and no precondition came
    representation = read_representation(response_headers)
    selection = select(request, representation, Limits(), time.time())
    plan = make_plan(selection, representation)

`plan` has the status, the fields and the segments of the response; a `Slicer` cuts the
segments out of a stream. Nothing more is needed to answer ranges without ASGI: in WSGI, in a
proxy, in a test.
"""

from __future__ import annotations

from .._public import publish
from .limits import Limits
from .multipart import Segment, frame
from .plan import Plan, advertise, make_plan
from .preconditions import Verdict, evaluate, if_range_holds
from .ranges import ByteRange, coalesce, format_range, parse_range, resolve
from .representation import Representation, read_representation
from .request import OVER_LIMITS, REPEATED, Request, read_request
from .selection import (
    NotModified,
    NotSatisfiable,
    Parts,
    PreconditionFailed,
    Reason,
    Selection,
    TooLarge,
    Whole,
    select,
)
from .slicer import Slicer
from .validators import (
    EntityTag,
    format_http_date,
    parse_entity_tag,
    parse_entity_tags,
    parse_http_date,
    strong_match,
    weak_match,
)

__all__ = [
    "OVER_LIMITS",
    "REPEATED",
    "ByteRange",
    "EntityTag",
    "Limits",
    "NotModified",
    "NotSatisfiable",
    "Parts",
    "Plan",
    "PreconditionFailed",
    "Reason",
    "Representation",
    "Request",
    "Segment",
    "Selection",
    "Slicer",
    "TooLarge",
    "Verdict",
    "Whole",
    "advertise",
    "coalesce",
    "evaluate",
    "format_http_date",
    "format_range",
    "frame",
    "if_range_holds",
    "make_plan",
    "parse_entity_tag",
    "parse_entity_tags",
    "parse_http_date",
    "parse_range",
    "read_representation",
    "read_request",
    "resolve",
    "select",
    "strong_match",
    "weak_match",
]

publish(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
