"""What was measured of the peers: its file, and its tables."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fixtures import corpus, whole_file
from tests.support.judgement import BROKEN, KEPT, NOT_JUDGED
from tests.tools import json_file

FILE = corpus.PROJECT / "tests" / "measured" / "peers.json"
FORMAT_VERSION = 1
NOT_FITTED = "not fitted"
# What becomes of a component that scikit-learn loses, in the order of the table; the words are those of the worker.
FATES = (
    "where EM puts it", "elsewhere in the data", "where it was", "dragged", "origin", "nan", "raises", NOT_FITTED,
)  # fmt: skip
STOCK, FIX = "scikit-learn", "WarmStartMixture"
HEAD = ("peer", "fits", *FATES, "promises kept", "broken", "not judged", "fit time")


@dataclass(frozen=True)
class Ends:
    """On how many cases a promise ended in each way."""

    kept: int = 0
    broken: int = 0
    not_judged: int = 0

    @classmethod
    def of(cls, found: Mapping[str, int]) -> Ends:
        """By the words of a judgement."""
        return cls(found.get(KEPT, 0), found.get(BROKEN, 0), found.get(NOT_JUDGED, 0))

    @property
    def verdict(self) -> str:
        """Of all cases together: broken if it is on one, kept if it is on one and broken on none."""
        return BROKEN if self.broken else KEPT if self.kept else NOT_JUDGED

    def words(self) -> str:
        """A cell of the table."""
        if not self.broken:
            return self.verdict
        return f"{self.broken} of {self.broken + self.kept}"


@dataclass(frozen=True)
class Result:
    """What was measured of one peer: skipped, at fault, or judged."""

    name: str
    version: str = ""
    can: dict[str, Any] = field(default_factory=dict)  # see tests/workers/peers/base.py
    fates: dict[str, int] = field(default_factory=dict)
    promises: dict[str, Ends] = field(default_factory=dict)
    ratio: float | None = None  # median of the fit time relative to scikit-learn's
    n_timed: int = 0
    skipped: str = ""
    fault: str = ""  # of its adapter

    def count(self, verdict: str) -> int:
        """How many promises are kept, broken or not judged."""
        return sum(ends.verdict == verdict for ends in self.promises.values())

    @property
    def is_judged(self) -> bool:
        return not self.skipped and not self.fault


@dataclass(frozen=True)
class Measured:
    """What one run measured."""

    release: str
    n_cases: int  # in which scikit-learn loses a component
    n_lost: int  # such components
    n_controls: int
    results: tuple[Result, ...]


def fates_table(measured: Measured) -> str:
    """Which peer makes what of the components that scikit-learn loses, as a Markdown table."""
    lines = [_line(HEAD), "| --- | --- |" + " ---: |" * (len(HEAD) - 2)]
    return "\n".join([*lines, *(_line(cells) for cells in fates_rows(measured))])


def fates_rows(measured: Measured | None) -> list[list[str]]:
    """Its rows; none where nothing was measured."""
    rows = []
    for result in measured.results if measured else ():
        name = f"{result.name} {result.version}".strip()
        if not result.is_judged:
            said = f"not run: {result.skipped}" if result.skipped else f"not judged: {result.fault}"
            rows.append([name, said, *[""] * (len(FATES) + 4)])
            continue
        counts = [result.count(verdict) for verdict in (KEPT, BROKEN, NOT_JUDGED)]
        time = "" if result.ratio is None else f"{result.ratio:.2g}"
        rows.append(
            [
                name,
                what_it_fits(result.can),
                *(str(result.fates.get(fate) or "") for fate in FATES),
                *map(str, counts),
                time,
            ]
        )
    return rows


def what_it_fits(can: Mapping[str, Any]) -> str:
    """Covariance types, floating point types and whether there is a floor, in a few words."""
    kinds = "all types" if len(can["covariance_types"]) > 3 else ", ".join(can["covariance_types"])
    only = "" if len(can["dtypes"]) > 1 else f"; {can['dtypes'][0]} only"
    return kinds + only + ("" if can["has_reg_covar"] else "; no reg_covar")


def promises_table(measured: Measured) -> str:
    """On how many cases each peer breaks each promise, as a Markdown table."""
    judged = [result for result in measured.results if result.is_judged]
    checks = list(dict.fromkeys(check for result in judged for check in result.promises))
    lines = [_line(["check", *(result.name for result in judged)]), "| --- |" + " ---: |" * len(judged)]
    return "\n".join(
        [
            *lines,
            *(
                _line([f"`{check}`", *(result.promises.get(check, Ends()).words() for result in judged)])
                for check in checks
            ),
        ]
    )


def tables(measured: Measured) -> str:
    """Both, with what they are about, for the reference."""
    about = (
        f"{measured.n_lost} components that scikit-learn {measured.release} loses in {measured.n_cases} cases; promises"
        f" on these and {measured.n_controls} controls:"
    )
    also = "On how many cases a promise is broken, of those where it is judged:"
    return "\n\n".join([about, fates_table(measured), also, promises_table(measured)])


def summary(measured: Measured) -> str:
    """A sentence for the README: how many of the lost components the fix and each library put where EM does."""
    judged = {result.name: result for result in measured.results if result.is_judged}
    fix = judged.get(FIX, Result(FIX))
    libraries = sorted(
        (result for name, result in judged.items() if result.version and name != STOCK),
        key=lambda result: -_where_em_does(result),
    )
    counts = ", ".join(f"{result.name} {_where_em_does(result)}" for result in libraries)
    text = (
        f"Of {measured.n_lost} lost components it puts {_where_em_does(fix)} where EM does,"
        f" [other libraries](tests/README.md#peers): {counts}."
    )
    return textwrap.fill(text, 86, break_on_hyphens=False, break_long_words=False)


def _where_em_does(result: Result) -> int:
    return result.fates.get(FATES[0], 0)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def read(path: Path = FILE) -> Measured | None:
    """What was measured last; None where there is no file."""
    if not path.exists():
        return None
    return json_file.read(path, _measured_in, "delete it, and `nox -s peers -- --write` makes it anew")


def _measured_in(content: Any) -> Measured:
    if content.pop("format") != FORMAT_VERSION:
        raise ValueError("another format version")
    measured = Measured(results=tuple(_result(**entry) for entry in content.pop("results")), **content)
    summary(measured), tables(measured)  # what they cannot show is of another form
    return measured


def _result(promises: Mapping[str, Sequence[int]], **others: Any) -> Result:
    return Result(promises={check: Ends(*counts) for check, counts in promises.items()}, **others)


def write(measured: Measured, path: Path = FILE) -> None:
    """Write it, whole or not at all, a line for each promise."""
    results = [
        {**asdict(result), "promises": {check: list(asdict(ends).values()) for check, ends in result.promises.items()}}
        for result in measured.results
    ]
    content = {"format": FORMAT_VERSION, **asdict(measured), "results": results}
    whole_file.write_text(path, json.dumps(content, indent=1) + "\n")
