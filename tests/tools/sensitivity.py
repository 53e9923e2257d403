"""Measure which errors the checks notice: the smallest relative error of each quantity that breaks one.

One quantity of GaussianMixture is spoiled at a time (`tests/workers/spoiled.py`), by
1e-3 down to 1e-15, for each covariance type and dtype; the checks of the suite,
its baselines aside, are asked about small cases until one notices. Runs inside
the environment of the newest release.

Examples
--------
  nox -s sensitivity
  nox -s sensitivity -- --quantity weights_ --quantity means_
  nox -s sensitivity -- --write
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

import sklearn
from threadpoolctl import threadpool_limits

from fixtures import command_line, corpus, documentation, whole_file
from tests.support import check
from tests.support.comparison import dtype_of
from tests.support.judgement import KEPT
from tests.support.subject import Subject
from tests.workers.spoiled import SPOILED

MEASURED = corpus.PROJECT / "tests" / "measured" / "sensitivity.json"
FORMAT_VERSION = 1
TABLE = "sensitivity"
TYPES = ("full", "tied", "diag", "spherical")
AIMS = {"float64": 1e-12, "float32": 1e-5}
EXPONENTS = range(3, 16)
MOST_SAMPLES = 500
MOST_CASES = 6


class Column(NamedTuple):
    """What is tried together."""

    covariance_type: str
    dtype: str


class Trial:
    """The checks on the cases of one column.

    Parameters
    ----------
    column : Column
    release : str
        Version of scikit-learn.
    """

    def __init__(self, column: Column, release: str) -> None:
        self.release = release
        self.cases = _cases(column)
        sound = SPOILED["weights_"](0.0)
        self.kept = {case.name: self._kept(case, sound) for case in self.cases}

    def notices(self, quantity: str, size: float) -> bool:
        """Whether a check that is kept on a sound fit is broken by a spoiled one."""
        spoiled = SPOILED[quantity](size)
        for number, case in enumerate(self.cases):
            subject = Subject(case, spoiled, self.release)
            if any(one.judge(subject).findings for one in self.kept[case.name]):
                # A smaller error is noticed there first, if at all.
                self.cases.insert(0, self.cases.pop(number))
                return True
        return False

    def _kept(self, case: corpus.Case, estimator: type) -> list[check.Check]:
        under_test = check.UnderTest(estimator, self.release)
        subject = Subject(case, estimator, self.release)
        asked = [one for one in check.every().values() if not one.is_baseline]
        return [one for one in asked if one.runs_on(case.traits, under_test) and one.judge(subject).end() == KEPT]


def _cases(column: Column) -> list[corpus.Case]:
    """Small cases of a column, those with the fewest samples first."""
    traits = [
        one for one in map(corpus.traits_of, corpus.case_names())
        if {one.parameter_dtype, *one.sample_dtypes} == {column.dtype} or column.dtype == "float64"
    ]  # fmt: skip
    names = [
        one.name for one in sorted(traits, key=lambda one: one.n_samples)
        if one.settings.covariance_type == column.covariance_type and one.n_samples <= MOST_SAMPLES
    ]  # fmt: skip
    cases = [corpus.load_case(name) for name in names]
    return [case for case in cases if dtype_of(case) == column.dtype][:MOST_CASES]


def smallest_noticed(trial: Trial, quantity: str) -> float | None:
    """The smallest power of ten that is noticed, with every larger one; None where not even the largest is."""
    smallest = None
    for exponent in EXPONENTS:
        if not trial.notices(quantity, 10.0**-exponent):
            break
        smallest = 10.0**-exponent
    return smallest


def table(found: dict[str, dict[str, float | None]], release: str) -> str:
    """The smallest errors as a Markdown table."""
    columns = [Column(kind, dtype) for dtype in AIMS for kind in TYPES]
    head = "| spoiled | " + " | ".join(f"{kind} {dtype}" for kind, dtype in columns) + " |"
    rows = [
        f"| `{quantity}` | " + " | ".join(_cell(cells[f"{kind} {dtype}"], dtype) for kind, dtype in columns) + " |"
        for quantity, cells in found.items()
    ]
    note = f"With scikit-learn {release}. What is above the aim is in bold."
    return "\n".join([note, "", head, "| --- |" + " ---: |" * len(columns), *rows])


def _cell(size: float | None, dtype: str) -> str:
    words = "none" if size is None else f"{size:.0e}"
    return words if size is not None and size <= AIMS[dtype] * 1.01 else f"**{words}**"


@command_line.command("nothing is written until all is measured")
def main(arguments: list[str] | None = None) -> int:
    parser = command_line.parser("sensitivity", __doc__)
    parser.add_argument(
        "--quantity", action="append", choices=list(SPOILED), help="what to spoil; may be repeated (default: each)"
    )
    parser.add_argument(
        "--write", action="store_true", help="store what was measured, and put the table into tests/README.md"
    )
    options = parser.parse_args(arguments)
    if options.write and options.quantity:
        parser.error("--write stores the whole table: leave --quantity out")
    release = sklearn.__version__
    found: dict[str, dict[str, float | None]] = {quantity: {} for quantity in options.quantity or SPOILED}
    with threadpool_limits(1):
        for dtype in AIMS:
            for kind in TYPES:
                trial = Trial(Column(kind, dtype), release)
                for quantity, cells in found.items():
                    cells[f"{kind} {dtype}"] = size = smallest_noticed(trial, quantity)
                    words = "no error at all" if size is None else f"errors from {size:.0e}"
                    print(f"  {quantity}, {kind}, {dtype}: {words} noticed", flush=True)
    print(table(found, release))
    if options.write:
        content = {"format_version": FORMAT_VERSION, "scikit-learn": release, "smallest_noticed": found}
        whole_file.write_text(MEASURED, json.dumps(content, indent=1) + "\n")
        documentation.put_table(documentation.REFERENCE, TABLE, table(found, release))
    return command_line.FINE


def read(path: Path = MEASURED) -> tuple[dict[str, dict[str, float | None]], str]:
    """What was measured, and with which release.

    Raises
    ------
    ValueError
        It is not what ``nox -s sensitivity -- --write`` writes.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if content.get("format_version") != FORMAT_VERSION:
        raise ValueError(f"{path.name} has another format; write it anew with `nox -s sensitivity -- --write`")
    return content["smallest_noticed"], content["scikit-learn"]


if __name__ == "__main__":
    sys.exit(main())
