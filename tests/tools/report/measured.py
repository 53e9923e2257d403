"""What other sessions measured, for the report: fit times, read and drawn, and what each candidate fix passes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from packaging.version import InvalidVersion, Version

from fixtures.fault import Fault
from tests.support.picture import AFTER, BEFORE, LOST
from tests.tools import json_file
from tests.tools.compare.steps import CASES, course, draw_course
from tests.tools.report.pictures import INK, axes_of, inline, style

MOST_CHARTS = 7
MOST_SECONDS = 1e6
MOST_LEVEL, MOST_LARGE = 6, 25  # labels of releases that fit side by side, and at full size
# Told apart by more than the colour.
LOOKS = [
    {"color": BEFORE, "marker": "o"},
    {"color": AFTER, "marker": "s", "linestyle": "--"},
    {"color": LOST, "marker": "^", "linestyle": ":"},
]


class FitTime(NamedTuple):
    """Seconds of a fit of one case with one release."""

    release: str
    case: str
    first_quartile: float
    median: float
    third_quartile: float


def fit_times(folder: Path) -> list[FitTime]:
    """The fit times of every ``sklearn-<version>.json`` of pytest-benchmark in a folder, in the order of releases."""
    if not folder.is_dir():
        raise Fault(f"{folder} is no folder; should be one that `nox -s bench` wrote fit times into")
    times = [time for path in folder.glob("sklearn-*.json") for time in _fit_times_in(path)]
    return sorted(times, key=lambda time: (time.case, Version(time.release)))


def remedies(path: Path) -> dict[str, Any]:
    """The table of remedies."""
    return json_file.read(path, _remedies_in, "should be what `nox -s remedies -- --json FILE` writes")


def _fit_times_in(path: Path) -> list[FitTime]:
    release = path.stem.removeprefix("sklearn-")
    try:
        Version(release)
    except InvalidVersion:
        raise Fault(f"{path} is of no release; should be named as `nox -s bench` names it") from None

    def taken(benchmark: dict[str, Any]) -> FitTime:
        # Cold and from the case's parameters are two fits of one case.
        parameters = {"start": "", **benchmark["params"]}
        quartiles = [float(benchmark["stats"][name]) for name in ("q1", "median", "q3")]
        if not 0 <= quartiles[0] <= quartiles[1] <= quartiles[2] < MOST_SECONDS:
            raise ValueError(f"the quartiles {quartiles}, which are no seconds of a fit")
        return FitTime(release, f"{parameters['case_name']} {parameters['start']}".strip(), *quartiles)

    return json_file.read(
        path,
        lambda content: [taken(one) for one in content["benchmarks"]],
        "should be what `nox -s bench` writes",
        most_bytes=json_file.MOST_OF_BENCHMARKS,
    )


def _remedies_in(content: Any) -> dict[str, Any]:
    names = [str(name) for name in content["names"]]
    counts = ("failed", "not_judged")
    rows: list[dict[str, Any]] = [
        {"check": str(row["check"]), "cases": int(row["cases"]), **{name: list(map(int, row[name])) for name in counts}}
        for row in content["rows"]
    ]
    cost = [{name: float(ratio[name]) for name in ("value", "low", "high")} for ratio in content["cost"]]
    if {len(names)} != {len(cost), *(len(row[name]) for row in rows for name in counts)}:
        raise ValueError(f"a row without {len(names)} figures")
    strings = {name: str(content[name]) for name in ("release", "cost_case")}
    return {**strings, "names": names, "rows": rows, "cost": cost}


def course_of(steps: Sequence[dict[str, Any]]) -> str:
    """Seconds per iteration over the releases, with intervals, as an ``svg`` element; empty without steps."""
    if not steps:
        return ""
    figure, axes = axes_of(3.1)
    draw_course(axes, steps, LOOKS)
    style(axes)
    axes.tick_params(which="minor", colors=INK, labelsize=8, length=2)
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=len(LOOKS), columnspacing=1.2, fontsize=7.5,
        frameon=False, labelcolor=INK,
    )  # fmt: skip
    _lay_out(figure, axes, len(steps) + 1)
    oldest = [(name, course(steps, name)[0]) for name in CASES]
    ends = [f"{ratio:.2f} times as long with {release} on {name}" for name, (release, ratio, _) in oldest]
    description = f"seconds per iteration relative to {steps[-1]['new']}: {', '.join(ends)}"
    return inline(figure, "t-course", description)


def charts(folder: Path | None) -> dict[str, str]:
    """Charts by caption: all cases together, and each of those that take longest."""
    times = fit_times(folder) if folder is not None else []
    if not times:
        return {}
    by_case: dict[str, list[FitTime]] = {}
    for time in times:
        by_case.setdefault(time.case, []).append(time)
    longest = sorted(by_case, key=lambda case: -by_case[case][-1].median)[:MOST_CHARTS]
    shown = {case: _milliseconds(case, by_case[case]) for case in longest}
    if len(by_case) == 1 or len({time.release for time in times}) == 1:
        return shown
    return {f"{len(by_case)} cases, relative to the newest release": _together(list(by_case.values())), **shown}


def _milliseconds(case: str, times: list[FitTime]) -> str:
    slowest = max(times, key=lambda time: time.median)
    longest = f"{slowest.median * 1000:.3g} ms with {slowest.release}"
    description = f"fit time of {case} over {len(times)} releases; the longest is {longest}"
    return inline(_figure(times, 1000, "milliseconds"), f"t-{case.replace(' ', '-')}", description)


def _together(of_cases: list[list[FitTime]]) -> str:
    """For each release the quartiles, over the cases, of the time relative to the newest release."""
    newest = max((times[-1].release for times in of_cases), key=Version)
    ratios: dict[str, list[float]] = {}
    for times in of_cases:
        if times[-1].release == newest and times[-1].median > 0:
            for time in times:
                ratios.setdefault(time.release, []).append(time.median / times[-1].median)
    releases = sorted(ratios, key=Version)
    relative = [FitTime(release, "", *np.percentile(ratios[release], [25, 50, 75])) for release in releases]
    oldest = f"{relative[0].median:.2f} times as long with {releases[0]} as with {releases[-1]}"
    description = f"fit time relative to the newest release, quartiles over the cases; {oldest}"
    return inline(_figure(relative, 1, "times as long"), "t-together", description)


def _figure(times: list[FitTime], unit: float, title: str) -> Figure:
    figure, axes = axes_of(2.6)
    places = range(len(times))
    first, median, third = unit * np.array([time[2:] for time in times]).T
    axes.errorbar(
        places, median, yerr=[median - first, third - median], fmt="o", color=BEFORE, markersize=3.5,
        capsize=2.5, linewidth=1,
    )  # fmt: skip
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
