"""Tables out of what pytest-benchmark wrote: seconds of a fit by release, and how they grow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fixtures.fault import Fault
from tests.tools.columns import aligned

AXES = {"samples": "n_samples", "components": "n_components", "features": "n_features"}
Entries = list[dict[str, Any]]


def read(path: Path) -> Entries:
    """The benchmarks that pytest-benchmark wrote into a file.

    Raises
    ------
    Fault
        It is missing, or of another form.
    """
    try:
        entries: Entries = json.loads(path.read_text(encoding="utf-8"))["benchmarks"]
        for entry in entries:
            _ = entry["name"], entry["stats"]["median"], entry["extra_info"]["n_iter"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Fault(f"{path}: {type(error).__name__} {error}; should be written by `nox -s bench`") from None
    return entries


def fit_times(by_release: Mapping[str, Entries]) -> str:
    """Median milliseconds of a fit: a line for each case and start, a column for each release."""
    names = sorted({_case_and_start(entry) for entries in by_release.values() for entry in entries})
    columns = {
        release: {_case_and_start(entry): 1e3 * entry["stats"]["median"] for entry in entries}
        for release, entries in by_release.items()
    }
    rows = [["median ms of a fit", *columns]]
    for name in names:
        rows.append([name, *(f"{column[name]:.2f}" if name in column else "-" for column in columns.values())])
    return aligned(rows, numbers=True)


def slopes(by_release: Mapping[str, Entries]) -> str:
    """By how much the seconds of an iteration grow: the slope of log(seconds) over log(size), by covariance type."""
    rows = [["release", "covariance", *AXES]]
    for release, entries in by_release.items():
        for kind in sorted({entry["extra_info"]["covariance_type"] for entry in entries}):
            of_kind = [entry for entry in entries if entry["extra_info"]["covariance_type"] == kind]
            grown = {axis: slope(*_grown_along(of_kind, name)) for axis, name in AXES.items()}
            rows.append([release, kind, *(f"{value:.2f}" if value is not None else "-" for value in grown.values())])
    return aligned(rows, numbers=True)


def slope(sizes: list[int], seconds: list[float]) -> float | None:
    """Least-squares slope of log(seconds) over log(size); None where there are not two sizes."""
    if len(set(sizes)) < 2:
        return None
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def _grown_along(entries: Entries, axis: str) -> tuple[list[int], list[float]]:
    """Sizes and seconds of an iteration of the frames that differ along one axis only."""
    infos = [entry["extra_info"] for entry in entries]
    # Where an axis does not grow it has the least value that there is.
    least = {name: min(info[name] for info in infos) for name in AXES.values() if name != axis}
    along = [info for info in infos if all(info[name] == value for name, value in least.items())]
    along.sort(key=lambda info: info[axis])
    return [info[axis] for info in along], [info["seconds_per_iteration"] for info in along]


def _case_and_start(entry: dict[str, Any]) -> str:
    return f"{entry['group']} {entry['extra_info']['start']}"
