"""A fault in the call of pytest, or of any command: one clear line and its exit code, never a traceback."""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from fixtures.corpus import PROJECT
from tests.selftest.conftest import Refusal
from tests.selftest.suite_runs import Run
from tests.support import ledger, replay
from tests.tools import release_table

OPTIONS = {
    "no colon": "--estimator=GaussianMixture",
    "no module": "--estimator=no_such_module:GaussianMixture",
    "no class": "--estimator=tests.selftest.fakes:NoSuchFake",
    "no folder": "--capture-dir=no such folder",
}


@pytest.fixture(scope="module")
def runs(project: Path, start_run: Callable[..., Future[Run]]) -> dict[str, Future[Run]]:
    """A run with each of the wrong options, and one with a wrong environment variable."""
    started = {fault: start_run(project, option) for fault, option in OPTIONS.items()}
    return started | {"no folder in GMM_CAPTURE": start_run(project, GMM_CAPTURE="no such folder")}


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("no colon", "--estimator is 'GaussianMixture'; should be MODULE:CLASS, like sklearn.mixture:GaussianMixture"),
        ("no module", "--estimator names the module 'no_such_module', which cannot be imported (No module named"),
        ("no class", "--estimator names 'NoSuchFake', which tests.selftest.fakes does not define; should be a class"),
        ("no folder", "names 'no such folder', which is not a folder; should be the folder that holds"),
        ("no folder in GMM_CAPTURE", "GMM_CAPTURE names 'no such folder', which is not a folder; should be the folder"),
    ],
)
def test_a_wrong_call_is_refused_in_one_line(runs: dict[str, Future[Run]], fault: str, seen: str) -> None:
    assert seen in runs[fault].result().usage_error()


def test_the_line_names_the_option_that_was_typed(runs: dict[str, Future[Run]]) -> None:
    """Plain pytest has a --capture of its own, which means something else."""
    assert "--capture-dir names" in runs["no folder"].result().usage_error()


@pytest.mark.parametrize("path", ["", ":", "module:", ":Class", ".fakes:Raises", "..fakes:Raises"])
def test_an_estimator_that_is_no_module_and_class_is_refused(path: str) -> None:
    with pytest.raises(replay.UnknownEstimator, match=r"should be "):
        replay.import_estimator(path)


@pytest.mark.parametrize("path", ["tests.selftest.fakes:np", "tests.selftest.fakes:ERROR", "math:sqrt"])
def test_an_estimator_that_is_no_class_is_refused(path: str) -> None:
    with pytest.raises(replay.UnknownEstimator, match=r"should be a class"):
        replay.import_estimator(path)


def test_a_module_that_cannot_be_compiled_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_written_estimator.py").write_text("class Half(\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(replay.UnknownEstimator, match=r"cannot be imported"):
        replay.import_estimator("half_written_estimator:Half")


COMMANDS = {
    "add-case": "fixtures.add_case",
    "bench": "tests.tools.bench.__main__",
    "bisect": "tests.tools.bisect.command",
    "compare": "tests.tools.compare.__main__",
    "corpus": "fixtures.regenerate",
    "demonstration": "tests.tools.record.demonstration",
    "fetch-capture": "tests.tools.fetch_capture",
    "mutants": "tests.tools.mutants.__main__",
    "record": "tests.tools.record.__main__",
    "record-baseline": "tests.tools.record_baseline",
    "record-published-fit": "tests.tools.published_fit",
    "reduce": "tests.tools.reduce.__main__",
    "releases": "tests.tools.releases",
    "remedies": "tests.tools.remedies",
    "report": "tests.tools.report.__main__",
    "tests-source": "tests.tools.sources.__main__",
}
Main = Callable[[list[str]], int]
NOWHERE = "/dev/null/nowhere"
ARRAYS = ["--frame", "f.npy", "--weights", "w.npy", "--means", "m.npy", "--precisions", "p.npy"]
QUESTION = ["--case", "two-samples", "--check", "test_no_component_collapses"]


def main_of(command: str) -> Main:
    """What a session of nox calls."""
    return importlib.import_module(COMMANDS[command]).main


def test_every_command_of_a_session_is_in_the_table() -> None:
    called = set(re.findall(r'"-m", "([a-z_.]+)"', (PROJECT / "noxfile.py").read_text(encoding="utf-8")))
    assert called - {"pytest"} == {re.sub(r"\.(__main__|command)$", "", module) for module in COMMANDS.values()}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_and_exit_codes_the_same_way(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main_of(command)(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: nox -s {command} -- ")
    assert f"\nexamples:\n  nox -s {command}" in said
    assert re.search(r"\n\nexit codes: 0 .+, 1 .+, 2 wrong use or bad input, 130 interrupted\n$", said)


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"tests-source"}))  # which hands it to pytest
def test_an_option_that_there_is_not_is_refused(command: str, refusal: Refusal) -> None:
    assert refusal(main_of(command), ["--no-such-option"]).endswith("(--help shows the options)")


@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_is_one_line(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", stop)
    assert main_of(command)([]) == 130
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("interrupted: ")


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("bench", []),
        ("bisect", QUESTION),
        ("compare", ["1.8", "1.9"]),
        ("compare", ["--neighbours"]),
        ("compare", ["--self-test"]),
        ("mutants", ["--dry-run"]),
        ("record", ["FRAMES", "--components", "2"]),
        ("reduce", ["two-samples"]),
        ("report", []),
        ("report", ["--readme"]),
        ("tests-source", ["1.9"]),
    ],
)
def test_a_broken_table_of_releases_is_told(
    command: str, arguments: list[str], point_sets: Path, monkeypatch: pytest.MonkeyPatch, refusal: Refusal
) -> None:
    broken = point_sets / "releases.json"
    broken.write_text("[]", encoding="utf-8")
    monkeypatch.setattr(release_table.read, "__defaults__", (broken,))
    said = refusal(main_of(command), [word.replace("FRAMES", str(point_sets)) for word in arguments])
    assert said.startswith(f"error: {broken}: ")


@pytest.mark.parametrize(
    ("command", "arguments"), [("reduce", ["--ledger", "--dry-run"]), ("report", []), ("report", ["--readme"])]
)
def test_a_broken_ledger_is_told(
    command: str, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Refusal
) -> None:
    broken = tmp_path / "known_defects.json"
    broken.write_text("{}", encoding="utf-8")
    monkeypatch.setattr(ledger.read_ledger, "__defaults__", (broken,))
    assert str(broken) in refusal(main_of(command), arguments)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("add-case", ["--name", "new", *ARRAYS, "--root", NOWHERE]),
        ("bench", ["1.9", "--capture", NOWHERE]),
        ("bisect", [*QUESTION, "--repo", NOWHERE]),
        ("compare", ["1.8", "1.9", "--capture", NOWHERE]),
        ("compare", ["1.8", "1.9", "--json", f"{NOWHERE}/ratios.json"]),
        ("corpus", ["--root", NOWHERE]),
        ("corpus", ["--capture", NOWHERE]),
        ("demonstration", ["--to", f"{NOWHERE}/film.mkv"]),
        ("fetch-capture", ["--to", NOWHERE]),
        ("record", [NOWHERE, "--components", "2"]),
        ("record-baseline", ["--capture", NOWHERE]),
        ("record-published-fit", ["--capture", NOWHERE]),
        ("reduce", [NOWHERE]),
        ("reduce", ["capture-frame-44", "--capture", NOWHERE]),
        ("remedies", ["--capture", NOWHERE]),
        ("remedies", ["--json", f"{NOWHERE}/remedies.json"]),
        ("report", [NOWHERE]),
        ("tests-source", [NOWHERE]),
    ],
)
def test_a_folder_that_there_is_not_is_told(command: str, arguments: list[str], refusal: Refusal) -> None:
    assert NOWHERE in refusal(main_of(command), arguments)
