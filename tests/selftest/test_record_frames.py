"""Pixels become points as in the capture, and a frame that cannot be fitted is left out with a reason."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from fixtures.fault import Fault
from tests.tools.record import video
from tests.tools.record.frames import (
    MOST_SAMPLES,
    PIXELS,
    POINTS,
    Conversion,
    Frame,
    Frames,
    FrameSource,
    Skipped,
    Stored,
)

Made = list[Frame | Skipped]

LEVELS = np.array([[0, 1, 4], [9, 0, 2]], dtype=np.uint8)


class ListedSource:
    """Frames that a test lists; one that is a string cannot be read."""

    def __init__(self, holds: str, *arrays: np.ndarray | str) -> None:
        self.holds = holds
        self._arrays = arrays

    def frames(self, every: int) -> Iterator[Stored]:
        """Yield every so many-th frame."""
        for number in range(0, len(self._arrays), every):
            array = self._arrays[number]
            yield Skipped(number, "", array) if isinstance(array, str) else Frame(number, "", array)


def made(
    source: ListedSource, n_components: int = 1, every: int = 1, difference: bool = False
) -> list[Frame | Skipped]:
    """All frames of a source."""
    opened = FrameSource(source.holds, "frames of a test", source.frames)
    return list(Frames(opened, Conversion(difference=difference), n_components, every))


def reasons(frames: Made) -> dict[int, str]:
    """Why frames were skipped, by number."""
    return {frame.number: frame.reason for frame in frames if isinstance(frame, Skipped)}


@pytest.mark.parametrize("time", [0, 13])
def test_a_picture_of_a_scene_becomes_the_frame_of_that_scene(time: int) -> None:
    """The same points as often, in the same order, of the same dtype as the capture's."""
    points = Conversion().points(video.picture(video.SCENE, time))
    np.testing.assert_array_equal(points, video.SCENE.frame(time))
    assert points.dtype == np.int32


def test_a_point_is_x_and_y_and_is_repeated_by_brightness() -> None:
    assert Conversion().points(LEVELS).tolist() == [[0, 1]] * 9 + [[1, 0]] + [[2, 0]] * 4 + [[2, 1]] * 2


def test_a_pixel_is_lit_from_the_threshold_on() -> None:
    assert {tuple(point) for point in Conversion(threshold=4).points(LEVELS).tolist()} == {(0, 1), (2, 0)}


def test_a_scale_changes_how_often_and_not_what_is_lit() -> None:
    points, counts = np.unique(Conversion(threshold=2, scale=0.5).points(LEVELS), axis=0, return_counts=True)
    assert dict(zip(map(tuple, points.tolist()), counts.tolist(), strict=True)) == {(0, 1): 4, (2, 0): 2, (2, 1): 1}


def test_levels_of_any_type_are_taken_as_they_are() -> None:
    expected = Conversion().points(LEVELS).tolist()
    for dtype in ("uint16", "int64", "float32"):
        assert Conversion().points(LEVELS.astype(dtype)).tolist() == expected
    assert Conversion(threshold=0.001, scale=255).points(LEVELS / 255).tolist() == expected


def test_negative_levels_are_refused() -> None:
    with pytest.raises(Fault, match=r"holds the grey level -3; should be 0 or more"):
        Conversion().points(np.array([[1, -3]], dtype=np.int16))


@pytest.mark.parametrize("scale", [1e7, 1e300])
def test_more_samples_than_a_case_can_hold_are_refused_before_they_are_made(scale: float) -> None:
    with pytest.raises(Fault, match=rf"should have at most {MOST_SAMPLES:,}: raise --threshold or lower --scale"):
        Conversion(scale=scale).points(LEVELS)


def test_a_difference_is_absolute_and_the_first_frame_has_none() -> None:
    source = ListedSource(PIXELS, LEVELS, LEVELS[::-1], (LEVELS[::-1]).astype(np.uint8))
    first, second, third = made(source, difference=True)
    assert isinstance(first, Skipped)
    assert "first" in first.reason
    assert isinstance(second, Frame)
    assert second.array.tolist() == [[0, 0]] * 9 + [[0, 1]] * 9 + [[1, 0], [1, 1]] + [[2, 0], [2, 0], [2, 1], [2, 1]]
    assert third == Skipped(2, "", "no change from the frame before")


def test_a_frame_without_change_is_fitted_and_said_to_be_so() -> None:
    _, second = made(ListedSource(PIXELS, LEVELS, LEVELS.copy()))
    assert isinstance(second, Frame)
    assert second.note == "no change from the frame before"


def test_a_frame_of_another_size_is_left_out_and_the_first_size_stays_the_measure() -> None:
    frames = made(ListedSource(PIXELS, LEVELS, np.ones((3, 4), np.uint8), LEVELS + 1))
    assert reasons(frames) == {1: "has 4 x 3 pixels; should have 3 x 2 like the first"}


def test_points_of_other_features_are_left_out() -> None:
    frames = made(ListedSource(POINTS, np.ones((5, 2)), np.ones((5, 3)), np.ones((9, 2))))
    assert reasons(frames) == {1: "has 3 features; should have 2 like the first"}


def test_fewer_samples_than_components_are_left_out() -> None:
    frames = made(ListedSource(POINTS, np.ones((4, 2)), np.ones((3, 2))), n_components=4)
    assert reasons(frames) == {1: "has 3 samples; should have at least 4, one a component"}


def test_a_black_frame_is_left_out() -> None:
    (frame,) = made(ListedSource(PIXELS, np.zeros((5, 5), np.uint8)))
    assert isinstance(frame, Skipped)
    assert frame.reason.startswith("has 0 samples")


def test_what_cannot_be_read_is_left_out_with_the_sources_reason() -> None:
    assert reasons(made(ListedSource(POINTS, np.ones((4, 2)), "is torn", np.ones((4, 2))))) == {1: "is torn"}


def test_every_so_many_th_frame_keeps_its_number() -> None:
    frames = made(ListedSource(POINTS, *(np.full((4, 2), number) for number in range(7))), every=3)
    assert [frame.number for frame in frames] == [0, 3, 6]


def test_points_keep_their_dtype() -> None:
    (frame,) = made(ListedSource(POINTS, np.ones((4, 2), np.float32)))
    assert isinstance(frame, Frame)
    assert frame.array.dtype == np.float32
