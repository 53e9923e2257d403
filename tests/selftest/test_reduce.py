"""Reducing a case from end to end, with the scikit-learn of this environment."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sklearn

from fixtures.corpus import load_case
from tests.selftest.case_files import store_case
from tests.selftest.conftest import Refusal
from tests.support.diagnosis import diagnose
from tests.support.estimator import import_estimator
from tests.support.replay import replay
from tests.tools import release_environment
from tests.tools.reduce import __main__ as command
from tests.tools.reduce.__main__ import main
from tests.tools.reduce.candidate import Candidate
from tests.tools.reduce.reduction import Progress, Releases
from tests.tools.worker_process import WorkerFailed


@pytest.fixture(scope="module", autouse=True)
def _this_environment() -> Iterator[None]:
    """Every release is the one at hand, in one process for all tests here: no environment is made."""
    with pytest.MonkeyPatch.context() as patch, Releases() as opened:
        patch.setattr(release_environment, "make", lambda _: Path(sys.executable))
        patch.setattr(command, "Releases", lambda _: contextlib.nullcontext(opened))
        yield


@pytest.fixture(scope="module")
def reduced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the reduction of one case has written."""
    folder = tmp_path_factory.mktemp("a folder") / "reduced"
    assert main(["object-leaves-frame", "--into", str(folder)]) == 0
    return folder


def test_a_collapse_is_reduced_to_two_samples_and_two_components(reduced: Path) -> None:
    case = load_case("reduced-object-leaves-frame", root=reduced)
    assert case.frame.shape == (2, 1)
    assert case.n_components == 2
    assert case.provenance["from"] == "object-leaves-frame"


def test_the_reduced_case_collapses_as_the_original_did(reduced: Path) -> None:
    case = load_case("reduced-object-leaves-frame", root=reduced)
    (outcome,) = replay(case, import_estimator("sklearn.mixture:GaussianMixture"))
    (component,) = diagnose(case, outcome).collapsed()
    assert component.state == "empty"
    assert not component.mean.any()


def test_the_script_runs_by_itself_and_shows_the_collapse(reduced: Path, tmp_path: Path) -> None:
    script = (reduced / "reproduce.py").read_text(encoding="utf-8")
    assert len(script.splitlines()) <= 25
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(reduced / "reproduce.py")],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"scikit-learn {sklearn.__version__}" in done.stdout
    assert "mean [0.0], covariance [[1e-06]]" in done.stdout


def test_the_issue_has_the_headings_of_the_template_and_real_output(reduced: Path) -> None:
    text = (reduced / "issue.md").read_text(encoding="utf-8")
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings[1:] == [
        "### Describe the bug",
        "### Steps/Code to Reproduce",
        "### Expected Results",
        "### Actual Results",
        "### Versions",
    ]
    assert (reduced / "reproduce.py").read_text(encoding="utf-8").strip() in text
    assert "mean [0.0]" in text
    assert str(sklearn.__version__) in text


def test_nothing_else_is_left(reduced: Path) -> None:
    names = {path.name for path in reduced.iterdir()}
    assert names == {"reduced-object-leaves-frame", "reproduce.py", "issue.md"}


def test_a_case_outside_the_corpus_is_named_by_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stored = store_case(tmp_path / "mine")
    stored.put_array("means.npy", np.array([[2.0, 2.0], [11.0, 12.0], [2000.0, 5.0]]))
    assert main([str(stored.folder), "--dry-run"]) == 0
    assert "component 2 is empty" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_what_fails_on_every_case_is_not_what_a_case_is_reduced_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Checks that do not depend on the samples, like that of no iterations, are asked last."""
    assert main(["reduced-chain-object-leaves", "--dry-run"]) == 0
    assert "test_warm_start_equals_explicit_replays fails" in capsys.readouterr().out


def test_a_case_that_does_not_fail_is_said_to_be_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["control-16d", "--check", "no_component_collapses", "--into", str(tmp_path / "new")]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith("case control-16d: test_no_component_collapses does not fail; should fail, to be reduced")
    assert not (tmp_path / "new").exists()


def test_a_component_that_is_healthy_is_not_reduced_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["object-leaves-1d", "--component", "0", "--check", "test_no_component_collapses"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert "component 0 is healthy" in line
    assert "should be one that test_no_component_collapses fails for: 3 (empty" in line


@pytest.mark.parametrize("component", ["4", "-1"])
def test_a_component_that_does_not_exist_is_refused(component: str, refusal: Refusal) -> None:
    said = refusal(main, ["object-leaves-1d", f"--component={component}"])
    assert f"--component is {component}; object-leaves-1d has the components 0 to 3" in said


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["no-such-case"], "there is no case 'no-such-case'; should be one of"),
        (["capture-frame-44", "--capture", "no/such/folder"], "which is not a folder"),
        (["two-samples", "--check", "no_such_check"], "--check is 'no_such_check'; should be one of "),
        (["two-samples", "--sklearn", "0.17"], "there is no release '0.17'"),
        (["two-samples", "--into", "/dev/null/here"], "/dev/null/here cannot be written: Not a directory"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(arguments: list[str], complaint: str, refusal: Refusal) -> None:
    assert complaint in refusal(main, arguments)


def test_ctrl_c_keeps_the_smallest_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    n_samples = len(load_case("object-leaves-1d").frame)

    def press(_: Progress, step: str, best: Candidate, asked: int) -> None:  # noqa: ARG001
        if best.shape[0] < n_samples:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "tried", press)
    assert main(["object-leaves-1d", "--into", str(tmp_path / "new")]) == 130
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"interrupted: {tmp_path / 'new'} has the smallest so far, ")
    assert line.endswith("; the same command goes on from here")
    assert len(load_case("reduced-object-leaves-1d", root=tmp_path / "new").frame) < n_samples


def test_a_worker_that_has_died_is_started_again() -> None:
    with Releases() as releases:
        first = releases.probe("1.9.1")
        os.kill(first.process_id, signal.SIGKILL)
        with pytest.raises(WorkerFailed):
            first.ask("names")
        assert "test_no_component_collapses" in releases.probe("1.9.1").ask("names")


def test_a_disk_that_fills_up_leaves_nothing_half_written(tmp_path: Path) -> None:
    """No file may have more than 200 bytes: not even the journal can be written."""
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        " resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200));"
        " from pathlib import Path; from tests.tools.reduce import output; from fixtures.corpus import load_case;"
        " output.store(Path(sys.argv[1]), load_case('two-samples'), {'issue.md': 'x' * 300})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "full")], capture_output=True, text=True, check=False
    )
    assert "File too large" in done.stderr
    assert list((tmp_path / "full").iterdir()) == []
