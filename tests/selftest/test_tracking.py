"""Tracking: which component follows an object, and what is counted as lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fixtures.generated_case import Disc
from tests.tools import tracking
from tests.tools.tracking import ANOTHER, HIDDEN, OWN, SHARED, Course, Left, Video

LEFT, RIGHT = Disc(x=20, y=20, radius=3, peak=5), Disc(x=60, y=20, radius=3, peak=5, until=19)
TWO = Video("two", "two objects, and one leaves", ((LEFT,), (RIGHT,)))
MEANS = np.array([[20.0, 20.0], [60.0, 20.0]])


def left(means: np.ndarray) -> Left:
    """The same round components on every frame."""
    factors = np.tile(np.eye(2), (len(means), 1, 1))
    return [(np.log(np.full(len(means), 1 / len(means))), means, factors)] * tracking.N_FRAMES


@pytest.mark.parametrize(
    ("means", "first", "second"),
    [
        (MEANS, OWN, OWN),
        (MEANS[::-1], ANOTHER, ANOTHER),
        (MEANS + [[20, 0], [1000, 0]], SHARED, SHARED),  # one component in the middle of both
    ],
    ids=["own", "another", "shared"],
)
def test_an_object_is_followed_by(means: np.ndarray, first: int, second: int) -> None:
    fate = tracking.course(TWO, TWO.case(), left(means)).fate
    assert fate[:, 0].tolist() == [first, second]
    assert fate[1, 19:21].tolist() == [second, HIDDEN]


def test_a_fit_that_raised_follows_nothing() -> None:
    fate = tracking.course(TWO, TWO.case(), left(MEANS)[:5]).fate
    assert fate[:, 4:6].tolist() == [[OWN, SHARED], [OWN, SHARED]]


def test_a_component_outside_the_samples_is_counted_in_each_frame() -> None:
    origin = np.array([[20.0, 20.0], [0.0, 0.0]])
    assert tracking.course(TWO, TWO.case(), left(origin)).outside == tracking.N_FRAMES
    assert tracking.course(TWO, TWO.case(), left(np.array([[20.0, 20.0]] * 2))).outside == 0


def test_a_pixel_is_of_the_brightest_object() -> None:
    dim = Video("behind", "a dim object behind a bright one", ((LEFT,), (Disc(x=22, y=20, radius=3, peak=2),)))
    frame, labels = dim.scene().frame(0), dim.labels(0)
    assert set(labels[(frame == [20, 20]).all(axis=1)]) == {0}
    assert set(labels[frame[:, 0] >= 23]) == {1}


def test_every_video_begins_with_a_component_for_each_object() -> None:
    for video in tracking.VIDEOS:
        case = video.case()
        begun = [(np.log(case.weights), case.means, np.linalg.cholesky(case.precisions))]
        assert (tracking.course(video, case, begun).fate[:, 0] == OWN).all(), video.name


def test_the_table_counts_frames_and_the_picture_is_drawn(tmp_path: Path) -> None:
    fate = np.array([[OWN] * 30 + [HIDDEN] * 10, [ANOTHER] * 4 + [SHARED] * 36])
    found = {"Model": {video.name: Course(fate, 7) for video in tracking.VIDEOS}}
    assert f"{tracking.VIDEOS[0].words} | 70 | 30 + 4, 7 outside |" in tracking.table(found)
    tracking.draw(found, tmp_path / "one.png")
    tracking.draw(found, tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
