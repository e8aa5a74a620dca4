"""One-line bugs, each of which the tests must notice.

A mutation names a module, a line (or a piece of it that occurs once) and what stands there
instead, and the test files that have to notice: those of the module first.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["MUTATIONS", "Mutation"]


class Mutation(NamedTuple):
    """`old` becomes `new` in `rangeserve/<file>`; one of `tests` must fail then."""

    file: str
    old: str
    new: str
    tests: str


MUTATIONS: tuple[Mutation, ...] = (
    # ranges.py: the grammar, and what it selects
    Mutation("core/ranges.py", "if len(digits) > _MAX_DIGITS:", "if False:", "ranges"),
    Mutation(
        "core/ranges.py",
        "if (len(stop), stop) < (len(start), start):",
        "if (len(stop), stop) <= (len(start), start):",
        "ranges",
    ),
    Mutation("core/ranges.py", "_position(stop) + 1)", "_position(stop))", "ranges"),
    Mutation(
        "core/ranges.py",
        're.compile(r"([0-9]*)-([0-9]*)")',
        r're.compile(r"(\d*)-(\d*)")',
        "ranges",
    ),
    Mutation(
        "core/ranges.py",
        "match = _RANGE_SPEC.fullmatch(spec)",
        "match = _RANGE_SPEC.match(spec)",
        "ranges",
    ),
    Mutation("core/ranges.py", 'match[1].lower() != "bytes"', 'match[1] != "bytes"', "ranges"),
    Mutation("core/ranges.py", "spec = element.strip(_OWS)", "spec = element.strip()", "ranges"),
    Mutation(
        "core/ranges.py",
        "start = max(complete_length + start, 0)",
        "start = complete_length + start",
        "ranges",
    ),
    Mutation(
        "core/ranges.py",
        "        if start < complete_length:",
        "        if start <= complete_length:",
        "ranges",
    ),
    Mutation("core/ranges.py", "else min(stop, complete_length)", "else stop", "ranges"),
    Mutation(
        "core/ranges.py",
        "if merged and start <= merged[-1][1].stop:",
        "if merged and start < merged[-1][1].stop:",
        "ranges",
    ),
    Mutation(
        "core/ranges.py",
        "ByteRange(last.start, max(last.stop, stop))",
        "ByteRange(last.start, stop)",
        "ranges",
    ),
    Mutation("core/ranges.py", "(min(first, place),", "(max(first, place),", "ranges"),
    # validators.py and preconditions.py
    Mutation(
        "core/validators.py",
        "return not one.weak and not other.weak and one.opaque",
        "return one.opaque",
        "validators",
    ),
    Mutation(
        "core/validators.py",
        "if (strong and tag.weak) or quoted",
        "if quoted",
        "validators preconditions",
    ),
    Mutation(
        "core/validators.py",
        '(not strong and f"W/{quoted}" in listed)',
        '(f"W/{quoted}" in listed)',
        "validators preconditions",
    ),
    Mutation(
        "core/validators.py",
        "if hour > 23 or minute > 59",
        "if hour > 24 or minute > 59",
        "validators",
    ),
    Mutation(
        "core/preconditions.py",
        "elif request.if_unmodified_since is not None:",
        "if request.if_unmodified_since is not None:",
        "preconditions",
    ),
    Mutation(
        "core/preconditions.py",
        "since is not None and modified > since",
        "since is not None and modified >= since",
        "preconditions",
    ),
    Mutation(
        "core/preconditions.py",
        "since is not None and modified <= since",
        "since is not None and modified < since",
        "preconditions",
    ),
    Mutation(
        "core/preconditions.py", "now - modified >= 1", "now >= modified", "preconditions selection"
    ),
    Mutation("core/preconditions.py", "condition != last_modified:", "False:", "preconditions"),
    Mutation(
        "core/preconditions.py",
        "return not lists_tag(condition, current, strong=False)",
        "return not lists_tag(condition, current, strong=True)",
        "preconditions",
    ),
    # request.py and representation.py
    Mutation("core/request.py", 'return ", ".join(values)', "return values[0]", "request"),
    Mutation(
        "core/request.py",
        'return REPEATED if slot in ("range", "if_range") else None',
        "return values[0]",
        "request",
    ),
    Mutation(
        "core/request.py", "slot = _SLOTS.get(name.lower())", "slot = _SLOTS.get(name)", "request"
    ),
    Mutation(
        "core/representation.py",
        "not (text.isascii() and text.isdigit())",
        "not text.isdigit()",
        "representation",
    ),
    Mutation(
        "core/representation.py",
        "len(values) > 1 and len(set(values)) > 1",
        "False",
        "representation",
    ),
    # selection.py: the limits and their order
    Mutation("core/selection.py", "len(field) > limits.max_field_size or", "False or", "selection"),
    Mutation("core/selection.py", "count_specs(field) > limits.max_ranges", "False", "selection"),
    Mutation(
        "core/selection.py",
        "if cost > length + limits.slack:",
        "if cost > 2 * length + limits.slack:",
        "selection",
    ),
    Mutation("core/selection.py", "+ limits.part_overhead * len(parts)", "", "selection"),
    Mutation(
        "core/selection.py",
        "return tuple(sorted(parts)) if representation.forward_only else parts",
        "return parts",
        "selection",
    ),
    Mutation("core/selection.py", "    if representation.coded:", "    if False:", "selection"),
    Mutation(
        "core/selection.py",
        "    if representation.accepts_ranges is False:",
        "    if False:",
        "selection",
    ),
    Mutation(
        "core/selection.py",
        "    if not _CONTROL.isdisjoint",
        "    if False and not _CONTROL.isdisjoint",
        "selection",
    ),
    Mutation("core/selection.py", 'if request.method == "HEAD":', "if False:", "selection"),
    # multipart.py, plan.py, slicer.py
    Mutation(
        "core/multipart.py",
        "part.stop - 1, complete_length",
        "part.stop, complete_length",
        "multipart plan",
    ),
    Mutation(
        "core/multipart.py",
        "secrets.token_hex(16)",
        '"0123456789abcdef0123456789abcdef"',
        "multipart",
    ),
    Mutation("core/multipart.py", 'lead = b"\\r\\n"', 'lead = b""', "multipart"),
    Mutation("core/plan.py", 'b"content-digest", b"content-md5"}', 'b"content-md5"}', "plan"),
    Mutation("core/plan.py", "if name.lower() not in dropped", "if name not in dropped", "plan"),
    Mutation("core/plan.py", 'b"bytes */%d" % selection.complete_length', 'b"bytes */*"', "plan"),
    Mutation("core/slicer.py", "max(start - base, 0)", "start - base", "slicer"),
    Mutation("core/slicer.py", "if end < stop:", "if end <= stop:", "slicer"),
    # exchange.py: the state machine
    Mutation("_asgi/exchange.py", "_PATIENCE: Final = 16", "_PATIENCE: Final = 17", "exchange"),
    Mutation(
        "_asgi/exchange.py", "            self._owed -= len(body)", "            pass", "exchange"
    ),
    Mutation(
        "_asgi/exchange.py",
        "                if self._owed < 0:",
        "                if False:",
        "exchange",
    ),
    Mutation(
        "_asgi/exchange.py",
        "                if self._owed:\n",
        "                if False:\n",
        "exchange",
    ),
    Mutation(
        "_asgi/exchange.py",
        'raise self._broken("the body ended before the range was complete")',
        "pass",
        "exchange",
    ),
    Mutation(
        "_asgi/exchange.py",
        "if not (gone or self.ended or",
        "if not (True or self.ended or",
        "exchange",
    ),
    Mutation("_asgi/exchange.py", '            "trailers": False,\n', "", "exchange"),
    Mutation("_asgi/exchange.py", "if self.status != 200:", "if self.status >= 300:", "exchange"),
    Mutation(
        "_asgi/exchange.py",
        "if representation.content_length not in (None, size):",
        "if False:",
        "exchange",
    ),
    Mutation(
        "_asgi/exchange.py",
        "if self._representation.content_length not in (None, source.size):",
        "if False:",
        "exchange",
    ),
    Mutation(
        "_asgi/exchange.py",
        "elif kind == _PATHSEND and not (self.ended or self._begun):",
        "elif kind == _PATHSEND and not self.ended:",
        "exchange",
    ),
    Mutation("_asgi/exchange.py", "final or self._swallowed == 1 or", "final or", "exchange"),
    Mutation(
        "_asgi/exchange.py",
        'getattr(source, "sendable_path", None)',
        'getattr(source, "path", None)',
        "exchange",
    ),
    Mutation("_asgi/exchange.py", "if source.size < 0:", "if False:", "exchange"),
    # inner.py, supply.py, handover.py
    Mutation(
        "_asgi/scope.py", "field[0].lower() not in _HIDDEN", "field[0] not in _HIDDEN", "scope"
    ),
    Mutation(
        "_asgi/scope.py",
        "extensions.pop(_ZEROCOPYSEND, None)",
        "extensions.get(_ZEROCOPYSEND)",
        "inner",
    ),
    Mutation("_asgi/scope.py", "if ranged or not _accepts_coding(headers):", "if True:", "scope"),
    Mutation("_asgi/scope.py", "> [2, 3]", "> [2, 4]", "scope"),
    Mutation(
        "_asgi/source_fields.py", "and _FIELD_VALUE.fullmatch(kind)", "", "source_fields exchange"
    ),
    Mutation("handover.py", "abspath(fspath(source))", "fspath(source)", "handover"),
    # inbox.py, transfer.py, hangup.py
    Mutation(
        "_asgi/inbox.py",
        "            await checkpoint()  # a `receive` that",
        "            pass  # a `receive` that",
        "inbox",
    ),
    Mutation("_asgi/inbox.py", "self._kept > _REPLAYED", "False", "inbox"),
    Mutation("_asgi/inbox.py", "len(self._queue) >= _MESSAGES", "False", "inbox"),
    Mutation(
        "_asgi/inbox.py", "            self._queue.append(message)", "            pass", "inbox"
    ),
    Mutation(
        "_asgi/transfer.py",
        "                if self._is_ending:",
        "                if False:",
        "transfer",
    ),
    Mutation(
        "_asgi/transfer.py",
        "                    if owed < 0:",
        "                    if False:",
        "transfer",
    ),
    Mutation(
        "_asgi/transfer.py",
        "            if owed:\n                raise",
        "            if False:\n                raise",
        "transfer",
    ),
    Mutation("_asgi/transfer.py", "self.send_failed = True", "pass", "transfer"),
    Mutation("_asgi/hangup.py", "pending.extend(link for", "list(link for", "hangup"),
    Mutation(
        "_asgi/hangup.py",
        "return group.derive(left)",
        "return group and group.derive(list(group.exceptions))",
        "hangup",
    ),
    # middleware.py
    Mutation(
        "_asgi/call.py",
        "            await checkpoint()  # an app that ignores",
        "            pass  # an app that ignores",
        "middleware",
    ),
    Mutation("_asgi/call.py", "left = without_hangup(error)", "left = error", "middleware"),
    Mutation(
        "_asgi/call.py",
        "            file.close()\n",
        "            pass\n",
        "middleware faults_files",
    ),
    Mutation(
        "_asgi/call.py", "            self._inbox.closed = True", "            pass", "middleware"
    ),
    # sources/file.py and pace.py
    Mutation("sources/file.py", 'getattr(os, "O_NONBLOCK", 0)', "0", "file"),
    Mutation("sources/file.py", "if not S_ISREG(self.status.st_mode):", "if False:", "file"),
    Mutation(
        "sources/file.py",
        "        except BaseException:\n            os.close(fd)\n",
        "        except BaseException:\n",
        "file",
    ),
    Mutation(
        "sources/file.py",
        "            if not self._in_thread:\n",
        "            if True:\n",
        "file",
    ),
    Mutation(
        "sources/file.py",
        "                if self._closed:\n                    self._close_now()",
        "                if False:\n                    self._close_now()",
        "file",
    ),
    Mutation(
        "sources/file.py", "if status.st_dev == _PROC:", "if False:", "sources_file faults_files"
    ),
    Mutation("sources/threads.py", "_THREADS: Final = 32", "_THREADS: Final = 64", "file"),
    Mutation("sources/pace.py", "if self._turn < _TURN:", "if self._turn < 2 * _TURN:", "pace"),
)
