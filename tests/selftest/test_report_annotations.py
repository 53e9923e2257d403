"""Annotations of a pull request name the check, the case, and what was seen; a green run has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.corpus import case_names
from tests.selftest.run_records import (
    BOUND,
    COLLAPSE,
    COUNTED,
    EMPTIED,
    FALLS,
    ITERATIONS,
    LOST,
    NO_TRUTH,
    STILL,
    Test,
    content_of,
    failed,
    header,
    not_judged,
    of_release,
    write,
)
from tests.support import junit_format
from tests.tools.report import github
from tests.tools.report.__main__ import main


def lines(folder: Path, **tests_of: list[Test]) -> list[str]:
    """The annotations of a run of each release."""
    for release, tests in tests_of.items():
        version = release.removeprefix("of_").replace("_", ".")
        write(folder / f"{version}.xml", tests, header(version))
    content = content_of(folder)
    return github.annotated(content.runs, content.matrix)


def test_a_run_that_is_as_the_ledger_says_has_none(tmp_path: Path) -> None:
    assert lines(tmp_path, of_1_9_1=of_release("1.9.1")) == []


def test_a_new_failure_names_check_case_releases_and_what_was_seen(tmp_path: Path) -> None:
    tests = [failed(COLLAPSE, STILL, EMPTIED)]
    (line,) = lines(tmp_path, of_1_8_0=tests, of_1_9_1=tests)
    head, message = line.split("::")[1:]
    assert head == f"error title={COLLAPSE}[{STILL}]"
    assert message.startswith(
        f"new failure with scikit-learn 1.8.0 to 1.9.1 on {STILL}: component 10 is empty: no resp"
    )
    assert "seen mean (0, 0)" in message


def test_the_cases_of_a_check_share_one(tmp_path: Path) -> None:
    tests = [failed(ITERATIONS, case, COUNTED) for case in (STILL, LOST)]
    (line,) = lines(tmp_path, of_1_9_1=tests)
    assert f"on {STILL} and 1 more: seen n_iter_ 2; should be 3" in line


def test_each_state_that_is_red_has_its_own(tmp_path: Path) -> None:
    gone = Test(COLLAPSE, LOST, "failure", "it no longer occurs", {junit_format.GONE: "a-defect"})
    broken = Test(ITERATIONS, STILL, "error", "KeyError: 1")
    found = lines(tmp_path, of_1_9_1=[gone, broken, not_judged(BOUND, STILL, listed=False)])
    assert [line.split(" ")[0] for line in found] == ["::error", "::error", "::warning"]
    assert f"::not judged, unlisted with scikit-learn 1.9.1 on {STILL}: {NO_TRUTH}" in found[0]
    assert f"::error with scikit-learn 1.9.1 on {STILL}: KeyError: 1" in found[1]
    assert f"::no longer occurs with scikit-learn 1.9.1 on {LOST}: it no longer occurs" in found[2]


def test_what_was_recorded_ends_no_line_and_begins_no_command(tmp_path: Path) -> None:
    text = "100% of it\r\n::set-output name=a::b" + 1000 * " x"
    (line,) = lines(tmp_path, of_1_9_1=[Test(BOUND, STILL, "error", text)])
    assert len(line.splitlines()) == 1
    assert "100%25 of it ::set-output" in line
    assert line.endswith(" ...")
    assert github._command("error", "a:b,c\nd", "e\nf") == "::error title=a%3Ab%2Cc%0Ad::e%0Af"


def test_more_than_github_shows_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "MOST", 2)
    tests = [failed(COLLAPSE, STILL, EMPTIED), failed(BOUND, STILL, FALLS), failed(ITERATIONS, STILL, COUNTED)]
    found = lines(tmp_path, of_1_9_1=tests)
    assert len(found) == 2
    assert found[-1] == "::error title=more checks::and 2 more checks: see the report"


def test_the_command_prints_them_where_it_is_asked_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "one.xml", [failed(COLLAPSE, case_names()[0], EMPTIED)], header())
    arguments = [str(tmp_path), f"--output={tmp_path / 'page.html'}"]
    assert main(arguments) == 1
    assert "::error" not in capsys.readouterr().out
    assert main([*arguments, "--annotations"]) == 1
    assert f"\n::error title={COLLAPSE}[{case_names()[0]}]::" in "\n" + capsys.readouterr().out
