"""Recordings that cannot be made, are cut off or killed: one clear line, and nothing half written."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from fixtures.corpus import PROJECT, load_case
from tests.selftest.conftest import Refusal
from tests.selftest.full_disk import no_file_beyond
from tests.selftest.recorder import Recorder, Said
from tests.tools.record import __main__ as record
from tests.tools.record.video import SCENE, write_video
from tests.tools.release_environment import EnvironmentFailed


def test_more_components_than_points_are_refused(point_sets: Path, recorder: Recorder) -> None:
    said = recorder(point_sets, components=41)
    assert said.out.count("should have at least 41, one a component") == 4
    assert "none of the 4 frames" in said.only_error()
    assert "could be fitted with 41 components" in said.err


def test_a_video_without_frames_is_refused(tmp_path: Path, recorder: Recorder) -> None:
    np.save(tmp_path / "dark.npy", np.zeros((1, 40, 40), np.uint8))
    assert "none of the 1 frames" in recorder(tmp_path / "dark.npy").only_error()
    write_video(tmp_path / "one.mkv", [np.zeros((40, 40), np.uint8)])
    header = (tmp_path / "one.mkv").read_bytes()
    (tmp_path / "none.mkv").write_bytes(header[: header.index(b"\x1f\x43\xb6\x75")])  # up to the first cluster
    assert "none.mkv" in recorder(tmp_path / "none.mkv").only_error()


@pytest.mark.parametrize("option", ["--threshold=3", "--max-samples=9", "--stride=1", "--crop=0,0,2,2", "--above"])
def test_options_of_pixels_are_refused_for_points(point_sets: Path, recorder: Recorder, option: str) -> None:
    assert f"{option.partition('=')[0]} is for pixels" in recorder(point_sets, option).only_error()


def test_an_unknown_release_is_refused(point_sets: Path, recorder: Recorder) -> None:
    assert "there is no release '0.17'" in recorder(point_sets, "--sklearn", "0.17").only_error()


def test_an_unknown_estimator_is_refused(point_sets: Path, recorder: Recorder) -> None:
    assert (
        "--estimator is 'Mixture'; should be MODULE:CLASS"
        in recorder(point_sets, "--estimator", "Mixture").only_error()
    )


def test_an_environment_that_cannot_be_made_is_reported(point_sets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def without_network(*_: object) -> NoReturn:
        raise EnvironmentFailed("`uv pip install ...` failed: no network")

    assert record.main([str(point_sets), "--components", "2"], without_network) == 2
    assert capsys.readouterr().err == "error: `uv pip install ...` failed: no network\n"


WRONG = {
    "--components is 0; should be 1 or more": ["--components", "0"],
    "--every is 0; should be 1 or more": ["--every", "0"],
    "--threshold is nan; should be a grey level": ["--threshold", "nan"],
    "--stride is 0; should be 1 or more": ["--stride", "0"],
    "--max-samples is 1; should be at least one a component, 2": ["--max-samples", "1"],
    "--crop is '1,2,3'; should be X,Y,WIDTH,HEIGHT": ["--crop", "1,2,3"],
    "--crop is '1,2,0,9'; should be X,Y,WIDTH,HEIGHT": ["--crop", "1,2,0,9"],
    "--scale is -1.0; should be more than 0": ["--scale", "-1"],
    "--name is 'My Case'; should be lower-case letters": ["--name", "My Case"],
    "--root names 'no folder', which is not a folder": ["--root", "no folder"],
    "has tol -1.0; should be": ["--tol", "-1"],
    "--picture is 'break.jpg'; should end in .png": ["--picture", "break.jpg"],
    "exists; should be a new name": ["--root", str(PROJECT / "fixtures"), "--name", "cases"],
}


@pytest.mark.parametrize("complaint", WRONG)
def test_options_that_make_no_sense_are_refused_before_anything_is_read(complaint: str, refusal: Refusal) -> None:
    assert complaint in refusal(record.main, ["no such video.mp4", "--components", "2", *WRONG[complaint]])


def test_the_reference_names_only_options_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    text = (PROJECT / "tests" / "README.md").read_text(encoding="utf-8")
    section = text.partition("## From a video")[2].partition("nox -s reduce")[0]
    with pytest.raises(SystemExit):
        record.main(["--help"])
    there = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    assert len(named := set(re.findall(r"--[a-z][a-z-]*", section)) - {"--to"}) > 10
    assert named <= there


KILLED = """
import os, signal, sys
from pathlib import Path
from typing import NoReturn
from tests.selftest.recorder import WorkerInThisProcess, record
Path.rename = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
record.main(sys.argv[1:], lambda *_: WorkerInThisProcess())
"""


def run(script: str, *arguments: str) -> Said:
    """A recording in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(("n_bytes", "written"), [(200, 0), (900, 4)])
def test_a_disk_that_fills_up_is_reported_and_leaves_nothing(
    point_sets: Path, recorder: Recorder, n_bytes: int, written: int
) -> None:
    """When the first frame is handed over, and when the case is written."""
    with no_file_beyond(n_bytes):
        said = recorder(point_sets, components=2)
    assert said.out.count("\nframe") == written
    assert "File too large" in said.only_error()
    assert recorder.cases() == []


def test_a_name_that_no_encoding_has_letters_for_is_no_obstacle(point_sets: Path, tmp_path: Path) -> None:
    odd = point_sets.rename(point_sets.with_name("frames \udcff"))
    root = tmp_path / "cases"
    root.mkdir()
    script = "import sys; from tests.selftest.recorder import WorkerInThisProcess, record; "
    script += "sys.exit(record.main(sys.argv[1:], lambda *_: WorkerInThisProcess()))"
    said = run(script, str(odd), "--components", "2", "--root", str(root))
    assert (said.code, said.err) == (0, "")
    assert load_case("frames-frame-3", root=root).provenance["file"] == "f3.npy"


def test_a_process_that_is_killed_leaves_no_half_case(point_sets: Path, tmp_path: Path) -> None:
    """Killed when all files are written and the folder has not got its name: the worst moment."""
    said = run(KILLED, str(point_sets), "--components", "2", "--root", str(tmp_path))
    assert said.code == -9
    assert not (tmp_path / "frames-frame-3").exists()


def test_ctrl_c_keeps_what_is_known_and_is_one_line(tmp_path: Path) -> None:
    np.save(tmp_path / "still.npy", np.stack([SCENE.frame(0)[:500].astype(np.uint8) % 7] * 4000))
    script = "import sys; from tests.selftest.recorder import record, this_environment; "
    script += "sys.exit(record.main(sys.argv[1:], this_environment))"
    arguments = [str(tmp_path / "still.npy"), "--components", "1"]
    with subprocess.Popen(
        [sys.executable, "-u", "-c", script, *arguments],
        cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        while not process.stdout.readline().startswith("frame    1"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.fullmatch(r"\d+ frames fitted in .* times their sum", out.splitlines()[-1])
    (line,) = err.strip().splitlines()
    assert re.fullmatch(r"interrupted: stopped after \d+ frames(, in iteration .*)?; no case is written", line)


def test_the_recorders_own_environment_needs_no_scikit_learn() -> None:
    script = "import sys; sys.modules.update(dict.fromkeys(['sklearn', 'scipy', 'pytest'])); "
    script += "import tests.tools.record.__main__, tests.tools.record.video"
    assert run(script).code == 0
