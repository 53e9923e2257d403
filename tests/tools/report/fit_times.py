"""Fit times over releases, drawn: what pytest-benchmark wrote, and what was measured between neighbouring series."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from packaging.version import Version

from tests.tools import drawing
from tests.tools.compare import course
from tests.tools.compare.steps import CASES
from tests.tools.report import measured, svg
from tests.tools.report.measured import FitTime
from tests.tools.report.pictures import COLOURS, INK, axes_of, style

MOST_CHARTS = 7
MOST_LEVEL, MOST_LARGE = 6, 25  # labels of releases that fit side by side, and at full size

# Told apart by more than the colour.
LOOKS = [
    {"color": drawing.BEFORE, "marker": "o"},
    {"color": drawing.AFTER, "marker": "s", "linestyle": "--"},
    {"color": drawing.LOST, "marker": "^", "linestyle": ":"},
]


def course_of(steps: Sequence[dict[str, Any]]) -> str:
    """Seconds per iteration over the releases, with intervals, as an ``svg`` element; empty without steps."""
    if not steps:
        return ""
    figure, axes = axes_of(3.1)
    course.draw(axes, steps, LOOKS)
    style(axes)
    axes.tick_params(which="minor", colors=INK, labelsize=8, length=2)
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=len(CASES), columnspacing=1.2, fontsize=7.5,
        frameon=False, labelcolor=INK,
    )  # fmt: skip
    _lay_out(figure, axes, len(steps) + 1)
    ends = [
        f"{ratio:.2f} times as long with {oldest} on {name}"
        for name in CASES
        for oldest, ratio, _ in course.course(steps, name)[:1]
    ]
    description = f"seconds per iteration relative to {steps[-1]['new']}: {', '.join(ends)}"
    return svg.inline(figure, "t-course", description, COLOURS)


def charts(folder: Path | None) -> dict[str, str]:
    """Charts by caption: all cases together, and each of those that take longest."""
    times = measured.fit_times(folder) if folder is not None else []
    if not times:
        return {}
    by_case: dict[str, list[FitTime]] = {}
    for time in times:
        by_case.setdefault(time.case, []).append(time)
    longest = sorted(by_case, key=lambda case: -by_case[case][-1].median)[:MOST_CHARTS]
    shown = {case: _milliseconds(case, by_case[case]) for case in longest}
    if len(by_case) == 1 or len({time.release for time in times}) == 1:
        return shown
    together = _together(_relative(list(by_case.values())))
    return {f"{len(by_case)} cases, relative to the newest release": together, **shown}


def _relative(of_cases: list[list[FitTime]]) -> list[FitTime]:
    """For each release the quartiles, over the cases, of the time relative to the newest release."""
    newest = max((times[-1].release for times in of_cases), key=Version)
    ratios: dict[str, list[float]] = {}
    for times in of_cases:
        if times[-1].release == newest and times[-1].median > 0:
            for time in times:
                ratios.setdefault(time.release, []).append(time.median / times[-1].median)
    quartiles = {release: np.percentile(ratios[release], [25, 50, 75]) for release in sorted(ratios, key=Version)}
    return [FitTime(release, "", *map(float, values)) for release, values in quartiles.items()]


def _milliseconds(case: str, times: list[FitTime]) -> str:
    slowest = max(times, key=lambda time: time.median)
    longest = f"{slowest.median * 1000:.3g} ms with {slowest.release}"
    description = f"fit time of {case} over {len(times)} releases; the longest is {longest}"
    return svg.inline(_figure(times, 1000, "milliseconds"), f"t-{case.replace(' ', '-')}", description, COLOURS)


def _together(times: list[FitTime]) -> str:
    oldest = f"{times[0].median:.2f} times as long with {times[0].release} as with {times[-1].release}"
    description = f"fit time relative to the newest release, quartiles over the cases; {oldest}"
    return svg.inline(_figure(times, 1, "times as long"), "t-together", description, COLOURS)


def _figure(times: list[FitTime], unit: float, title: str) -> Figure:
    figure, axes = axes_of(2.6)
    places = range(len(times))
    medians = [unit * time.median for time in times]
    below = [unit * (time.median - time.first_quartile) for time in times]
    above = [unit * (time.third_quartile - time.median) for time in times]
    axes.errorbar(
        places, medians, yerr=[below, above], fmt="o", color=drawing.BEFORE, markersize=3.5, capsize=2.5, linewidth=1
    )
    axes.set_xticks(list(places), [time.release for time in times])
    axes.set_title(title, fontsize=8, loc="left", color=INK)
    axes.set_ylim(bottom=0)
    style(axes)
    _lay_out(figure, axes, len(times))
    return figure


def _lay_out(figure: Figure, axes: Axes, releases: int) -> None:
    """Turn and shrink the labels of releases as far as it takes to fit them side by side."""
    axes.tick_params(axis="x", labelrotation=90 if releases > MOST_LEVEL else 0)
    if releases > MOST_LEVEL:
        figure.subplots_adjust(bottom=0.25)
        axes.tick_params(axis="x", labelsize=7 if releases <= MOST_LARGE else 5)
