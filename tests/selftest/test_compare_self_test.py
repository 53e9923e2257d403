"""The self-test of comparisons: its table counts right, and it fails where a comparison does not do what it should."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fixtures import documentation
from tests.support import estimator, replay
from tests.tools.compare import self_test
from tests.tools.compare.ratio import Ratio, Verdict
from tests.tools.compare.self_test import Trial
from tests.workers import fit_timer
from tests.workers.fit_timer import made_case


def trial(kind: str, verdict: Verdict, by_benchmarks: float = 1.0) -> Trial:
    return Trial(kind, verdict.value, Ratio(1.0, 0.99, 1.01), 5, 20.0, 1.5, by_benchmarks)


RIGHT = [trial("A/A", Verdict.NO_DIFFERENCE), trial("A/B", Verdict.SLOWER)] * 20


def test_no_difference_and_slower_is_what_should_be_reached() -> None:
    assert self_test.reached(RIGHT)


@pytest.mark.parametrize("verdict", [Verdict.FASTER, Verdict.SLOWER])
def test_one_difference_of_a_release_with_itself_is_too_many(verdict: Verdict) -> None:
    assert not self_test.reached([*RIGHT, trial("A/A", verdict)])


def test_one_in_twenty_slowed_ones_may_be_missed_but_not_two() -> None:
    missed = trial("A/B", Verdict.UNDECIDED)
    assert self_test.reached([*RIGHT[:38], missed])
    assert not self_test.reached([*RIGHT[:38], missed, missed])


def test_nothing_tried_is_nothing_reached() -> None:
    assert not self_test.reached([])


def test_the_table_counts_verdicts_and_what_two_runs_say() -> None:
    trials = [*RIGHT, trial("A/A", Verdict.UNDECIDED, by_benchmarks=1.05)]
    rows = [re.split(r"\s{2,}", line.strip()) for line in self_test.table(trials, 1.02).splitlines()]
    assert ["undecided", "1 of 21", "0 of 20"] in rows
    assert ["slower", "0 of 21", "20 of 20"] in rows
    assert ["above 1.02", "1 of 21", "0 of 20"] in rows


def test_trials_come_back_as_they_were_written(tmp_path: Path) -> None:
    self_test.write_json(tmp_path / "trials.json", RIGHT)
    assert self_test.read(tmp_path / "trials.json") == RIGHT


def test_the_readme_shows_the_trials_that_are_recorded() -> None:
    text = self_test.README.read_text(encoding="utf-8")
    assert documentation.with_table(text, self_test.README_TABLE, self_test.in_readme(self_test.read())) == text


def test_what_is_recorded_is_what_should_be_reached() -> None:
    trials = self_test.read()
    assert [trial.kind for trial in trials].count("A/A") >= 40
    assert self_test.reached(trials)


def test_the_slowed_class_fits_what_the_plain_one_fits() -> None:
    case = made_case((300, 4, 3), "full")
    plain, slowed = (
        fit_timer.Subject(case, replay.EXPLICIT, estimator.import_estimator(path)).estimators()[0]
        for path in (estimator.DEFAULT_ESTIMATOR, self_test.SLOWED)
    )
    with fit_timer.held_still():
        assert (plain.fit(case.frame).means_ == slowed.fit(case.frame).means_).all()
