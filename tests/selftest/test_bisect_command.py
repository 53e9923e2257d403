"""``nox -s bisect``: one line for each wrong input, a plan before anything costs, and what it reports."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.selftest.conftest import Refusal
from tests.selftest.histories import Repository, fingerprint, in_mixture, installed_mixture, version_file
from tests.support import ledger
from tests.tools import release_environment, release_table
from tests.tools.bisect import result as rendering
from tests.tools.bisect.command import main
from tests.tools.bisect.commit_search import Culprit
from tests.tools.bisect.question import Answer, Answers, question
from tests.tools.bisect.release_search import ReleaseChange
from tests.tools.bisect.result import ExplainedChange, SearchResult, as_json, ledger_entry
from tests.tools.clone import Commit
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.release_table import Release
from tests.workers.probe import FAILS, PASSES

PROJECT = Path(__file__).parents[2]
ASKED = ["--case", "two-samples", "--check", "test_no_component_collapses"]
# An interpreter that starts no scikit-learn: it answers as the worker of the release that it is named after would.
# The shell reads its second line as a command, for a path with a space in it; Python reads a string.
INTERPRETER = """#!/bin/sh
"exec" "{python}" "$0" "$@"
import json, os, signal, sys

version = os.path.basename(sys.argv[0])
for line in sys.stdin:
    request = json.loads(line)
    if version == {interrupting!r} and request["do"] == "judge":
        os.kill(os.getppid(), signal.SIGINT)
    if request["do"] == "under_test":
        answer = {{"scikit-learn": version, "numpy": "1.26.4"}}
    else:
        answer = {{"value": "fails" if version in {failing!r} else "passes", "said": "it collapsed"}}
    print(json.dumps({{"answer": answer}}), flush=True)
"""
VERSIONS = [release.version for release in release_table.read()]


def interpreters(folder: Path, failing: list[str], interrupting: str = "") -> Path:
    """A folder with an interpreter for each release."""
    folder.mkdir()
    for version in VERSIONS:
        text = INTERPRETER.format(python=sys.executable, failing=failing, interrupting=interrupting)
        (folder / version).write_text(text, encoding="utf-8")
        (folder / version).chmod(0o755)
    return folder


@pytest.fixture
def releases_that_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], None]:
    """Put environments in which some releases fail in place of the real ones."""

    def put(failing: list[str]) -> None:
        folder = interpreters(tmp_path / "interpreters", failing)
        monkeypatch.setattr(release_environment, "make", lambda release: folder / release.version)

    return put


def test_the_release_is_found_and_written(
    releases_that_fail: Callable[[list[str]], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    releases_that_fail(VERSIONS[VERSIONS.index("1.7.0") :])
    written = tmp_path / "found.json"
    arguments = [*ASKED, "--good", "1.5.0", "--bad", "1.8", "--json", str(written)]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert said.startswith("plan: test_no_component_collapses on two-samples: both ends, 1.5.0 and 1.8.0")
    assert "passes up to scikit-learn 1.6.1, fails from 1.7.0 on" in said
    content = json.loads(written.read_text(encoding="utf-8"))
    assert content["changes"][0]["releases"] == {"before": "1.6.1", "after": "1.7.0"}
    assert {step["what"] for step in content["steps"]} >= {"1.5.0", "1.6.1", "1.7.0", "1.8.0"}


def test_the_command_needs_no_scikit_learn() -> None:
    code = "import sys; sys.modules['sklearn'] = None; from tests.tools.bisect.command import main; main(['--help'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "nox -s bisect --" in done.stdout


def test_all_releases_are_searched_where_no_ends_are_given(
    releases_that_fail: Callable[[list[str]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    releases_that_fail(["1.0", "1.0.1"])
    assert main(ASKED) == 0
    said = capsys.readouterr().out
    assert "passes up to scikit-learn 0.24.2, fails from 1.0 on" in said
    assert "fails up to scikit-learn 1.0.1, passes from 1.0.2 on" in said
    assert f"{len(VERSIONS)} steps" in said


def test_releases_that_all_agree_are_no_change(
    releases_that_fail: Callable[[list[str]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    releases_that_fail([])
    assert main(ASKED) == 1
    assert "no change: test_no_component_collapses on two-samples is the same" in capsys.readouterr().out


def test_a_dry_run_prints_the_plan_and_makes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def make(release: Release) -> Path:
        raise AssertionError(f"{release.version} was made")

    monkeypatch.setattr(release_environment, "make", make)
    assert main([*ASKED, "--good", "1.6.1", "--bad", "1.7.2", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "at most 4 steps, about" in said
    assert len(said.splitlines()) == 1


def test_the_plan_of_a_fit_time_counts_what_timing_takes(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--case", "two-samples", "--outcome", "fit_time", "--seconds", "20"]
    assert main([*asked, "--good", "1.6.1", "--bad", "1.7.2", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("plan: fit_time on two-samples (two timed in turn, at most 20 s): both ends, 1.6.1 and")
    seconds = re.search(r"at most 4 steps, about (\d+) s", said)
    assert seconds
    assert int(seconds.group(1)) >= 4 * 20


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--case", "two", "--check", "test_collapse"], "there is no case 'two'"),
        (["--case", "two-samples", "--check", "test_x"], "there is no check 'test_x'"),
        (["--case", "two-samples", "--outcome", "x"], "'x'; should be a fitted attribute like weights_ or"),
        (
            [*ASKED, "--good", "1.6.1", "--bad", "9.9"],
            "or a series like 1.9 (`nox -s releases` refreshes the table), or",
        ),
        ([*ASKED, "--good", "main", "--bad", "1.9"], "or with --repo a revision"),
    ],
)
def test_what_does_not_exist_is_reported(arguments: list[str], said: str, refusal: Refusal) -> None:
    assert said in refusal(main, arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["--case", "two-samples"], [*ASKED, "--outcome", "means_"], [*ASKED, "--good", "1.6.1"],
        [*ASKED, "--seconds", "9"], [*ASKED, "--bits"], ["--case", "two-samples", "--outcome", "fit_time", "--bits"],
        [*ASKED, "--write"], ["--explain"], [*ASKED, "--build"],
        ["--explain", "--repo", ".", "--build"], [*ASKED, "--changes", "1.6.1", "1.7.0"],
        ["--explain", "--changes", "1.6.1", "1.7.0"],
        ["--explain", "float32-not-kept", "--repo", ".", "--changes", "1.6.1", "1.7.0"],
        ["--explain", "--repo", ".", "--write", "--changes", "1.6.1", "1.7.0"],
    ],
    ids=[
        "nothing", "no check", "check and outcome", "one end", "seconds of no fit time", "bits of a check",
        "bits of a fit time", "write alone",
        "explain without a clone", "build without ends", "explain by builds", "changes of a case",
        "changes without a clone", "changes of a defect", "changes written",
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_wrong_use(arguments: list[str], refusal: Refusal) -> None:
    assert "--" in refusal(main, arguments)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A small clone with two commits."""
    made = Repository(tmp_path / "clone")
    made.commit("Begin (#1)", {**version_file("1.8.dev0"), **in_mixture(installed_mixture())})
    made.commit("More (#2)", {"more.py": ""})
    return made


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        ("true", "used is not a folder; should be a clone of scikit-learn"),
        ("mkdir used", "used is not a git repository; should be a clone of scikit-learn"),
        ("git init -q used", "should be a clone of scikit-learn"),
        ("git clone -q --depth=1 file://$PWD/clone used", "is a shallow clone; should have its history"),
        ("git clone -q clone used", "has no commit 'no-such-branch'; should be a commit, branch or tag"),
    ],
    ids=["no folder", "no repository", "not scikit-learn", "shallow", "unknown revision"],
)
def test_a_clone_that_cannot_be_used_is_reported_and_left_as_it_was(
    repository: Repository, refusal: Refusal, prepare: str, said: str
) -> None:
    folder = repository.folder.parent
    subprocess.run(["/bin/sh", "-c", prepare], cwd=folder, check=True)
    before = fingerprint(folder)
    arguments = [*ASKED, "--good", "1.7.2", "--bad", "no-such-branch", "--repo", str(folder / "used")]
    assert said in refusal(main, arguments)
    assert fingerprint(folder) == before


def test_changes_to_an_older_release_are_refused(repository: Repository, refusal: Refusal) -> None:
    arguments = ["--explain", "--repo", str(repository.folder), "--changes", "1.7.0", "1.6.1"]
    assert "should be an older release and a newer one" in refusal(main, arguments)


def test_no_network_is_reported(monkeypatch: pytest.MonkeyPatch, refusal: Refusal) -> None:
    def make(_: Release) -> Path:
        raise EnvironmentFailed("`uv pip install ...` failed: error: no route to host")

    monkeypatch.setattr(release_environment, "make", make)
    assert "no route to host" in refusal(main, [*ASKED, "--good", "1.6.1", "--bad", "1.7.0"])


def test_a_release_that_cannot_be_installed_here_does_not_stop_the_search_of_the_others(
    releases_that_fail: Callable[[list[str]], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    releases_that_fail(VERSIONS[VERSIONS.index("1.7.0") :])
    others = release_environment.make

    def make(release: Release) -> Path:
        if release.python == "3.6":
            raise EnvironmentFailed("`uv venv ...` failed: no interpreter found for Python 3.6")
        return others(release)

    monkeypatch.setattr(release_environment, "make", make)
    assert main(ASKED) == 0
    said = capsys.readouterr().out
    assert "passes up to scikit-learn 1.6.1, fails from 1.7.0 on" in said
    assert "no interpreter found for Python 3.6" in said


def test_a_file_that_cannot_be_written_is_reported_and_leaves_nothing(
    releases_that_fail: Callable[[list[str]], None], tmp_path: Path, refusal: Refusal
) -> None:
    releases_that_fail(["1.7.0"])
    arguments = [*ASKED, "--good", "1.6.1", "--bad", "1.7.0", "--json", str(tmp_path / "nowhere" / "found.json")]
    assert "found.json cannot be written: No such file or directory" in refusal(main, arguments)


def test_an_interrupted_search_prints_the_steps_so_far(tmp_path: Path) -> None:
    folder = interpreters(tmp_path / "interpreters", VERSIONS[VERSIONS.index("1.7.0") :], interrupting="1.7.0")
    driver = (
        "import sys; from pathlib import Path; from tests.tools import release_environment;"
        " release_environment.make = lambda release: Path(sys.argv[1], release.version);"
        " from tests.tools.bisect.command import main; sys.exit(main(sys.argv[2:]))"
    )
    arguments = [*ASKED, "--good", "1.6.0", "--bad", "1.9.1"]
    done = subprocess.run(
        [sys.executable, "-c", driver, str(folder), *arguments],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 128 + signal.SIGINT, done.stderr
    assert "1.6.0" in done.stdout
    assert "1.9.1" in done.stdout
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("interrupted: these are the steps so far")


DIFF = """diff --git a/sklearn/mixture/_base.py b/sklearn/mixture/_base.py
-old
+new | newer
diff --git a/sklearn/mixture/_new.py b/sklearn/mixture/_new.py
+more
"""


@pytest.fixture
def result() -> SearchResult:
    """A search that found a commit."""
    asked = question("two-samples", "test_no_component_collapses", None)
    passes, fails = Answer(PASSES), Answer(FAILS, "1 of 2 components collapsed")
    before, after = (release_environment.find(version) for version in ("1.6.1", "1.7.0"))
    commit = Commit("0123456789" * 4, "2025-01-17", "PERF faster (#30415)", 30415)
    culprit = Culprit(commit, DIFF, "1.7.0", passes, fails)
    found = SearchResult(asked, Answers(), [ExplainedChange(ReleaseChange(before, after, passes, fails), culprit)])
    found.answers.keep("1.7.0", "1.7.0", lambda: fails)
    return found


def test_the_screen_shows_the_culprit(result: SearchResult, capsys: pytest.CaptureFixture[str]) -> None:
    rendering.show(result)
    said = capsys.readouterr().out
    assert "culprit: 0123456789, 2025-01-17, PERF faster (#30415)" in said
    assert "https://github.com/scikit-learn/scikit-learn/pull/30415" in said
    assert "+new | newer" in said
    assert "+more" in said
    assert "+a test" not in said


def test_the_text_of_an_issue_names_the_commit_and_has_its_diff(result: SearchResult) -> None:
    text = rendering.markdown(result)
    assert "scikit-learn/scikit-learn@" + "0123456789" * 4 in text
    assert "#30415" in text
    assert "**passes** up to scikit-learn 1.6.1, **fails** from 1.7.0 on" in text
    assert "```diff\n" in text


@pytest.mark.parametrize(("fixed", "verdicts"), [(False, [0, 1, 125]), (True, [1, 0, 125])])
def test_the_commands_for_full_builds_give_git_what_it_understands(
    result: SearchResult, tmp_path: Path, fixed: bool, verdicts: list[int]
) -> None:
    lines = rendering.commands_for_full_builds(result.question, "0" * 40, "1" * 40, fixed=fixed).splitlines()
    assert lines[1].strip() == "git bisect start 1111111111 0000000000"
    command = lines[2].strip().removeprefix("git bisect run ")
    (tmp_path / "pip").write_text("#!/bin/sh\nexit ${BUILD:-0}\n", encoding="utf-8")
    (tmp_path / "python").write_text("#!/bin/sh\nexit $STEP\n", encoding="utf-8")
    for program in ("pip", "python"):
        (tmp_path / program).chmod(0o755)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    seen = [subprocess.run(command, shell=True, env={**path, "STEP": code}, check=False) for code in ("0", "1", "125")]  # noqa: S602  (as git would)
    assert [done.returncode for done in seen] == verdicts
    unbuilt = subprocess.run(command, shell=True, env={**path, "BUILD": "1", "STEP": "0"}, check=False)  # noqa: S602
    assert unbuilt.returncode == 125


def test_the_suggested_entry_is_one_that_the_ledger_accepts(result: SearchResult, tmp_path: Path) -> None:
    entry = ledger_entry(result.found[0], result.question)
    path = tmp_path / "known_defects.json"
    path.write_text(
        json.dumps({"format": ledger.FORMAT_VERSION, "defects": [entry], "not_judged": []}), encoding="utf-8"
    )
    read = ledger.read_ledger(path)
    assert [(item.releases, item.check, item.case) for item in read.entries] == [
        (">=1.7.0", "test_no_component_collapses", "two-samples")
    ]
    assert [(item.release, item.change, item.pull_request) for item in read.culprits] == [("1.7.0", "begins", 30415)]


def test_what_is_written_as_json_says_all_of_it(result: SearchResult) -> None:
    content: dict[str, Any] = json.loads(json.dumps(as_json(result)))
    assert content["changes"][0]["culprit"]["diff"] == DIFF
    assert content["changes"][0]["culprit"]["commit"] == "0123456789" * 4
    assert content["steps"][0]["what"] == "1.7.0"


STEP = [sys.executable, str(PROJECT / "tests" / "tools" / "bisect"), "step"]
UNBUILT = {"sklearn/__init__.py": "raise ImportError('not built')\n"}


@pytest.mark.parametrize(
    ("arguments", "files", "code", "said"),
    [
        (["--case", "control-16d", "--check", "test_collapse"], {}, 0, "good: test_collapse passes on control-16d"),
        (["--case", "object-leaves-1d", "--check", "test_no_component_collapses"], {}, 1, "bad: scikit-learn "),
        (["--case", "object", "--check", "test_collapse"], {}, 125, "there is no case 'object'; should be one of"),
        (["--case", "control-16d", "--check", "test_x"], {}, 125, "cannot be tested: there is no check test_x"),
        (["--case", "control-16d", "--check", "test_collapse"], UNBUILT, 125, "ImportError: not built"),
        (["--case", "control-16d"], {}, 125, "required: --check"),
        (["--help"], {}, 0, ""),
    ],
    ids=["good", "bad", "unknown case", "unknown check", "not built", "wrong use", "help"],
)
def test_a_step_ends_with_0_or_1_or_125(
    tmp_path: Path, arguments: list[str], files: dict[str, str], code: int, said: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([*STEP, *arguments], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
