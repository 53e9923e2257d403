"""Read what other sessions measured for the report, and check it: fit times, and what each candidate fix passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from packaging.version import InvalidVersion, Version

from fixtures import strict_json
from fixtures.fault import Fault

MAX_BYTES, MAX_BYTES_OF_REMEDIES = 64 * (1 << 20), 1 << 20
Taken = TypeVar("Taken")


@dataclass(frozen=True)
class FitTime:
    """Seconds of a fit of one case with one release."""

    release: str
    case: str
    first_quartile: float
    median: float
    third_quartile: float


def fit_times(folder: Path) -> list[FitTime]:
    """The fit times of every ``sklearn-<version>.json`` in a folder, in the order of releases.

    Raises
    ------
    Fault
        There is no such folder, or a file in it is not what pytest-benchmark writes.
    """
    if not folder.is_dir():
        raise Fault(f"{folder} is no folder; should be one that `nox -s bench` wrote fit times into")
    times = [time for path in sorted(folder.glob("sklearn-*.json")) for time in _fit_times_in(path)]
    return sorted(times, key=lambda time: (time.case, Version(time.release)))


def remedies(path: Path | None) -> dict[str, Any] | None:
    """The table of remedies.

    Raises
    ------
    Fault
        The file cannot be read, or its rows do not belong to its names.
    """
    return None if path is None else _read(path, "nox -s remedies -- --json FILE", _remedies_in, MAX_BYTES_OF_REMEDIES)


def _read(path: Path, writer: str, take: Callable[[Any], Taken], most_bytes: int = MAX_BYTES) -> Taken:
    try:
        if path.stat().st_size > most_bytes:
            raise ValueError(f"more than {most_bytes:,} bytes")
        return take(strict_json.parse(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise Fault(f"{path} cannot be read ({error.strerror}); `{writer}` writes it") from None
    except (ValueError, KeyError, TypeError) as error:
        raise Fault(f"{path} holds {error!r:.80}; should be what `{writer}` writes") from None


def _fit_times_in(path: Path) -> list[FitTime]:
    release = path.stem.removeprefix("sklearn-")
    try:
        Version(release)
    except InvalidVersion:
        raise Fault(f"{path} is of no release; should be named as `nox -s bench` names it") from None
    return _read(path, "nox -s bench", lambda content: [_fit_time(release, one) for one in content["benchmarks"]])


def _fit_time(release: str, benchmark: dict[str, Any]) -> FitTime:
    quartiles = (float(benchmark["stats"][name]) for name in ("q1", "median", "q3"))
    parameters = benchmark["params"]
    # Cold and from the case's parameters are two fits of one case.
    named = [parameters["case_name"], *([parameters["start"]] if "start" in parameters else [])]
    return FitTime(release, " ".join(map(str, named)), *quartiles)


def _remedies_in(content: Any) -> dict[str, Any]:
    names = [str(name) for name in content["names"]]
    rows: list[dict[str, Any]] = [
        {
            "check": str(row["check"]),
            "cases": int(row["cases"]),
            **{name: [int(one) for one in row[name]] for name in ("failed", "not_judged")},
        }
        for row in content["rows"]
    ]
    cost = [{name: float(ratio[name]) for name in ("value", "low", "high")} for ratio in content["cost"]]
    if {len(names)} != {len(cost), *(len(row[name]) for row in rows for name in ("failed", "not_judged"))}:
        raise ValueError(f"a row without {len(names)} figures")
    strings = {name: str(content[name]) for name in ("release", "cost_case")}
    return {**strings, "names": names, "rows": rows, "cost": cost}
