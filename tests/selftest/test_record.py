"""The whole way from a video to a case, with the scikit-learn that is installed here."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fixtures.corpus import NAME, PROJECT, Case, load_case
from tests.selftest import tracker_fakes
from tests.selftest.recorder import Recorder, Said
from tests.support import estimator, replay
from tests.support.diagnosis import diagnose
from tests.support.picture import LOST as LOST_COLOUR
from tests.tools.record import recording, video
from tests.tools.record.pixels import Conversion
from tests.tools.record.video import SCENE

LOST = 4  # the component of the object that leaves


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("a folder") / "My tracker.mkv"
    assert video.main(["--to", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def recorded(film: Path) -> tuple[Said, Case]:
    """What a recording of the demonstration says, and the one case that it writes."""
    recorder = Recorder(film.parent / "my cases")
    said = recorder(film, "--picture", str(film.with_suffix(".png")))
    (name,) = recorder.cases()
    return said, load_case(name, root=recorder.root)


def test_a_video_becomes_the_case_of_its_first_break(recorded: tuple[Said, Case]) -> None:
    said, case = recorded
    assert (said.code, said.err) == (0, "")
    number = int(case.name.removeprefix("my-tracker-frame-"))
    np.testing.assert_array_equal(case.frame, SCENE.frame(number))
    (outcome,) = replay.replay(case, estimator.import_estimator(estimator.DEFAULT_ESTIMATOR))
    assert [component.number for component in diagnose(case, outcome).collapsed()] == [LOST]
    assert "replayed from its files: breaks again, component 4 the same way" in said.out


def test_the_story_of_a_break_is_reported(recorded: tuple[Said, Case]) -> None:
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
    readme = (PROJECT / "tests" / "README.md").read_text(encoding="utf-8")
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
    arrow = np.array([int(LOST_COLOUR[start : start + 2], 16) for start in (1, 3, 5)])
    assert (np.abs(levels.astype(int) - arrow).max(axis=1) < 3).any()


def test_a_case_says_where_it_comes_from(recorded: tuple[Said, Case], film: Path) -> None:
    _, case = recorded
    provenance = case.provenance
    assert provenance["kind"] == "user"
    assert provenance["recorded_from"] == "My tracker.mkv"
    assert provenance["frame"] == provenance["frame_before"] + 1
    assert provenance["pixels"] == vars(Conversion())
    assert provenance["stride"] == 1
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
    first = recording.store(case, tmp_path)
    assert recording.store(case, tmp_path) == first
    assert [path.name for path in tmp_path.iterdir()] == [case.name]


def test_another_case_of_that_name_gets_another_name(recorded: tuple[Said, Case], tmp_path: Path) -> None:
    _, case = recorded
    _, folder = recording.store(case, tmp_path)
    before = (folder / "case.json").read_bytes()
    for number in (2, 3):
        other, _ = recording.store(case._replace(title=f"another {number}"), tmp_path)
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
    assert recording.default_name(source, 7) == name
    assert re.fullmatch(NAME, recording.default_name(source * 30, 7))


def test_all_goes_on_and_keeps_the_first_break(film: Path, recorder: Recorder) -> None:
    said = recorder(film, "--all")
    assert said.code == 0
    assert "broke in 1 frame:\n  frame   14  component 4 is empty\n" in said.out
    assert len(recorder.cases()) == 1
    assert len([line for line in said.out.splitlines() if line.startswith("frame ")]) == video.N_FRAMES


@pytest.mark.parametrize("kind", ["tied", "diag", "spherical"])
def test_point_sets_are_recorded_with_every_covariance_type(point_sets: Path, recorder: Recorder, kind: str) -> None:
    said = recorder(point_sets, "--covariance-type", kind, components=2)
    assert said.code == 0
    case = load_case("frames-frame-3", root=recorder.root)
    assert case.settings.covariance_type == kind
    assert case.provenance["file"] == "f3.npy"
    np.testing.assert_array_equal(case.frame, np.load(point_sets / "f3.npy"))


def test_a_component_that_becomes_pinned_stops_nothing_unless_it_should(tmp_path: Path, recorder: Recorder) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    cloud = np.random.RandomState(0).normal(size=(20, 2))
    for number, size in enumerate((1, 0)):
        np.save(frames / f"{number}.npy", np.concatenate([cloud, 50 + size * cloud]))
    said = recorder(frames, components=2)
    assert said.code == 1
    assert "frame 1 is the first with a component that became pinned" in said.out
    assert "--pinned stops there" in said.out
    asked = recorder(frames, "--pinned", components=2)
    assert asked.code == 0
    assert recorder.cases() == ["frames-frame-1"]


def test_a_large_film_is_thinned_and_its_header_says_so(film: Path, recorder: Recorder) -> None:
    said = recorder(film, "--max-samples", "3000", "--every", "2")
    head = "of the 9,975 samples of frame 0 one of every 4 is taken: 2,494 (--stride 1 takes all, --max-samples N"
    assert said.out.splitlines()[1].startswith(head)
    (name,) = recorder.cases()
    case = load_case(name, root=recorder.root)
    assert case.provenance["stride"] == 4
    whole = {tuple(point) for point in SCENE.frame(case.provenance["frame"]).tolist()}
    assert {tuple(point) for point in case.frame.tolist()} <= whole


def test_a_crop_is_kept_with_the_case(film: Path, recorder: Recorder) -> None:
    assert recorder(film, "--crop", "60,0,100,120", components=3).code == 0
    (name,) = recorder.cases()
    case = load_case(name, root=recorder.root)
    assert case.provenance["pixels"]["crop"] == [60, 0, 100, 120]
    assert case.frame[:, 0].min() >= 60


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
    said = recorder(film, "--estimator", "tests.support.remedies:LogDomainMixture")
    assert said.code == 1
    assert "empty" not in said.out
