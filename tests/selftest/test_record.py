"""The whole way from a video to a case, with the scikit-learn that is installed here."""

from __future__ import annotations

import contextlib
import io
import json
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fixtures import plots
from fixtures.corpus import NAME, PROJECT, Case, load_case
from tests.selftest import tracker_fakes
from tests.support import replay, tracker, worker
from tests.support.diagnosis import diagnose
from tests.tools.record import __main__ as record
from tests.tools.record import demonstration, stored_break
from tests.tools.record.demonstration import SCENE, write_video
from tests.tools.record.tracker_process import MODULE, Worker
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.worker_process import WorkerProcess, WorkerRefused

LOST = 4  # the component of the object that leaves


def this_environment(_: object) -> Worker:
    """A worker in the environment of the selftests, in place of a release's."""
    return WorkerProcess(Path(sys.executable), MODULE, "scikit-learn of the selftests")


class WorkerInThisProcess:
    """What a worker process answers, without the seconds that a process takes to start."""

    name = "scikit-learn of the selftests"

    def __init__(self) -> None:
        self._answers = tracker.answers()
        self._reply: Any = None

    def ask(self, do: str, **arguments: Any) -> Any:
        """Answer, through JSON as a process would."""
        try:
            return json.loads(json.dumps(self._answers[do](**json.loads(json.dumps(arguments)))))
        except worker.Refused as reason:
            raise WorkerRefused(str(reason)) from None

    def send(self, do: str, **arguments: Any) -> None:
        """Answer at once."""
        self._reply = self.ask(do, **arguments)

    def receive(self) -> Any:
        """The answer."""
        return self._reply

    def __exit__(self, *_: object) -> None:
        """Nothing is to be stopped."""


@dataclass(frozen=True)
class Said:
    """What one recording said."""

    code: int
    out: str
    err: str

    def only_error(self) -> str:
        """The one line of a refusal."""
        assert self.code == 2, self.out + self.err
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


class Recorder:
    """Records into a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()

    def __call__(self, source: Path, *options: str, components: int = 5) -> Said:
        """Record a source."""
        arguments = [str(source), "--components", str(components), "--root", str(self.root), *options]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = record.main(arguments, lambda _: WorkerInThisProcess())
        return Said(code, out.getvalue(), err.getvalue())

    def cases(self) -> list[str]:
        """Names of what is in the folder."""
        return sorted(path.name for path in self.root.iterdir())


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path / "my cases")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("a folder") / "My tracker.mkv"
    assert demonstration.main(["--to", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def recorded(film: Path) -> tuple[Said, Case]:
    """What a recording of the demonstration says, and the one case that it writes."""
    recorder = Recorder(film.parent / "my cases")
    said = recorder(film, "--picture", str(film.with_suffix(".png")))
    (name,) = recorder.cases()
    return said, load_case(name, root=recorder.root)


@pytest.fixture
def point_sets(tmp_path: Path) -> Path:
    """Four frames of two clouds, the second of which is gone in the last."""
    folder = tmp_path / "frames"
    folder.mkdir()
    random = np.random.RandomState(0)
    clouds = [random.normal(centre, 1.0, size=(20, 2)) for centre in (20.0, 90.0)]
    for number in range(3):
        np.save(folder / f"f{number}.npy", np.concatenate(clouds) + number / 10)
    np.save(folder / "f3.npy", clouds[0])
    return folder


def test_a_video_becomes_the_case_of_its_first_break(recorded: tuple[Said, Case]) -> None:
    said, case = recorded
    assert (said.code, said.err) == (0, "")
    number = int(case.name.removeprefix("my-tracker-frame-"))
    np.testing.assert_array_equal(case.frame, SCENE.frame(number))
    (outcome,) = replay.replay(case, replay.import_estimator(replay.DEFAULT_ESTIMATOR))
    assert [component.number for component in diagnose(case, outcome).collapsed()] == [LOST]
    assert "replayed from its files: breaks again, component 4 the same way" in said.out


def test_the_story_of_a_break_is_told(recorded: tuple[Said, Case]) -> None:
    out = recorded[0].out
    lines = [line for line in out.splitlines() if line.startswith("frame ")]
    assert all(line.endswith("all 5 healthy") for line in lines[:-1])
    assert lines[-1].endswith("4 healthy, 1 empty (4)")
    assert re.search(r"^frame +0 +9,975 samples +\d+ iterations +smallest mass +[\d.]+ \(component 4\)", out, re.M)
    story = out[out.index("component 4 is empty") :]
    assert "started    at (158." in story
    masses = [float(mass) for mass in re.findall(r"frame +\d+  mass +(\S+) samples", story)]
    assert len(masses) == 6
    assert masses[0] > 1000 > masses[-2] > masses[-1]
    assert re.search(r"frames fitted in .* s inside fit, .* s decoding, [\d.]+ times their sum", story)


def test_the_readme_tells_the_same_story(recorded: tuple[Said, Case]) -> None:
    """But for the case's folder and what a release may compute otherwise: iterations and last digits."""
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"```\n(tracker\.mkv, a video.*?)```", readme, flags=re.DOTALL)
    pattern = r"^frame +(\d+) +([\d,]+) samples .*\(component (\d)\)  (.*)$"
    frames = re.findall(pattern, told, flags=re.MULTILINE)
    assert len(frames) == 3
    assert set(frames) <= set(re.findall(pattern, recorded[0].out, flags=re.MULTILINE))
    assert "case .recorded/tracker-frame-14" in told
    assert recorded[1].name == "my-tracker-frame-14"


def test_a_break_is_drawn(recorded: tuple[Said, Case], film: Path) -> None:
    picture = film.with_suffix(".png")
    assert f"picture {picture}" in recorded[0].out
    with Image.open(picture) as image:
        levels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    arrow = np.array([int(plots.LOST[start : start + 2], 16) for start in (1, 3, 5)])
    assert (np.abs(levels.astype(int) - arrow).max(axis=1) < 3).any()


def test_a_case_says_where_it_comes_from(recorded: tuple[Said, Case], film: Path) -> None:
    _, case = recorded
    provenance = case.provenance
    assert provenance["kind"] == "user"
    assert provenance["recorded_from"] == "My tracker.mkv"
    assert provenance["frame"] == provenance["frame_before"] + 1
    assert provenance["pixels"] == {"threshold": 1.0, "scale": 1.0, "difference": False}
    assert provenance["recorded_with"]["numpy"] == np.__version__
    assert case.title.startswith("component 4 is empty in frame")
    assert {"integer-pixels", "object-leaves"} <= set(case.flags)
    # A path would say more of the user's machine than the user may want to publish.
    assert str(film.parent) not in repr(case)


def test_settings_and_name_are_the_users(point_sets: Path, recorder: Recorder) -> None:
    more = ("--name", "mine", "--tol", "0.01", "--reg-covar", "0.0001", "--max-iter", "70", "--every", "3")
    assert recorder(point_sets, *more, components=2).code == 0
    case = load_case("mine", root=recorder.root)
    assert case.settings == ("full", 0.0001, 0.01, 70)
    assert (case.provenance["frame_before"], case.provenance["frame"], case.provenance["every"]) == (0, 3, 3)


def test_the_same_case_again_is_left_as_it_is(recorded: tuple[Said, Case], tmp_path: Path) -> None:
    _, case = recorded
    first = stored_break.store(case, tmp_path)
    assert stored_break.store(case, tmp_path) == first
    assert [path.name for path in tmp_path.iterdir()] == [case.name]


def test_another_case_of_that_name_gets_another_name(recorded: tuple[Said, Case], tmp_path: Path) -> None:
    _, case = recorded
    _, folder = stored_break.store(case, tmp_path)
    before = (folder / "case.json").read_bytes()
    for number in (2, 3):
        other, _ = stored_break.store(case._replace(title=f"another {number}"), tmp_path)
        assert other.name == f"{case.name}-{number}"
        assert load_case(other.name, root=tmp_path).title == f"another {number}"
    assert (folder / "case.json").read_bytes() == before


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("My video.mp4", "my-video-frame-7"),
        ("frames", "frames-frame-7"),
        ("Видео.mkv", "frame-7"),
        ("a..b.npy", "a-b-frame-7"),
    ],
)
def test_a_default_name_is_a_case_name(source: str, name: str) -> None:
    assert stored_break.default_name(source, 7) == name
    assert re.fullmatch(NAME, stored_break.default_name(source * 30, 7))


def test_all_goes_on_and_keeps_the_first_break(film: Path, recorder: Recorder) -> None:
    said = recorder(film, "--all")
    assert said.code == 0
    assert len(recorder.cases()) == 1
    assert len([line for line in said.out.splitlines() if line.startswith("frame ")]) == demonstration.N_FRAMES


@pytest.mark.parametrize("kind", ["tied", "diag", "spherical"])
def test_point_sets_are_recorded_with_every_covariance_type(point_sets: Path, recorder: Recorder, kind: str) -> None:
    said = recorder(point_sets, "--covariance-type", kind, components=2)
    assert said.code == 0
    case = load_case("frames-frame-3", root=recorder.root)
    assert case.settings.covariance_type == kind
    assert case.provenance["file"] == "f3.npy"
    np.testing.assert_array_equal(case.frame, np.load(point_sets / "f3.npy"))


def test_where_nothing_breaks_no_case_is_written(point_sets: Path, recorder: Recorder) -> None:
    (point_sets / "f3.npy").unlink()
    said = recorder(point_sets, components=2)
    assert (said.code, said.err) == (1, "")
    assert "nothing broke in scikit-learn" in said.out
    assert recorder.cases() == []


def test_a_fit_that_does_not_converge_says_so(point_sets: Path, recorder: Recorder) -> None:
    said = recorder(point_sets, "--max-iter", "1", "--tol", "0", components=2)
    assert "did not converge  ConvergenceWarning" in said.out


def test_a_fit_that_raises_later_is_a_break_with_a_case(point_sets: Path, recorder: Recorder) -> None:
    said = recorder(point_sets, "--estimator", "tests.selftest.tracker_fakes:RaisesWhenWarm", components=2)
    assert said.code == 0
    assert f"the fit raised RuntimeError: {tracker_fakes.ERROR}" in said.out
    case = load_case("frames-frame-1", root=recorder.root)
    assert case.title.startswith("the fit raised RuntimeError")
    assert "replayed from its files: fits; the error needs the recording" in said.out


def test_a_fit_that_raises_on_the_first_frame_ends_in_one_line(point_sets: Path, recorder: Recorder) -> None:
    said = recorder(point_sets, "--estimator", "tests.selftest.tracker_fakes:RaisesAtOnce", components=2)
    assert "frame 0, the first: the fit raised RuntimeError: first line second line" in said.only_error()
    assert recorder.cases() == []


def test_a_break_that_its_case_does_not_show_is_said_to_need_warm_start(point_sets: Path, recorder: Recorder) -> None:
    said = recorder(point_sets, "--estimator", "tests.selftest.tracker_fakes:BreaksOnlyWhenWarm", components=2)
    assert "component 1 is dragged" in said.out
    assert "component 1 ends otherwise (all 2 healthy): the break needs what warm_start=True carries" in said.out


def test_a_remedy_can_be_tried_on_a_video(film: Path, recorder: Recorder) -> None:
    said = recorder(film, "--estimator", "tests.support.remedies:LogDomainMixture", "--ignore-pinned")
    assert said.code == 1
    assert "empty" not in said.out


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


def test_options_of_pixels_are_refused_for_points(point_sets: Path, recorder: Recorder) -> None:
    assert "--threshold is for pixels" in recorder(point_sets, "--threshold", "3").only_error()


def test_an_unknown_release_is_refused(point_sets: Path, recorder: Recorder) -> None:
    assert "there is no release '0.17'" in recorder(point_sets, "--sklearn", "0.17").only_error()


def test_an_unknown_estimator_is_refused(point_sets: Path, recorder: Recorder) -> None:
    assert (
        "--estimator is 'Mixture'; should be MODULE:CLASS"
        in recorder(point_sets, "--estimator", "Mixture").only_error()
    )


def test_an_environment_that_cannot_be_made_is_told(point_sets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def without_network(_: object) -> Worker:
        raise EnvironmentFailed("`uv pip install ...` failed: no network")

    assert record.main([str(point_sets), "--components", "2"], without_network) == 2
    assert capsys.readouterr().err == "error: `uv pip install ...` failed: no network\n"


WRONG = {
    "--components is 0; should be 1 or more": ["--components", "0"],
    "--every is 0; should be 1 or more": ["--every", "0"],
    "--threshold is nan; should be a grey level": ["--threshold", "nan"],
    "--scale is -1.0; should be more than 0": ["--scale", "-1"],
    "--name is 'My Case'; should be lower-case letters": ["--name", "My Case"],
    "--root names 'no folder', which is not a folder": ["--root", "no folder"],
    "has tol -1.0; should be": ["--tol", "-1"],
    "--picture is 'break.jpg'; should end in .png": ["--picture", "break.jpg"],
    "exists; should be a new name": ["--root", str(PROJECT / "fixtures"), "--name", "cases"],
}


@pytest.mark.parametrize("complaint", WRONG)
def test_options_that_make_no_sense_are_refused_before_anything_is_read(
    complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        record.main(["no such video.mp4", "--components", "2", *WRONG[complaint]], this_environment)
    assert stop.value.code == 2
    assert complaint in capsys.readouterr().err


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.selftest.test_record import WorkerInThisProcess, record
Path.rename = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
record.main(sys.argv[1:], lambda release: WorkerInThisProcess())
"""


def run(script: str, *arguments: str) -> Said:
    """A recording in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    return Said(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def no_file_beyond(n_bytes: int) -> Iterator[None]:
    """As on a full disk, no file grows beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Bytecode that is cut off would be taken for whole.
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sys.dont_write_bytecode = before


@pytest.mark.parametrize(("n_bytes", "written"), [(200, 0), (900, 4)])
def test_a_disk_that_fills_up_is_told_and_leaves_nothing(
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
    script = "import sys; from tests.selftest.test_record import WorkerInThisProcess, record; "
    script += "sys.exit(record.main(sys.argv[1:], lambda release: WorkerInThisProcess()))"
    said = run(script, str(odd), "--components", "2", "--root", str(root))
    assert (said.code, said.err) == (0, "")
    assert load_case("frames-frame-3", root=root).provenance["file"] == "f3.npy"


def test_a_process_that_is_killed_leaves_no_half_case(point_sets: Path, tmp_path: Path) -> None:
    """Killed when all files are written and the folder has not got its name: the worst moment."""
    said = run(KILLED, str(point_sets), "--components", "2", "--root", str(tmp_path))
    assert said.code == -9
    assert not (tmp_path / "frames-frame-3").exists()


def test_ctrl_c_is_one_line(tmp_path: Path) -> None:
    np.save(tmp_path / "still.npy", np.stack([SCENE.frame(0)[:500].astype(np.uint8) % 7] * 4000))
    script = "import sys; from tests.selftest.test_record import record, this_environment; "
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
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    (line,) = err.strip().splitlines()
    assert re.fullmatch(r"stopped by Ctrl-C after \d+ frames; no case is written", line)


def test_the_recorders_own_environment_needs_no_scikit_learn() -> None:
    script = "import sys; sys.modules.update(dict.fromkeys(['sklearn', 'scipy', 'pytest'])); "
    script += "import tests.tools.record.__main__, tests.tools.record.demonstration"
    assert run(script).code == 0
