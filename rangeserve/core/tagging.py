"""Which responses may be given an entity-tag, or another validator, that their app did not give."""

from __future__ import annotations

from typing import Final

from .representation import Representation, elements

__all__ = ["may_be_tagged"]

# Their bodies go on for as long as somebody listens.
_ENDLESS: Final = ("text/event-stream", "multipart/x-mixed-replace")


def may_be_tagged(representation: Representation) -> bool:
    """Whether a 200 with these fields may be given a validator that was made for it.

    Not if it has an ETag; nor if it is coded or a part, so that no range of it can be asked for;
    nor if it is a stream of events or says that nobody may buffer it (`X-Accel-Buffering: no`);
    nor if it must not be stored (`Cache-Control: no-store`): a tag would then serve nobody but
    those who guess at the content.
    """
    if representation.coded or representation.has_content_range:
        return False
    media_type = (representation.content_type or "").partition(";")[0].strip().lower()
    if media_type in _ENDLESS or representation.has_field(b"etag"):
        return False
    for name, value in representation.fields:
        lowered = name.lower()
        if lowered == b"cache-control" and b"no-store" in elements([value]):
            return False
        if lowered == b"x-accel-buffering" and value.strip().lower() == b"no":
            return False
    return True
