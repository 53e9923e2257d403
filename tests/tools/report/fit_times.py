"""Fit times over releases: read what pytest-benchmark wrote, and draw the medians with their quartiles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from fixtures import plots, strict_json
from tests.tools.report import svg
from tests.tools.report.pictures import COLOURS, axes_of, style

MAX_BYTES = 64 * (1 << 20)
LINEAR_UP_TO = 5  # times as long: beyond, a logarithmic scale


class BadBenchmarks(ValueError):
    """A file that is not what `nox -s bench` writes."""


@dataclass(frozen=True)
class FitTime:
    """Seconds of a fit of one case with one release."""

    release: str
    case: str
    first_quartile: float
    median: float
    third_quartile: float


def charts(folder: Path | None) -> dict[str, str]:
    """A chart for each case that was timed with at least one release."""
    times = read(folder) if folder is not None else []
    return {
        case: _chart(case, [time for time in times if time.case == case])
        for case in sorted({time.case for time in times})
    }


def read(folder: Path) -> list[FitTime]:
    """The fit times of every ``sklearn-<version>.json`` in a folder, in the order of releases.

    Raises
    ------
    BadBenchmarks
        A file is not what pytest-benchmark writes.
    """
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
        raise BadBenchmarks(f"{path} holds {error!r:.80}; should be what `nox -s bench` writes") from None


def _of_benchmark(release: str, benchmark: dict[str, Any]) -> FitTime:
    quartiles = (float(benchmark["stats"][name]) for name in ("q1", "median", "q3"))
    return FitTime(release, str(benchmark["params"]["case_name"]), *quartiles)


def _chart(case: str, times: list[FitTime]) -> str:
    figure, axes = axes_of(2.6)
    places = range(len(times))
    medians = [1000 * time.median for time in times]
    below = [1000 * (time.median - time.first_quartile) for time in times]
    above = [1000 * (time.third_quartile - time.median) for time in times]
    axes.errorbar(
        places, medians, yerr=[below, above], fmt="o", color=plots.BEFORE, markersize=4, capsize=3, linewidth=1
    )
    axes.set_xticks(list(places), [time.release for time in times], rotation=90 if len(times) > 6 else 0)
    axes.set_title("milliseconds", fontsize=8, loc="left")
    if max(medians) > LINEAR_UP_TO * min(medians):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    style(axes)
    if len(times) > 6:
        figure.subplots_adjust(bottom=0.26)
    slowest = max(times, key=lambda time: time.median)
    longest = f"{slowest.median * 1000:.3g} ms with {slowest.release}"
    said = f"fit time of {case} over {len(times)} releases; the longest is {longest}"
    return svg.inline(figure, f"t-{case}", said, COLOURS)
