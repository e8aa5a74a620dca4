"""The Markdown tables of a run."""

from __future__ import annotations

from .contenders import FLOOR, LIMIT, RAW
from .micro.timing import DISPLACED_MIB
from .results import Results, Spread
from .targets import TARGETS, verdict
from .workloads import WORKLOADS, Workload

__all__ = ["render", "replace_between", "summary"]

_BEGIN, _END = "<!-- results -->", "<!-- end of results -->"

# metric -> how its column is headed and formatted
_COLUMNS = {
    "mib_s": ("MiB/s", "{:,.0f}"),
    "cpu_s_gib": ("CPU s/GiB", "{:.2f}"),
    "ms": ("ms", "{:.2f}"),
    "cpu_ms": ("CPU ms", "{:.2f}"),
    "rps": ("requests/s", "{:,.0f}"),
    "p50_ms": ("p50 ms", "{:.2f}"),
    "p99_ms": ("p99 ms", "{:.1f}"),
    "max_ms": ("max ms", "{:.1f}"),
    "cpu_us": ("CPU us", "{:.0f}"),
    "kib_client": ("KiB/client", "{:.0f}"),
    "worst_kib_client": ("worst KiB/client", "{:.0f}"),
    "delivered_mib": ("MiB delivered", "{:.0f}"),
    "us": ("us", "{:.2f}"),
}
# workload -> the metric that is set against bounds of the same server, and these bounds
_AGAINST = {
    "whole": ("mib_s", (LIMIT, RAW)),
    "seek": ("ms", (LIMIT,)),
    "ranges16": ("rps", (LIMIT, FLOOR)),
    "ranges64": ("rps", (LIMIT, FLOOR)),
}
# The metrics of the cases in one process, and how their columns are headed.
_MICRO_HEADS = {
    "us": "us",
    **{f"cold_{mib}_mib_us": f"us, cold ({mib} MiB)" for mib in DISPLACED_MIB},
}
_BOUND_HEADS = {LIMIT: "x limit", RAW: "x raw", FLOOR: "x floor"}


def _cell(spread: Spread | None, form: str) -> str:
    if spread is None:
        return "-"
    median, low, high = (form.format(x) for x in (spread.median, spread.low, spread.high))
    return median if spread.count == 1 else f"{median} [{low}..{high}]"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [" | ".join(head), " | ".join(["---", *(["---:"] * (len(head) - 1))])]
    lines += [" | ".join(row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _workload(results: Results, workload: Workload) -> str | None:
    table = results.rounds.get(workload.name)
    if not table:
        return None
    if workload.name == "growth":
        return _growth(results)
    first = next((n for rounds in table.values() for n in rounds if n), {})
    metrics = [metric for metric in _COLUMNS if metric in first]
    against, bounds = _AGAINST.get(workload.name, ("", ()))
    bounds = tuple(bound for bound in bounds if any(name.startswith(bound) for name in table))
    rows = []
    for contender in workload.contenders:
        if contender.name not in table:
            continue
        cells = [
            _cell(results.spread(workload.name, contender.name, metric), _COLUMNS[metric][1])
            for metric in metrics
        ]
        for bound in bounds:
            other = f"{bound}, {contender.server}"
            ratio = results.ratio(workload.name, contender.name, other, against)
            cells.append(_cell(ratio, "{:.2f}"))
        rows.append([contender.name, *cells])
    heads = [*(_COLUMNS[metric][0] for metric in metrics), *(_BOUND_HEADS[b] for b in bounds)]
    return _table(["", *heads], rows)


def _growth(results: Results) -> str | None:
    table = results.rounds["growth"]
    rows = []
    for contender, rounds in table.items():
        names = next((list(numbers) for numbers in rounds if numbers), [])
        rows += [
            [contender, name, _cell(results.spread("growth", contender, name), "{:.3f}")]
            for name in names
        ]
    return _table(["", "64 KiB at the end, or at the offset", "ms"], rows)


def _micro(results: Results) -> str:
    table = results.rounds["micro"]
    measured = {
        metric for rounds in table.values() for numbers in rounds for metric in numbers or ()
    }
    metrics = [metric for metric in _MICRO_HEADS if metric in measured]
    rows = [
        [name, *(_cell(results.spread("micro", name, metric), "{:.2f}") for metric in metrics)]
        for name in table
    ]
    return _table(["", *(_MICRO_HEADS[metric] for metric in metrics)], rows)


def _targets(results: Results) -> str | None:
    rows = []
    for target in TARGETS:
        spread, hit = verdict(target, results)
        if spread is None:
            continue
        form = "{:.2f}" if target.bound < 10 else "{:,.0f}"
        bound = f"{'at least' if target.at_least else 'at most'} {target.bound:,g} {target.unit}"
        rows.append([target.text, bound, _cell(spread, form), "hit" if hit else "**miss**"])
    return _table(["target", "bound", "measured", ""], rows) if rows else None


def summary(results: Results) -> str:
    """The machine and the versions of a run, in two lines."""
    machine = results.machine
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    load = f"load {machine['load_before']} before and {machine.get('load_after', '?')} after"
    build = f" ({machine['build']})" if "build" in machine else ""
    return (
        f"{machine['date']}, {machine['system']}, {machine['cpus']} CPUs, Python "
        f"{machine['python']}{build}; {machine['rounds']} rounds; {load}; "
        f"client in {machine['client']}; "
        f"residency probe: {'yes' if machine['residency'] else 'no'}.\n{versions}."
    )


def replace_between(document: str, text: str) -> str:
    """`document` with `text` between its two marks; `ValueError` if it does not have them."""
    head, begin, rest = document.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"there is no {_BEGIN} and {_END}")
    return f"{head}{begin}\n\n{text}\n{end}{tail}"


def render(results: Results) -> str:
    """All tables of a run: the median of the rounds, with [least..greatest]."""
    parts = [summary(results)]
    targets = _targets(results)
    if targets:
        parts += ["### Targets", targets]
    for workload in WORKLOADS:
        table = _workload(results, workload)
        if table:
            parts += [f"### {workload.title}", table]
    if "micro" in results.rounds:
        parts += ["### In one process", _micro(results)]
    if results.failures:
        failed = [f"- {name}: {why.splitlines()[-1]}" for name, why in results.failures.items()]
        parts += ["### Failed", "\n".join(failed)]
    return "\n\n".join(parts) + "\n"
