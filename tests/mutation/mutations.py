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
        "lists_tag(condition, current, strong=strong)",
        "lists_tag(condition, current, strong=True)",
        "preconditions",
    ),
    Mutation(
        "core/preconditions.py",
        "lists_tag(condition, current, strong=strong)",
        "lists_tag(condition, current, strong=False)",
        "preconditions",
    ),
    # request.py and representation.py
    Mutation("core/request.py", 'return ", ".join(values)', "return values[0]", "request"),
    Mutation(
        "core/request.py",
        'return REPEATED if attribute in ("range", "if_range") else None',
        "return values[0]",
        "request",
    ),
    Mutation(
        "core/request.py", "_ATTRIBUTES.get(name.lower())", "_ATTRIBUTES.get(name)", "request"
    ),
    Mutation(
        "core/representation.py",
        "not (text.isascii() and text.isdigit())",
        "not text.isdigit()",
        "representation",
    ),
    Mutation(
        "core/representation.py",
        "value if singletons.get(lowered, value) == value else None",
        "value",
        "representation",
    ),
    Mutation(
        "core/representation.py",
        "            and is_field_value(content_type)\n",
        "",
        "source_fields exchange",
    ),
    Mutation(
        "core/representation.py",
        'b"etag" not in given and is_entity_tag(etag):',
        'b"etag" not in given:',
        "source_fields exchange",
    ),
    Mutation(
        "core/representation.py",
        "min(last_modified.timestamp(), now)",
        "last_modified.timestamp()",
        "source_fields",
    ),
    Mutation(
        "core/representation.py",
        "        self.forward_only = False",
        "        pass",
        "source_fields",
    ),
    Mutation(
        "core/representation.py",
        "        if not self.length_in_doubt:",
        "        if True:",
        "representation exchange faults_app",
    ),
    # limits.py: what is counted, and that it is asked
    Mutation("core/limits.py", "len(field) <= self.max_field_size and (", "(", "limits"),
    Mutation("core/limits.py", "_count_specs(field) <= self.max_ranges", "True", "limits"),
    Mutation(
        "core/limits.py",
        'field.count(",") < self.max_ranges',
        'field.count(",") <= self.max_ranges',
        "limits",
    ),
    Mutation("core/limits.py", 'if element.strip(" \\t")', "", "limits"),
    Mutation(
        "core/request.py",
        "if range_field is not None and not limits.admit(range_field):",
        "if False:",
        "limits",
    ),
    # selection.py: what is refused, and in which order
    Mutation(
        "core/selection.py", "    if range_field == OVER_LIMITS:", "    if False:", "selection"
    ),
    Mutation(
        "core/selection.py",
        "if cost > length + limits.slack and may_be_whole:",
        "if cost > 2 * length + limits.slack and may_be_whole:",
        "selection",
    ),
    Mutation("core/selection.py", "+ limits.part_overhead * len(parts)", "", "selection"),
    # what a body has room for, and a whole that it has not
    Mutation("core/selection.py", "length <= most or", "length < most or", "selection"),
    Mutation("core/selection.py", "+ limits.slack and may_be_whole", "+ limits.slack", "selection"),
    Mutation("core/multipart.py", "(2 if fitting else _size(end))", "0", "multipart"),
    Mutation("core/multipart.py", "if len(fitting) > 1 else", "if fitting else", "multipart"),
    Mutation("core/tagging.py", "if representation.coded or", "if", "tagging"),
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
        "    if representation.content_type and not is_field_value(representation.content_type):",
        "    if False:",
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
    Mutation("core/plan.py", 'b"bytes */%d" % remaining.complete_length', 'b"bytes */*"', "plan"),
    Mutation("core/slicer.py", "max(start - base, 0)", "start - base", "slicer"),
    Mutation("core/slicer.py", "if end < stop:", "if end <= stop:", "slicer"),
    # exchange.py, late.py and response.py: the script of a response, and how far it has come
    Mutation("_asgi/late.py", "_MAX_MESSAGES: Final = 16", "_MAX_MESSAGES: Final = 17", "exchange"),
    Mutation("_asgi/late.py", "if app_listens else 1", "if app_listens else 0", "exchange"),
    Mutation("_asgi/late.py", "return not is_final and", "return", "exchange"),
    Mutation("_asgi/late.py", "and not is_little and", "and", "exchange"),
    Mutation("_asgi/late.py", "return size <= left <= min(", "return left <= max(", "exchange"),
    Mutation("_asgi/late.py", "return left >= size", "return True", "exchange"),
    Mutation(
        "_asgi/exchange.py",
        "response.owed = rest",
        "response.owed = self._representation.content_length",
        "exchange",
    ),
    Mutation("_asgi/exchange.py", "owed -= len(body)", "pass", "exchange"),
    Mutation("_asgi/exchange.py", "if owed < 0:", "if False:", "exchange"),
    Mutation(
        "_asgi/exchange.py",
        "                    if owed:\n",
        "                    if False:\n",
        "exchange",
    ),
    Mutation(
        "_asgi/exchange.py",
        'raise response.fail("the body ended before the range was complete")',
        "pass",
        "exchange",
    ),
    Mutation("_asgi/exchange.py", "if not (client_gone or allowed):", "if False:", "exchange"),
    Mutation(
        "_asgi/messages.py",
        '"headers": plan.headers, "trailers": False}',
        '"headers": plan.headers}',
        "exchange",
    ),
    Mutation(
        "_asgi/exchange.py",
        '{**self._passed_on(start, selection), "trailers": False}',
        "self._passed_on(start, selection)",
        "exchange",
    ),
    Mutation(
        "_asgi/exchange.py", "if response.status != 200:", "if response.status >= 300:", "exchange"
    ),
    Mutation(
        "_asgi/exchange.py",
        "if representation.content_length not in (None, size):",
        "if False:",
        "exchange",
    ),
    Mutation(
        "_asgi/exchange.py",
        "            if has_changed:\n                raise",
        "            if False:\n                raise",
        "exchange",
    ),
    Mutation(
        "_asgi/exchange.py",
        "elif message_type == PATHSEND and not (response.complete or has_begun):",
        "elif message_type == PATHSEND and not response.complete:",
        "exchange",
    ),
    Mutation(
        "_asgi/exchange.py",
        'getattr(source, "sendable_path", None)',
        'getattr(source, "path", None)',
        "exchange",
    ),
    Mutation("_asgi/exchange.py", "if source.size < 0:", "if False:", "exchange"),
    Mutation(
        "_asgi/exchange.py",
        "if source is None or representation.length_in_doubt:",
        "if source is None:",
        "exchange faults_app",
    ),
    Mutation(
        "_asgi/exchange.py",
        "            if handover.same_body and (length is None",
        "            if False and (length is None",
        "same_as_body",
    ),
    Mutation(
        "_asgi/exchange.py",
        "        handover.accepted = True",
        "        pass",
        "same_as_body",
    ),
    Mutation("_asgi/exchange.py", "            self._steps.close()\n", "", "failed"),
    Mutation("_asgi/response.py", "if self.state is State.FAILED:", "if False:", "failed"),
    Mutation("_asgi/response.py", "if self.state is not State.FAILED:", "if True:", "failed"),
    Mutation("_asgi/response.py", "elif self.has_range:", "else:", "exchange"),
    # fast_path.py: what it must leave to the exchange, and how that takes over
    Mutation("_asgi/fast_path.py", "elif lowered in _UNUSUAL:", "elif False:", "fast_path"),
    Mutation("_asgi/fast_path.py", "if length is not None or", "if", "fast_path"),
    Mutation(
        "_asgi/fast_path.py",
        'if len(message.get("body", b"")) != self._content_length:',
        "if False:",
        "fast_path",
    ),
    Mutation(
        "_asgi/fast_path.py",
        "if response.complete or self._handover.source is not None:",
        "if response.complete:",
        "fast_path",
    ),
    Mutation(
        "_asgi/exchange.py",
        "is_passed = self._response.complete",
        "is_passed = False",
        "fast_path",
    ),
    # what is sent over HTTP/2, and for a client that has left
    Mutation(
        "_asgi/call.py",
        '_HTTP_1: Final = frozenset({"1.0", "1.1"})',
        '_HTTP_1: Final = frozenset({"1.0", "1.1", "2", "3"})',
        "faults_leaving",
    ),
    Mutation("_asgi/call.py", " and not self._inbox.client_gone:", ":", "short_range_rows"),
    Mutation("_asgi/call.py", "or action is not actions[-1]", "", "short_range_rows"),
    Mutation(
        "_asgi/fast_path.py",
        "            if not _can_be_read_again(fields):\n                return None\n",
        "",
        "short_range_rows",
    ),
    Mutation("sources/file.py", "        if not count:", "        if False:", "reader"),
    # fast_path.py: the short range
    Mutation("_asgi/fast_path.py", "> _SHORT_BYTES", ">= _SHORT_BYTES", "short_range_rows"),
    Mutation(
        "_asgi/fast_path.py",
        "return not request.has_preconditions",
        "return True",
        "short_range_rows",
    ),
    Mutation("core/ranges.py", "_ONE_RANGE.fullmatch(", "_ONE_RANGE.match(", "selection"),
    Mutation(
        "_asgi/fast_path.py",
        "if length != source.size and length not in lengths:",
        "if False:",
        "short_range_rows",
    ),
    Mutation(
        "_asgi/fast_path.py",
        'message["path"], (None,))',
        'message["path"], (None, 0))',
        "short_range_rows",
    ),
    Mutation(
        "_asgi/fast_path.py",
        "                file.etag = stat_etag(file)",
        "                pass",
        "short_range_rows",
    ),
    Mutation(
        "_asgi/fast_path.py",
        "if not self._add_last_modified:",
        "if False:",
        "short_range_rows",
    ),
    Mutation(
        "_asgi/fast_path.py",
        "if representation.coded or representation.length_in_doubt:",
        "if representation.coded:",
        "short_range_rows",
    ),
    Mutation(
        "_asgi/fast_path.py",
        "        finally:\n            file.close()\n",
        "        finally:\n            pass\n",
        "short_range_rows",
    ),
    Mutation(
        "_asgi/fast_path.py",
        "        self._handover.accepted = answer is not None\n",
        "",
        "short_range_rows",
    ),
    Mutation(
        "_asgi/fast_path.py",
        "self._handover.accepted = answer is not None",
        "self._handover.accepted = True",
        "short_range_rows",
    ),
    Mutation(
        "_asgi/fast_path.py",
        "        self._response.owed = length\n",
        "",
        "short_range_rows",
    ),
    Mutation(
        "_asgi/fast_path.py",
        "if body is None or len(body) != plan.content_length:",
        "if body is None:",
        "short_range_rows",
    ),
    Mutation(
        "_asgi/fast_path.py",
        "if not isinstance(selection, Parts):\n            return None",
        "if selection is None:\n            return None",
        "short_range_rows",
    ),
    Mutation("_asgi/fast_path.py", "() if self._handover.same_body else", "", "same_as_body"),
    Mutation(
        "_asgi/fast_path.py",
        'if first is None or message.get("body") is first:',
        "if True:",
        "short_range_rows",
    ),
    Mutation(
        "_asgi/fast_path.py",
        "self._response.decide(206,",
        "self._response.decide(200,",
        "short_range",
    ),
    Mutation(
        "_asgi/call.py",
        "self.has_fast_path and self.etag is stat_etag",
        "self.has_fast_path",
        "short_range_rows",
    ),
    Mutation(
        "_asgi/call.py",
        'settings.has_fast_path and method == "GET"',
        "settings.has_fast_path",
        "short_range",
    ),
    Mutation(
        "_asgi/call.py",
        "                        self._fast_path.decide()",
        "                        pass",
        "short_range observer_changes_nothing",
    ),
    # scope.py and handover.py
    Mutation(
        "_asgi/scope.py",
        'if field[0].lower() not in (b"range"',
        'if field[0] not in (b"range"',
        "scope",
    ),
    Mutation(
        "_asgi/scope.py",
        "extensions.pop(ZEROCOPYSEND, None)",
        "extensions.get(ZEROCOPYSEND)",
        "scope",
    ),
    Mutation(
        "_asgi/scope.py",
        "        if offer_pathsend:",
        "        if True:",
        "scope",
    ),
    Mutation("_asgi/scope.py", "> [2, 3]", "> [2, 4]", "scope"),
    Mutation("sources/given.py", "abspath(fsdecode(given))", "fsdecode(given)", "handover"),
    Mutation(
        "handover.py",
        "self.same_body, self.content_length = True, content_length",
        "self.same_body, self.content_length = False, content_length",
        "same_as_body",
    ),
    # inbox.py, transfer.py, hangup.py
    Mutation(
        "_asgi/inbox.py",
        "            await checkpoint()  # a `receive` that",
        "            pass  # a `receive` that",
        "inbox",
    ),
    Mutation("_asgi/inbox.py", "self._queued_bytes > _MAX_REPLAYED_BYTES", "False", "inbox"),
    Mutation("_asgi/inbox.py", "len(self._queue) >= _MAX_REPLAYED_MESSAGES", "False", "inbox"),
    Mutation(
        "_asgi/inbox.py", "            self._queue.append(message)", "            pass", "inbox"
    ),
    Mutation(
        "_asgi/transfer.py",
        "                if self._is_last_send:",
        "                if False:",
        "transfer",
    ),
    Mutation(
        "sources/portion.py",
        "        if self._owed < 0:",
        "        if False:",
        "transfer",
    ),
    Mutation(
        "sources/portion.py",
        "        if self._owed:\n            raise",
        "        if False:\n            raise",
        "transfer",
    ),
    Mutation("_asgi/transfer.py", "self.send_failed = True", "pass", "transfer"),
    # transfer.py: what is at hand, and the way over to what has to be waited for
    Mutation(
        "_asgi/transfer.py",
        "            if start + len(piece) < stop:\n",
        "            if False:\n",
        "transfer_at_hand",
    ),
    Mutation(
        "_asgi/transfer.py",
        "left.append(ByteRange(start + len(piece), stop))",
        "left.insert(0, ByteRange(start + len(piece), stop))",
        "transfer_at_hand",
    ),
    Mutation(
        "_asgi/transfer.py",
        "                left.append(segment)\n                break",
        "                break",
        "transfer_at_hand",
    ),
    Mutation(
        "_asgi/transfer.py",
        "segments = self._left[::-1]",
        "segments = self._left",
        "transfer_at_hand",
    ),
    Mutation(
        "_asgi/transfer.py",
        "segments = self._left[::-1]",
        "segments = self._plan.segments",
        "transfer_at_hand",
    ),
    Mutation("_asgi/transfer.py", "[*reversed(plan.segments)]", "[*plan.segments]", "transfer"),
    Mutation(
        "_asgi/transfer.py",
        "                if not inbox.waiting:\n                    return None\n",
        "",
        "transfer",
    ),
    Mutation(
        "_asgi/transfer.py",
        "                await checkpoint()\n            if inbox.client_gone:",
        "            if inbox.client_gone:",
        "transfer_at_hand",
    ),
    Mutation("_asgi/transfer.py", "min(stop, start + room)", "stop", "transfer_at_hand"),
    Mutation("_asgi/transfer.py", "            room -= len(piece)\n", "", "transfer_at_hand"),
    Mutation("sources/at_hand.py", 'and "read_at_once" in vars(type(source))', "", "transfer"),
    Mutation("_asgi/transfer.py", "self.sent += len(chunk)", "self.sent += 1", "transfer"),
    Mutation("_asgi/transfer.py", "            self._last_send()\n", "", "transfer"),
    Mutation(
        "_asgi/transfer.py",
        "            last = not self._left\n",
        "            last = len(self._left) < 2\n",
        "transfer_at_hand",
    ),
    Mutation("_asgi/hangup.py", "pending.extend(link for", "list(link for", "hangup"),
    Mutation(
        "_asgi/hangup.py",
        "group.derive(remaining)",
        "group.derive(group.exceptions)",
        "hangup",
    ),
    Mutation("_asgi/hangup.py", ".with_traceback(group.__traceback__)", "", "hangup"),
    # call.py
    Mutation(
        "_asgi/call.py",
        "await checkpoint()  # an app that ignores errors must not freeze the loop\n        is_",
        "is_",
        "stopping",
    ),
    Mutation(
        "_asgi/call.py", "remaining = without_hangup(error)", "remaining = error", "exceptions"
    ),
    Mutation(
        "_asgi/call.py",
        "            file.close()\n",
        "            pass\n",
        "faults_files",
    ),
    Mutation("_asgi/call.py", "            self._inbox.is_closed = True\n", "", "stopping"),
    Mutation(
        "_asgi/call.py",
        "            self._inbox.is_held = True\n",
        "            pass\n",
        "stopping",
    ),
    Mutation(
        "_asgi/actions.py",
        "return self.needs_etag or self.content_length not in (None, size)",
        "return True",
        "etag",
    ),
    # what does no harm to the app
    Mutation("core/partial.py", "start == each.start and stop <=", "stop <=", "partial"),
    Mutation(
        "core/partial.py", "sent.stop - sent.start):", "sent.stop - sent.start - 1):", "partial"
    ),
    Mutation(
        "core/representation.py",
        "self.has_content_range and self.content_range !=",
        "self.content_range !=",
        "selection app_ranges",
    ),
    Mutation(
        "core/representation.py",
        "if negotiated and lowered ==",
        "if lowered ==",
        "app_ranges",
    ),
    Mutation("core/plan.py", '    b"cache-control",\n', "", "plan"),
    Mutation("_asgi/scope.py", "server_scope[key] = before[key] = value", "pass", "scope"),
    Mutation("_asgi/call.py", "        self._sending = True\n", "", "failed"),
    Mutation("_asgi/once.py", "seen.add(key)", "pass", "app_ranges"),
    Mutation("_asgi/exchange.py", "if complaint is not None:", "if False:", "app_ranges"),
    Mutation("middleware.py", "or handover_of(scope) is None:", "or True:", "wrapping_twice"),
    Mutation("middleware.py", "self._has_said_twice = True", "pass", "mistakes"),
    Mutation("_checks.py", "if _takes(app, 3):\n        return", "return", "mistakes"),
    Mutation("_checks.py", "if _takes(app, 2):\n        return", "return", "wsgi_mistakes"),
    Mutation("_asgi/outside.py", "self._has_looked = True", "pass", "mistakes"),
    Mutation("_asgi/hints.py", "elif reason is Reason.NO_LENGTH:", "elif False:", "mistakes"),
    Mutation(
        "sources/given.py", "OpenFileSource(file, close=close)", "OpenFileSource(file)", "mistakes"
    ),
    Mutation("sources/callable.py", "await in_thread(close, CLOSES, None)", "pass", "callable"),
    Mutation("accel.py", " or not isabs(path)", "", "accel"),
    # wsgi/
    Mutation("wsgi/answer.py", "response.complete and has_all", "response.complete", "call"),
    Mutation("wsgi/call.py", "more=place != count", "more=True", "bodies"),
    Mutation("wsgi/call.py", "measure=is_capped or", "measure=", "options"),
    Mutation("wsgi/start.py", "status not in (206, 304)", "False", "options"),
    Mutation("wsgi/handover.py", "if needs_loop(given):", "if False:", "archive"),
    Mutation(
        "sources/zip_blocking.py",
        "progress.add(position, chunk)",
        "progress.add(0, chunk)",
        "archive",
    ),
    Mutation("wsgi/opened.py", "and source.reaches_end", "and True", "call"),
    Mutation("wsgi/environ.py", "environ.pop(_IF_RANGE, None)", "pass", "call"),
    Mutation(
        "wsgi/files.py", "self._file.seek(self._origin + start)", "self._file.seek(start)", "bodies"
    ),
    # sources/file.py, threads.py and pace.py
    Mutation(
        "sources/etags.py",
        "        if etag is None or (isinstance(",
        "        if True or (isinstance(",
        "etag",
    ),
    Mutation(
        "sources/etags.py",
        '    except Exception:\n        _logger.exception("the etag callable',
        '    except ValueError:\n        _logger.exception("the etag callable',
        "etag",
    ),
    Mutation("sources/file.py", 'getattr(os, "O_NONBLOCK", 0)', "0", "file_refused"),
    Mutation("sources/file.py", "if not S_ISREG(status.st_mode):", "if False:", "file_refused"),
    Mutation(
        "sources/file.py",
        "        except BaseException:\n            os.close(fd)\n",
        "        except BaseException:\n",
        "faults_files",
    ),
    Mutation(
        "sources/file.py",
        "            if self._in_threads:\n                return\n",
        "",
        "file_descriptors",
    ),
    Mutation(
        "sources/file.py",
        "                if self._closed and not self._in_threads:",
        "                if False:",
        "file_descriptors",
    ),
    Mutation("sources/file.py", "if status.st_dev in _GENERATED or (", "if (", "file_refused"),
    Mutation(
        "sources/file.py", "            stream.truncate(count)\n", "            pass\n", "file"
    ),
    Mutation(
        "sources/file.py",
        "        if count != stop - start:\n            stream.truncate(count)",
        "        if count < stop - start:\n            return None",
        "file",
    ),
    Mutation(
        "sources/file.py",
        "        except BlockingIOError:\n            return None\n",
        '        except BlockingIOError:\n            return b""\n',
        "file",
    ),
    Mutation("sources/file.py", "(buffer,), start, _NOWAIT)", "(buffer,), start, 0)", "file"),
    Mutation(
        "sources/opening.py",
        "        if error.errno == errno.ELOOP:\n            return None\n",
        "",
        "unavailable",
    ),
    Mutation(
        "sources/opening.py",
        "    if folder not in _quick_folders:\n        return None\n",
        "",
        "short_range_rows",
    ),
    Mutation(
        "sources/memory.py",
        "return bytes(self._view[start:stop])",
        "return bytes(self._view[start : stop + 1])",
        "transfer",
    ),
    Mutation("sources/threads.py", 'Kind("reads", 32,', 'Kind("reads", 64,', "threads"),
    Mutation("sources/threads.py", "daemon=True", "daemon=False", "threads"),
    Mutation(
        "sources/threads.py",
        "_workers_for(kind, device)\n    has",
        "_workers_for(kind, None)\n    has",
        "threads",
    ),
    Mutation(
        "sources/threads.py",
        "        if kind.patience is not None:\n            workers.withdraw(job)",
        "        if kind.patience is None:\n            workers.withdraw(job)",
        "threads",
    ),
    Mutation(
        "sources/threads.py",
        "                self._threads -= 1\n                return",
        "                return",
        "threads",
    ),
    Mutation("sources/mounts.py", 'startswith("fuse")', 'startswith("none")', "mounts"),
    Mutation("sources/file.py", "        if self.is_local:\n", "        if True:\n", "unavailable"),
    Mutation(
        "sources/opening.py",
        "source.open(follow=False)",
        "source.open()",
        "unavailable",
    ),
    Mutation("directory/beneath.py", "if mounted_at(", "if False and mounted_at(", "unavailable"),
    Mutation(
        "core/plan.py",
        '{b"etag", b"last-modified", b"retry-after"}',
        '{b"retry-after"}',
        "unavailable",
    ),
    Mutation(
        "sources/pace.py",
        "_YIELD_AFTER_SENDS: Final = 4",
        "_YIELD_AFTER_SENDS: Final = 6",
        "transfer",
    ),
    Mutation(
        "sources/pace.py",
        "self._bytes_since_yield < _YIELD_AFTER_BYTES\n",
        "self._bytes_since_yield < 2 * _YIELD_AFTER_BYTES\n",
        "pace",
    ),
    # integrations/hypercorn.py: what Hypercorn keeps of a response over HTTP/2
    Mutation(
        "integrations/hypercorn.py",
        "while len(self.buffer) >= high_water:",
        "while False:",
        "hypercorn",
    ),
    Mutation(
        "integrations/hypercorn.py",
        "await self._paused.clear()",
        "break",
        "hypercorn",
    ),
    Mutation(
        "integrations/hypercorn.py",
        "if isinstance(event, Closed):",
        "if False:",
        "hypercorn",
    ),
)
