"""What a change of scikit-learn does to the checks is told case by case, whatever the ledger expected."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from fixtures.fault import Fault
from tests.selftest.suite_runs import CHECK, CONTROLS, LISTED_CASES, Run, fake
from tests.tools.sources import __main__ as outcome_changes
from tests.tools.sources.__main__ import BREAKS, FAILS, NOT_JUDGED, PASSES, SKIPPED, Changed, Check

GONE = LISTED_CASES[2]


@pytest.fixture(scope="module")
def records(
    project: Path, start_run: Callable[..., Future[Run]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[Check, str]]:
    """Records of runs on a fake that keeps its promises and one that breaks them, with and without the ledger."""
    folder = tmp_path_factory.mktemp("records")
    runs = {
        f"{name}{option}": start_run(project, fake(name), f"--junitxml={folder}/{name}{option}.xml", *option.split())
        for name in ("NeverCollapses", "AlwaysCollapses")
        for option in ("", "--no-ledger")
    }
    for run in runs.values():
        run.result()
    return {name: outcome_changes.read(folder / f"{name}.xml") for name in runs}


@pytest.mark.parametrize("name", ["NeverCollapses", "AlwaysCollapses"])
def test_the_ledger_does_not_matter(records: dict[str, dict[Check, str]], name: str) -> None:
    assert records[name] == records[f"{name}--no-ledger"]


def test_a_defect_that_is_gone_passes_and_one_that_is_there_fails(records: dict[str, dict[Check, str]]) -> None:
    assert records["NeverCollapses"][Check(CHECK, GONE)] == PASSES
    assert records["AlwaysCollapses"][Check(CHECK, GONE)] == FAILS


def test_what_newly_fails_is_reported_by_case(records: dict[str, dict[Check, str]]) -> None:
    changes = outcome_changes.changed(records["NeverCollapses"], records["AlwaysCollapses"])
    (worse,) = outcome_changes.newly_failing(changes)
    assert worse.check == CHECK
    assert {GONE, *CONTROLS} <= set(worse.cases)
    assert outcome_changes.newly_failing(
        outcome_changes.changed(records["AlwaysCollapses"], records["NeverCollapses"])
    ) == []  # fmt: skip


def test_the_summary_has_what_is_worse_what_is_better_and_the_rest() -> None:
    before = {Check("a", "one"): PASSES, Check("a", "two"): PASSES, Check("b", ""): FAILS, Check("c", "one"): PASSES}
    after = {Check("a", "one"): FAILS, Check("a", "two"): BREAKS, Check("b", ""): PASSES, Check("c", "one"): SKIPPED}
    assert outcome_changes.lines(outcome_changes.changed(before, after), "mine", "1.9.1", 4) == [
        "mine relative to scikit-learn 1.9.1, 4 checks on cases:",
        "  newly fails: a on 1 case (two)",
        "  newly fails: a on 1 case (one)",
        "  no longer fails: b",
        "  c on 1 case (one) is skipped, and passes there",
    ]


def test_what_is_recorded_is_no_promise() -> None:
    """A better fit ends otherwise than that of the recorded release."""
    before = {Check("as_recorded", "one", promise=False): PASSES, Check("as_recorded", "two", promise=False): FAILS}
    after = {check: FAILS if outcome == PASSES else PASSES for check, outcome in before.items()}
    changes = outcome_changes.changed(before, after)
    assert outcome_changes.newly_failing(changes) == []
    assert outcome_changes.lines(changes, "mine", "1.9.1", 2)[1:] == [
        "  newly fails: nothing",
        "  no longer fails: nothing",
        "  no longer what is recorded of releases: the fits of 2 cases (one, two)",
    ]


@pytest.mark.parametrize(("name", "promise"), [(CHECK, True), ("test_fit_ends_as_recorded", False)])
def test_a_check_says_whether_it_is_a_promise(tmp_path: Path, name: str, promise: bool) -> None:
    (tmp_path / "run.xml").write_text(f'<testsuites><testcase name="{name}[one]"/></testsuites>')
    assert list(outcome_changes.read(tmp_path / "run.xml")) == [Check(name, "one", promise)]


def test_a_check_that_can_no_longer_be_judged_is_worse() -> None:
    check = Check("a", "one")
    (worse,) = outcome_changes.newly_failing(outcome_changes.changed({check: PASSES}, {check: NOT_JUDGED}))
    assert outcome_changes.lines([worse], "mine", "1.9.1", 1)[1] == "  no longer judged: a on 1 case (one)"
    assert outcome_changes.newly_failing(outcome_changes.changed({check: FAILS}, {check: NOT_JUDGED})) == []


def test_no_change_is_reported_too() -> None:
    assert outcome_changes.lines([], "mine", "1.9.1", 4)[1] == "  every check ends as it does there"


def test_many_cases_are_counted_and_some_named() -> None:
    cases = tuple(f"case-{number}" for number in range(10))
    told = outcome_changes.lines([Changed("a", PASSES, FAILS, cases)], "mine", "1.9.1", 10)
    assert "a on 10 cases (case-0, case-1, case-2, ...)" in told[1]


def test_a_run_that_left_nothing_is_reported(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="left no record"):
        outcome_changes.read(tmp_path / "nothing.xml")
    (tmp_path / "empty.xml").write_text("<testsuites><testsuite/></testsuites>")
    with pytest.raises(Fault, match="the run had no check"):
        outcome_changes.read(tmp_path / "empty.xml")
