"""The report reads what real runs of a small project leave: each end of a check is told from the others."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.selftest.suite_runs import CAPTURE, CHAIN, CHECK, DEFECT, Run, fake
from tests.support import junit_format
from tests.tools.report import records
from tests.tools.report.records import Result

LOST = "object-leaves-frame"


@pytest.fixture(scope="module")
def folder(project: Path, start_run: Callable[..., Future[Run]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of runs on a fake that breaks its promise and one that keeps it, and of one that stops early."""
    folder = tmp_path_factory.mktemp("records of real runs")
    collapses, right = fake("AlwaysCollapses"), fake("NeverCollapses")
    calls = {"known": [collapses], "gone": [right], "stopped": [collapses, "--no-ledger", "-x"]}
    started = [start_run(project, *words, f"--junitxml={folder / name}.xml") for name, words in calls.items()]
    for run in started:
        run.result()
    return folder


def results_of(path: Path) -> dict[str | None, Result]:
    """How the check of collapses ended, by case."""
    return {result.case: result for result in records.read(path).results if result.check == CHECK}


def test_a_known_defect_is_reported_in_words_and_has_a_place(folder: Path) -> None:
    result = results_of(folder / "known.xml")[LOST]
    assert result.state == records.KNOWN
    assert result.text.startswith("component 0 is empty: ")
    assert "place" in result.properties


def test_a_defect_that_no_longer_occurs_is_told_from_one_that_is_new_and_one_that_is_skipped(folder: Path) -> None:
    gone, known = results_of(folder / "gone.xml"), results_of(folder / "known.xml")
    assert gone[LOST].state == records.GONE
    assert gone[LOST].properties[junit_format.GONE] == DEFECT
    assert known[CHAIN].state == records.FAILED
    assert known[CAPTURE].state == records.SKIPPED


def test_the_record_of_a_run_that_stops_early_is_refused(folder: Path) -> None:
    with pytest.raises(records.BadRecord, match=r"stopped after \d of \d tests"):
        records.read(folder / "stopped.xml")
