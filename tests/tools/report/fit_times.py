"""Fit times over releases, drawn: what pytest-benchmark wrote, and what was measured between neighbouring series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from packaging.version import InvalidVersion, Version

from fixtures import strict_json
from fixtures.fault import Fault
from tests.tools import drawing
from tests.tools.compare import course
from tests.tools.compare.steps import CASES
from tests.tools.report import svg
from tests.tools.report.pictures import COLOURS, INK, axes_of, style

MAX_BYTES = 64 * (1 << 20)
MOST_CHARTS = 7
MOST_LEVEL, MOST_LARGE = 6, 25  # labels of releases that fit side by side, and at full size

# Told apart by more than the colour.
LOOKS = [
    {"color": drawing.BEFORE, "marker": "o"},
    {"color": drawing.AFTER, "marker": "s", "linestyle": "--"},
    {"color": drawing.LOST, "marker": "^", "linestyle": ":"},
]


@dataclass(frozen=True)
class FitTime:
    """Seconds of a fit of one case with one release."""

    release: str
    case: str
    first_quartile: float
    median: float
    third_quartile: float


def course_of(steps: Sequence[dict[str, Any]]) -> str:
    """Seconds per iteration over the releases, with intervals, out of the steps between neighbouring series.

    Parameters
    ----------
    steps : sequence of dict
        What ``tests.tools.compare.steps.read`` gives.

    Returns
    -------
    str
        An ``svg`` element; nothing where there are no steps.
    """
    if not steps:
        return ""
    figure, axes = axes_of(3.1)
    course.draw(axes, steps, LOOKS)
    style(axes)
    axes.tick_params(which="minor", colors=INK, labelsize=8, length=2)
    above: dict[str, Any] = {
        "loc": "lower center",
        "bbox_to_anchor": (0.45, 1.0),
        "ncols": len(CASES),
        "columnspacing": 1.2,
    }
    axes.legend(fontsize=7.5, frameon=False, labelcolor=INK, **above)
    _lay_out(figure, axes, len(steps) + 1)
    ends = [
        f"{said[0][1]:.2f} times as long with {said[0][0]} on {name}"
        for name in CASES
        if (said := course.course(steps, name))
    ]
    told = f"seconds per iteration relative to {steps[-1]['new']}: {', '.join(ends)}"
    return svg.inline(figure, "t-course", told, COLOURS)


def charts(folder: Path | None) -> dict[str, str]:
    """Charts by caption: all cases together, and each of those that take longest."""
    times = read(folder) if folder is not None else []
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


def read(folder: Path) -> list[FitTime]:
    """The fit times of every ``sklearn-<version>.json`` in a folder, in the order of releases.

    Raises
    ------
    Fault
        There is no such folder, or a file in it is not what pytest-benchmark writes.
    """
    if not folder.is_dir():
        raise Fault(f"{folder} is no folder; should be one that `nox -s bench` wrote fit times into")
    times = [time for path in sorted(folder.glob("sklearn-*.json")) for time in _read_one(path)]
    return sorted(times, key=lambda time: (time.case, Version(time.release)))


def _read_one(path: Path) -> list[FitTime]:
    release = path.stem.removeprefix("sklearn-")
    try:
        Version(release)
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES:,} bytes")
        content = strict_json.parse(path.read_text(encoding="utf-8"))
        return [_of_benchmark(release, benchmark) for benchmark in content["benchmarks"]]
    except (OSError, ValueError, KeyError, TypeError, InvalidVersion) as error:
        raise Fault(f"{path} holds {error!r:.80}; should be what `nox -s bench` writes") from None


def _of_benchmark(release: str, benchmark: dict[str, Any]) -> FitTime:
    quartiles = (float(benchmark["stats"][name]) for name in ("q1", "median", "q3"))
    parameters = benchmark["params"]
    # Cold and from the case's parameters are two fits of one case.
    named = [parameters["case_name"], *([parameters["start"]] if "start" in parameters else [])]
    return FitTime(release, " ".join(map(str, named)), *quartiles)


def _milliseconds(case: str, times: list[FitTime]) -> str:
    slowest = max(times, key=lambda time: time.median)
    longest = f"{slowest.median * 1000:.3g} ms with {slowest.release}"
    said = f"fit time of {case} over {len(times)} releases; the longest is {longest}"
    return svg.inline(_figure(times, 1000, "milliseconds"), f"t-{case.replace(' ', '-')}", said, COLOURS)


def _together(times: list[FitTime]) -> str:
    oldest = f"{times[0].median:.2f} times as long with {times[0].release} as with {times[-1].release}"
    said = f"fit time relative to the newest release, quartiles over the cases; {oldest}"
    return svg.inline(_figure(times, 1, "times as long"), "t-together", said, COLOURS)


def _figure(times: list[FitTime], unit: float, title: str) -> Figure:
    figure, axes = axes_of(2.6)
    places = range(len(times))
    medians = [unit * time.median for time in times]
    below = [unit * (time.median - time.first_quartile) for time in times]
    above = [unit * (time.third_quartile - time.median) for time in times]
    look: dict[str, Any] = {"color": drawing.BEFORE, "markersize": 3.5, "capsize": 2.5, "linewidth": 1}
    axes.errorbar(places, medians, yerr=[below, above], fmt="o", **look)
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
