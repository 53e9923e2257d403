"""The session that runs the suite on any scikit-learn: its record, its verdict, and its words for a wrong call."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from tests.selftest.conftest import Refusal
from tests.selftest.fake_releases import RELEASES
from tests.tools import release_environment, release_table
from tests.tools.sources import __main__ as session
from tests.tools.sources import prepared
from tests.tools.sources.prepared import Plan

CASE = '<testcase name="test_a[one]">{}</testcase>'
FAILED = "<failure message='no'>no</failure>"
# Takes the place of `python -m pytest`: writes the record that a run with GMM_SOURCE, or one without, would leave.
INTERPRETER = """#!/bin/sh
[ "$1" = -c ] && echo '{imported}' && exit 0
for word; do case "$word" in --junitxml=*) record="${{word#--junitxml=}}" ;; esac; done
echo "$PYTHONPATH|$PYTHONDONTWRITEBYTECODE|$OMP_NUM_THREADS|$@" >>'{folder}/calls'
if [ -n "$GMM_SOURCE" ]; then cat '{folder}/changed.xml' >"$record"; else cat '{folder}/nearest.xml' >"$record"; fi
exit {code}
"""


class Session:
    """The session with a fake interpreter, whose runs end as a test says."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.results = folder / "results"
        plan = Plan("mine", "in place", "built in place", RELEASES[1], python=folder / "python")
        monkeypatch.setattr(session, "plan_for", lambda *_: plan)
        monkeypatch.setattr(session, "PROJECT", folder)
        monkeypatch.setattr(session, "RESULTS", self.results)
        monkeypatch.setattr(release_table, "read", lambda: list(RELEASES))
        monkeypatch.setattr(release_environment, "make", lambda _: folder / "python")

    def run(self, changed: str, nearest: str, *arguments: str, code: int = 0) -> int:
        """Run it where the checks end like this; its exit code."""
        imported = json.dumps({"version": "1.6.1", "folder": str(self.folder)})
        (self.folder / "python").write_text(INTERPRETER.format(imported=imported, folder=self.folder, code=code))
        (self.folder / "python").chmod(0o755)
        for name, outcome in (("changed", changed), ("nearest", nearest)):
            (self.folder / f"{name}.xml").write_text(f"<testsuites>{CASE.format(outcome)}</testsuites>")
        return session.main(["source", *arguments])

    @property
    def calls(self) -> list[str]:
        """What the interpreter was called with, run by run."""
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def faked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    return Session(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("changed", "nearest", "said"),
    [
        ("", "", "every check ends as it does there"),
        (FAILED, FAILED, "every check ends as it does there"),
        ("", FAILED, "no longer fails: test_a on 1 case (one)"),
    ],
)
def test_nothing_worse_than_before_is_fine(
    faked: Session, capsys: pytest.CaptureFixture[str], changed: str, nearest: str, said: str
) -> None:
    assert faked.run(changed, nearest, code=1 if changed else 0) == 0
    assert said in capsys.readouterr().out


def test_a_check_that_newly_fails_is_reported_by_the_exit_code(
    faked: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    assert faked.run(FAILED, "", code=1) == 1
    assert "newly fails: test_a on 1 case (one)" in capsys.readouterr().out


def test_the_record_of_the_run_is_that_of_the_source(faked: Session) -> None:
    faked.run("", FAILED)
    (record,) = faked.results.iterdir()
    assert (record.name, record.read_text()) == ("source-mine.xml", (faked.folder / "changed.xml").read_text())


def test_the_arguments_reach_pytest_and_the_ledger_is_off_for_the_release(faked: Session) -> None:
    faked.run("", "", "-k", "collapse", "-x")
    assert [call.endswith(" -k collapse -x") for call in faked.calls] == [True, False]
    assert faked.calls[1].endswith(" -k collapse -x --no-ledger")


def test_nothing_of_the_users_environment_brings_another_scikit_learn(
    faked: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    faked.run("", "")
    assert [call.split("-m")[0] for call in faked.calls] == ["||1|", "||1|"]


def test_without_comparison_the_release_is_not_run(faked: Session) -> None:
    assert faked.run(FAILED, "", "--no-comparison", code=1) == 1
    assert len(faked.calls) == 1


def test_a_call_that_pytest_refuses_is_a_wrong_call(faked: Session) -> None:
    assert faked.run("", "", "--no-such-option", code=4) == 2


def test_an_environment_without_pytest_is_reported_and_no_older_record_taken(
    faked: Session, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    faked.run("", "")
    monkeypatch.setattr(f"{__name__}.INTERPRETER", INTERPRETER.replace("cat '{folder}/changed.xml' >\"$record\"", ":"))
    assert faked.run("", "", code=1) == 2
    assert "left no record of its checks; has that environment pytest?" in capsys.readouterr().err


def test_a_dry_run_runs_nothing(faked: Session, capsys: pytest.CaptureFixture[str]) -> None:
    assert faked.run("", "", "--dry-run") == 0
    assert capsys.readouterr().out == "mine: built in place\n"
    assert not faked.results.exists()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("no-such-thing", "error: 'no-such-thing' is not a scikit-learn that can be found; should be a release like"),
        ("9.9", "error: there is no release '9.9' in releases.json; should be one of"),
        ("9.9+fix.patch", "error: a patch goes on top of a release: there is no release '9.9'"),
    ],
)
def test_a_wrong_source_is_one_line(source: str, said: str, refusal: Refusal) -> None:
    assert refusal(session.main, [source]).startswith(said)


def test_a_full_disk_is_one_line(
    faked: Session, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(prepared, "imported", full)
    assert faked.run("", "") == 2
    assert capsys.readouterr().err == "error: No space left on device\n"


def test_an_interruption_is_one_line(
    faked: Session, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "plan_for", interrupted)
    assert faked.run("", "") == 130
    assert capsys.readouterr().err.startswith("interrupted: ")
