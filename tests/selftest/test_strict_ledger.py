"""The ledger is strict, end to end: what is unlisted fails, and so does what is listed and gone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

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
from tests.support import junit_format
from tests.support.estimator import DEFAULT_ESTIMATOR

LISTED = set(LISTED_CASES) - {CAPTURE}  # and not skipped
LEDGER = "tests/known_defects.json"
CONTROL = "control-still-scene"
OWN_CLASS = f"--estimator={DEFAULT_ESTIMATOR}"
NOTHING, REASON = "LeavesNothing", "nothing-is-left"


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


def not_judged(content: dict[str, Any], cases: list[str]) -> None:
    """List the check as not judged on some cases."""
    found_on = [{"releases": ">=0.18", "checks": [CHECK], "cases": cases}]
    content["not_judged"] = [{"id": REASON, "reason": "a fit leaves nothing", "found": found_on}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the copies of the project with a changed ledger are, by what was changed."""
    return tmp_path_factory.mktemp("ledgers")


@pytest.fixture(scope="module")
def runs(project: Path, start_run: Callable[..., Future[Run]], folder: Path) -> dict[str, Future[Run]]:
    """Runs with the ledger on."""

    def start(change: Callable[[dict[str, Any]], object], name: str, *options: str) -> Future[Run]:
        return start_run(with_ledger(copy_project(folder / name), change), *(options or [fake("NeverCollapses")]))

    def earlier(content: dict[str, Any]) -> None:
        content["defects"][0]["found"][0]["releases"] = f">=0.18,<{RELEASE}"

    reasons = with_ledger(copy_project(folder / "reasons"), lambda content: content.update(defects=[]))
    with_ledger(reasons, lambda content: not_judged(content, sorted(EMBEDDED)))
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
        # A record is run on scikit-learn's own class alone.
        "not run on": start(
            lambda content: found(content, check="test_fit_gives_the_published_figures"), "not run on", OWN_CLASS
        ),
        "earlier, gone": start(earlier, "earlier, gone"),
        "earlier, found": start(earlier, "earlier, found", fake("AlwaysCollapses")),
        "broken case": start_run(broken_case, fake("AlwaysCollapses")),
        "not judged, unlisted": start_run(project, fake(NOTHING), f"--junitxml={folder / 'unlisted.xml'}"),
        "not judged, off": start_run(project, fake(NOTHING), "--no-ledger"),
        "not judged, listed": start_run(reasons, fake(NOTHING), f"--junitxml={folder / 'listed.xml'}"),
        "not judged, kept again": start_run(reasons, fake("NeverCollapses")),
        "not judged, broken": start_run(reasons, fake("AlwaysCollapses")),
        "overlap with a reason": start(lambda content: not_judged(content, ["object-leaves-frame"]), "a reason"),
        "older format": start(lambda content: content.update(format=1), "older format"),
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
    assert f"no longer occurs with NeverCollapses on scikit-learn {RELEASE}" in failure
    assert f'"releases" end there (now ">=0.18", say ">=0.18,<{RELEASE}")' in failure


def test_a_run_without_a_defect_says_so(runs: dict[str, Future[Run]]) -> None:
    assert f"no known defect occurred with NeverCollapses on scikit-learn {RELEASE}\n" in runs["gone"].result().stdout


def test_an_unlisted_failure_fails_the_run(runs: dict[str, Future[Run]]) -> None:
    run = runs["unlisted"].result()
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert run.failed() == EMBEDDED - LISTED


def test_a_listed_failure_is_expected(runs: dict[str, Future[Run]]) -> None:
    assert runs["unlisted"].result().counts["xfailed"] == len(LISTED)


def test_the_summary_counts_the_cases_of_a_defect(runs: dict[str, Future[Run]]) -> None:
    assert (
        f"known defect still present in AlwaysCollapses on scikit-learn {RELEASE}: {DEFECT} on {len(LISTED)} cases"
        f" ({ISSUE})\n"
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
        ("unknown case", "there is no case 'no-such-case'; should be one of 7 (the nearest: "),
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


def test_what_is_not_judged_and_unlisted_fails_the_run(runs: dict[str, Future[Run]]) -> None:
    run = runs["not judged, unlisted"].result()
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert run.failed() == EMBEDDED
    assert "Traceback" not in run.stdout + run.stderr


def test_what_is_not_judged_and_unlisted_says_why_and_what_to_do(runs: dict[str, Future[Run]]) -> None:
    assert runs["not judged, unlisted"].result().failure(CONTROL).strip().splitlines() == [
        f"not judged with LeavesNothing on scikit-learn {RELEASE}: {CHECK} on the case {CONTROL}:"
        " the fit left no weights_",
        f"what to do: find out why it cannot be judged; where that is right, list it in {LEDGER} under 'not_judged'.",
    ]


def test_a_listed_defect_that_is_not_judged_fails_and_names_its_line(
    runs: dict[str, Future[Run]], project: Path
) -> None:
    failure = runs["not judged, unlisted"].result().failure("object-leaves-frame")
    line = line_of(project, '"object-leaves-frame"')
    assert f"and the ledger lists the defect {DEFECT!r} there (line {line})" in failure


def test_without_the_ledger_what_is_not_judged_is_counted_apart(runs: dict[str, Future[Run]]) -> None:
    run = runs["not judged, off"].result()
    assert run.returncode == pytest.ExitCode.OK
    assert run.counts["not judged"] == len(EMBEDDED)
    assert "passed" not in run.counts


def test_what_is_listed_as_not_judged_is_counted_apart(runs: dict[str, Future[Run]]) -> None:
    run = runs["not judged, listed"].result()
    assert run.returncode == pytest.ExitCode.OK, run.stdout
    assert run.counts["not judged"] == len(EMBEDDED)
    assert not {"passed", "failed", "xfailed"} & set(run.counts)
    more = f" and {len(EMBEDDED) - 1} more: the fit left no weights_"
    assert re.search(rf"^not judged: {CHECK}\[.+\]{more}$", run.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", ["listed", "unlisted"])
def test_the_record_says_why_it_is_not_judged(runs: dict[str, Future[Run]], folder: Path, name: str) -> None:
    runs[f"not judged, {name}"].result()
    root = ElementTree.parse(folder / f"{name}.xml").getroot()  # noqa: S314  (written by our own process)
    reasons = [item.get("value") for item in root.iter("property") if item.get("name") == junit_format.NOT_JUDGED]
    assert reasons == ["the fit left no weights_"] * len(EMBEDDED)


@pytest.mark.parametrize("case_listed", [CONTROL, "object-leaves-frame"])
def test_what_is_listed_as_not_judged_and_is_kept_again_fails_and_names_the_line(
    runs: dict[str, Future[Run]], folder: Path, case_listed: str
) -> None:
    run = runs["not judged, kept again"].result()
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert run.failed() == EMBEDDED
    line = line_of(folder / "reasons", f'"{case_listed}"')
    failure = run.failure(case_listed)
    assert (
        f"what the ledger lists as not judged ({REASON}) is judged with NeverCollapses on scikit-learn {RELEASE}: "
        in failure
    )
    assert f"what to do: change {LEDGER}, line {line}: " in failure
    assert "fixed" not in failure


def test_what_is_listed_as_not_judged_and_is_broken_fails_and_names_the_line(
    runs: dict[str, Future[Run]], folder: Path
) -> None:
    run = runs["not judged, broken"].result()
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert run.failed() == EMBEDDED
    failure = run.failure(CONTROL)
    assert "components collapsed (0 empty, " in failure
    line = line_of(folder / "reasons", f'"{CONTROL}"')
    assert f"the ledger lists it as not judged ({REASON}): {LEDGER}, line {line}; should be taken out there" in failure


def test_a_case_that_is_listed_with_a_defect_and_as_not_judged_is_refused(runs: dict[str, Future[Run]]) -> None:
    line = runs["overlap with a reason"].result().usage_error()
    assert f"{CHECK}[object-leaves-frame] is listed twice for scikit-learn {RELEASE}; should be listed once" in line


def test_a_ledger_of_an_older_format_is_refused_in_one_line(runs: dict[str, Future[Run]]) -> None:
    line = runs["older format"].result().usage_error()
    assert "known_defects.json has format version 1; should be 2, which lists under 'not_judged' what" in line
