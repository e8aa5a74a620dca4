"""What the user's own functions say of one response: its validator, and where the whole is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Union

from ..core.representation import Field, Representation, is_field_value
from ..core.tagging import may_be_tagged
from ..core.validators import parse_entity_tag
from ..sources.memory import content_etag

__all__ = ["Hooks", "TooLargeHook", "ValidatorHook"]

ValidatorHook = Callable[[Any, Sequence[Field]], Union[str, datetime, None]]
TooLargeHook = Callable[[Any], Union[str, None]]

_logger: Final = logging.getLogger("rangeserve")


class Hooks:
    """The options of `RangeMiddleware` that are asked once for each response.

    A function that raises, or gives what it must not, is logged and harms no response.
    """

    __slots__ = ("_body_etag", "_scope", "_too_large", "_validator")

    def __init__(
        self,
        scope: dict[str, Any],
        body_etag: int | None,
        validator: ValidatorHook | None,
        too_large: TooLargeHook | None,
    ) -> None:
        """`scope` is that of the app. The others are options of `RangeMiddleware`."""
        self._scope = scope
        self._body_etag = body_etag
        self._validator = validator
        self._too_large = too_large

    def validate(self, representation: Representation, now: float) -> None:
        """Add the validator that `validator` gives for a 200 that has none."""
        if (
            self._validator is None
            or representation.has_field(b"last-modified")
            or not may_be_tagged(representation)
        ):
            return
        try:
            given: object = self._validator(self._scope, list(representation.fields))
        except Exception:
            _logger.exception("the validator callable failed: no validator")
            return
        if isinstance(given, datetime) or (isinstance(given, str) and parse_entity_tag(given)):
            representation.add_validator(given, now)
        elif given is not None:
            _logger.error("the validator callable gave %r: no validator", given)

    def awaits_body(self, representation: Representation) -> bool:
        """Whether the start of a 200 has to wait for its body, to be given a tag of it."""
        return self._body_etag is not None and may_be_tagged(representation)

    def tag_body(self, representation: Representation, body: bytes, now: float) -> None:
        """Add the tag of the whole `body`, unless it is too large or must not have one."""
        most = self._body_etag
        if most is not None and len(body) <= most and may_be_tagged(representation):
            representation.add_validator(content_etag(body), now)

    def location(self) -> str | None:
        """The URL of the whole, for a whole that is too large; `None` if there is none."""
        if self._too_large is None:
            return None
        try:
            given: object = self._too_large(self._scope)
        except Exception:
            _logger.exception("the too_large callable failed: no redirect")
            return None
        if isinstance(given, str) and given.isascii() and is_field_value(given):
            return given
        if given is not None:
            _logger.error("the too_large callable gave %r: no redirect", given)
        return None
