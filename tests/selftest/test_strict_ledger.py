"""The ledger is strict, end to end: what is unlisted fails, and so does what is listed and gone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from tests.selftest.suite_runs import (
    CAPTURE,
    CHECK,
    DEFECT,
    EMBEDDED,
    ISSUE,
    LISTED_CASES,
    RELEASE,
    Run,
    copy_project,
    fake,
)

LISTED = set(LISTED_CASES) - {CAPTURE}  # and not skipped
LEDGER = "tests/known_defects.json"
CONTROL = "control-still-scene"


def with_ledger(root: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Change the ledger of a copy of the project."""
    path = root / LEDGER
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
    return root


def line_of(root: Path, text: str) -> int:
    """The one line of the ledger of a copy that holds a text."""
    lines = (root / LEDGER).read_text(encoding="utf-8").splitlines()
    (number,) = (number for number, line in enumerate(lines, start=1) if text in line)
    return number


def found(content: dict[str, Any], **entry: Any) -> None:
    """Add an item to what is listed of the first defect."""
    item = {"releases": ">=0.18", "check": CHECK, "cases": [CONTROL], **entry}
    content["defects"][0]["found"].append(item)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the copies of the project with a changed ledger are, by what was changed."""
    return tmp_path_factory.mktemp("ledgers")


@pytest.fixture(scope="module")
def runs(project: Path, start_run: Callable[..., Future[Run]], folder: Path) -> dict[str, Future[Run]]:
    """Runs with the ledger on."""

    def start(change: Callable[[dict[str, Any]], object], name: str, estimator: str = "NeverCollapses") -> Future[Run]:
        return start_run(with_ledger(copy_project(folder / name), change), fake(estimator))

    def earlier(content: dict[str, Any]) -> None:
        content["defects"][0]["found"][0]["releases"] = f">=0.18,<{RELEASE}"

    not_json = copy_project(folder / "not json")
    (not_json / LEDGER).write_text("{", encoding="utf-8")
    broken_case = copy_project(folder / "broken case")
    (broken_case / "fixtures/cases/object-leaves-frame/frame.npy").write_bytes(b"\x93NUMPY")
    return {
        "gone": start_run(project, fake("NeverCollapses")),
        "unlisted": start_run(project, fake("AlwaysCollapses")),
        "by id": start_run(project, fake("NeverCollapses"), f"tests/test_collapse.py::{CHECK}[{CONTROL}]"),
        "by keyword": start_run(project, fake("NeverCollapses"), "-k", "control"),
        "not json": start_run(not_json),
        "unknown case": start(lambda content: found(content, cases=["no-such-case"]), "unknown case"),
        "unknown check": start(lambda content: found(content, check="test_no_such_check"), "unknown check"),
        "overlap": start(lambda content: found(content, cases=["object-leaves-frame"]), "overlap"),
        "not run on": start(lambda content: found(content, check="test_fit_gives_the_published_figures"), "not run on"),
        "earlier, gone": start(earlier, "earlier, gone"),
        "earlier, found": start(earlier, "earlier, found", "AlwaysCollapses"),
        "broken case": start_run(broken_case, fake("AlwaysCollapses")),
    }


def test_a_listed_defect_that_is_gone_fails_the_run(runs: dict[str, Future[Run]]) -> None:
    run = runs["gone"].result()
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert run.failed() == LISTED


@pytest.mark.parametrize("case_listed", sorted(LISTED))
def test_a_defect_that_is_gone_names_the_line_to_change(
    runs: dict[str, Future[Run]], project: Path, case_listed: str
) -> None:
    failure = runs["gone"].result().failure(case_listed)
    found_line = re.search(rf"what to do: change {LEDGER}, line (\d+): ", failure)
    assert found_line, failure
    assert int(found_line.group(1)) == line_of(project, f'"{case_listed}"')


def test_a_defect_that_is_gone_says_how_to_change_the_line(runs: dict[str, Future[Run]]) -> None:
    failure = runs["gone"].result().failure("object-leaves-frame")
    assert f"{DEFECT!r} ({ISSUE})" in failure
    assert f"no longer occurs with scikit-learn {RELEASE}" in failure
    assert f'"releases" end there (now ">=0.18", say ">=0.18,<{RELEASE}")' in failure


def test_a_run_without_a_defect_says_so(runs: dict[str, Future[Run]]) -> None:
    assert f"no known defect occurred with scikit-learn {RELEASE}\n" in runs["gone"].result().stdout


def test_an_unlisted_failure_fails_the_run(runs: dict[str, Future[Run]]) -> None:
    run = runs["unlisted"].result()
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert run.failed() == EMBEDDED - LISTED


def test_a_listed_failure_is_expected(runs: dict[str, Future[Run]]) -> None:
    assert runs["unlisted"].result().counts["xfailed"] == len(LISTED)


def test_the_summary_counts_the_cases_of_a_defect(runs: dict[str, Future[Run]]) -> None:
    assert (
        f"known defect still present in scikit-learn {RELEASE}: {DEFECT} on {len(LISTED)} cases ({ISSUE})\n"
    ) in runs["unlisted"].result().stdout


def test_a_defect_of_earlier_releases_alone_is_not_expected(runs: dict[str, Future[Run]]) -> None:
    run = runs["earlier, found"].result()
    assert run.failed() == EMBEDDED
    assert "xfailed" not in run.counts


def test_the_change_that_a_failure_names_makes_the_run_green(runs: dict[str, Future[Run]]) -> None:
    assert runs["earlier, gone"].result().returncode == pytest.ExitCode.OK


def test_the_header_counts_the_entries(runs: dict[str, Future[Run]]) -> None:
    assert f"ledger: {len(LISTED_CASES)} entries\n" in runs["gone"].result().stdout


@pytest.mark.parametrize("selection", ["by id", "by keyword"])
def test_a_run_of_some_cases_does_not_ask_for_the_others(runs: dict[str, Future[Run]], selection: str) -> None:
    run = runs[selection].result()
    assert run.returncode == pytest.ExitCode.OK, run.stdout + run.stderr
    assert run.counts["passed"] >= 1


def test_a_broken_case_fails_though_a_defect_is_listed_on_it(runs: dict[str, Future[Run]]) -> None:
    run = runs["broken case"].result()
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert "broken case, not a defect of scikit-learn: " in run.stdout
    assert "frame.npy does not start like an .npy file; should be an array written by numpy.save" in run.stdout
    assert run.counts["xfailed"] == len(LISTED) - 1


def test_a_ledger_that_is_not_json_is_refused_in_one_line(runs: dict[str, Future[Run]]) -> None:
    line = runs["not json"].result().usage_error()
    assert re.search(r"known_defects\.json is not valid JSON \(.*line 1", line)


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("unknown case", "there is no case 'no-such-case'; should be one of a-chain, capture-frame-44, "),
        ("unknown check", "there is no check 'test_no_such_check'; should be one of test_fit_gives_"),
        ("not run on", f"test_fit_gives_the_published_figures does not run on the case '{CONTROL}'; should be a case"),
    ],
)
def test_an_entry_that_matches_nothing_is_refused_in_one_line(
    runs: dict[str, Future[Run]], folder: Path, fault: str, seen: str
) -> None:
    line = runs[fault].result().usage_error()
    added = "no-such-case" if fault == "unknown case" else f'"{CONTROL}"'
    assert f"known_defects.json, line {line_of(folder / fault, added)}: {seen}" in line


def test_entries_that_overlap_are_refused_in_one_line(runs: dict[str, Future[Run]], folder: Path) -> None:
    line = runs["overlap"].result().usage_error()
    found_lines = re.search(r"known_defects\.json, lines (\d+) and (\d+): ", line)
    assert found_lines
    ledger = (folder / "overlap" / LEDGER).read_text(encoding="utf-8").splitlines()
    named = [ledger[int(number) - 1].strip(" ,") for number in found_lines.groups()]
    assert named == ['"object-leaves-frame"'] * 2
    assert found_lines.group(1) != found_lines.group(2)
    assert f"{CHECK}[object-leaves-frame] is listed twice for scikit-learn {RELEASE}; should be" in line
