"""The charts of a run: SVG, each in a light and a dark version."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from .contenders import BOUNDS, OURS
from .results import Results, Spread

__all__ = ["write_charts"]

_WIDTH = 760
_LABEL = 262
_VALUE = 150
_ROW = 24
_BAR = 14
_TOP = 58


@dataclass(frozen=True)
class Theme:
    """The colours of a version. Text has a contrast of 4.5 with the background, bars of 3."""

    name: str
    background: str
    text: str
    faint: str
    ours: str
    bound: str
    other: str


_THEMES = (
    Theme("light", "#ffffff", "#1f2328", "#59636e", "#0969da", "#6e7781", "#8c959f"),
    Theme("dark", "#0d1117", "#e6edf3", "#9198a1", "#4493f8", "#8b949e", "#6e7681"),
)


@dataclass(frozen=True)
class Chart:
    """One bar for each contender of a workload; `scale` is linear or logarithmic."""

    file: str
    workload: str
    metric: str
    servers: tuple[str, ...]
    title: str
    unit: str
    form: str
    log: bool = False


_CHARTS = (
    Chart(
        "whole",
        "whole",
        "mib_s",
        ("uvicorn", "hypercorn", "aiohttp", "nginx"),
        "A whole file of 1 GiB, one client: MiB/s, more is better",
        "MiB/s",
        "{:,.0f}",
    ),
    Chart(
        "seek",
        "seek",
        "ms",
        ("uvicorn", "hypercorn", "aiohttp", "nginx"),
        "1 MiB at the end of 2 GiB: milliseconds on a logarithmic scale, less is better",
        "ms",
        "{:,.2f}",
        log=True,
    ),
    Chart(
        "ranges",
        "ranges16",
        "rps",
        ("uvicorn", "hypercorn", "aiohttp", "nginx"),
        "Random 64 KiB ranges on 16 connections: requests a second, more is better",
        "/s",
        "{:,.0f}",
    ),
    Chart(
        "memory",
        "memory",
        "kib_client",
        ("uvicorn", "hypercorn"),
        "100 clients at 64 KiB/s: KiB of memory a client, less is better",
        "KiB",
        "{:,.0f}",
    ),
    Chart(
        "fairness",
        "fairness",
        "p99_ms",
        ("uvicorn", "hypercorn", "nginx"),
        "A tiny request beside one full-speed download: p99 in ms, less is better",
        "ms",
        "{:,.1f}",
        log=True,
    ),
)


def write_charts(results: Results, folder: Path) -> None:
    """Write into `folder` the charts whose workload was measured."""
    folder.mkdir(parents=True, exist_ok=True)
    for chart in _CHARTS:
        bars = _bars(chart, results)
        if bars:
            for theme in _THEMES:
                svg = draw(chart, bars, theme)
                path = folder / f"{chart.file}-{theme.name}.svg"
                path.write_text(svg, encoding="utf-8")


def _bars(chart: Chart, results: Results) -> list[tuple[str, Spread]]:
    """The contenders in a chart that were measured, grouped by server."""
    names = results.rounds.get(chart.workload, {})
    bars = []
    for server in chart.servers:
        for name in names:
            spread = results.spread(chart.workload, name, chart.metric)
            if spread and spread.median > 0 and name.rpartition(", ")[2] == server:
                bars.append((name, spread))
    return bars


def draw(chart: Chart, bars: list[tuple[str, Spread]], theme: Theme) -> str:
    """The chart as SVG: bars for the medians, and lines from the least to the greatest value."""
    height = _TOP + len(bars) * _ROW + 14
    low, high = _bounds(chart, bars)

    def place(value: float) -> float:
        if chart.log:
            value, start, stop = math.log10(value), math.log10(low), math.log10(high)
        else:
            start, stop = low, high
        return max((value - start) / (stop - start), 0.004) * (_WIDTH - _LABEL - _VALUE)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" aria-labelledby="title" '
        'font-family="system-ui, sans-serif" font-size="12">',
        f'<title id="title">{escape(chart.title)}</title>',
        f'<rect width="100%" height="100%" rx="6" fill="{theme.background}"/>',
        _text(16, 26, chart.title, theme.text, size=15, weight=600),
        _text(16, 44, "medians; lines from the least to the greatest round", theme.faint),
    ]
    for row, (name, spread) in enumerate(bars):
        lines += _bar(chart, theme, name, spread, _TOP + row * _ROW, place)
    return "\n".join([*lines, "</svg>", ""])


def _bounds(chart: Chart, bars: Iterable[tuple[str, Spread]]) -> tuple[float, float]:
    spreads = [spread for _, spread in bars]
    high = max(spread.high for spread in spreads)
    if not chart.log:
        return 0, high
    lowest = min(max(spread.low, 1e-6) for spread in spreads)
    return 10 ** math.floor(math.log10(lowest) - 0.2), high


def _bar(
    chart: Chart,
    theme: Theme,
    name: str,
    spread: Spread,
    top: float,
    place: Callable[[float], float],
) -> list[str]:
    is_ours, is_bound = name.startswith(OURS), name.startswith(BOUNDS)
    colour = theme.ours if is_ours else theme.bound if is_bound else theme.other
    opacity = 0.55 if is_bound else 1
    middle = top + _ROW / 2
    end, low, high = (_LABEL + place(x) for x in (spread.median, spread.low, spread.high))
    value = f"{chart.form.format(spread.median)} {chart.unit}"
    return [
        _text(_LABEL - 8, middle + 4, name, theme.text, anchor="end", weight=600 * is_ours),
        f'<rect x="{_LABEL}" y="{middle - _BAR / 2:g}" width="{end - _LABEL:.1f}" '
        f'height="{_BAR}" rx="2" fill="{colour}" fill-opacity="{opacity}"/>',
        f'<path d="M{low:.1f} {middle:g}H{high:.1f}" stroke="{theme.text}" stroke-width="1"/>',
        _text(max(end, high) + 8, middle + 4, value, theme.faint),
    ]


def _text(
    x: float,
    y: float,
    text: str,
    colour: str,
    *,
    size: int = 12,
    weight: int = 0,
    anchor: str = "start",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:g}" fill="{colour}" font-size="{size}" '
        f'font-weight="{weight or 400}" text-anchor="{anchor}">{escape(text)}</text>'
    )
