"""A fault in the user's call: one clear line and pytest's exit code for it, never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.selftest.suite_runs import Run
from tests.support import replay

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
