"""Pixels become points as in the capture, and a frame that cannot be fitted is left out with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from fixtures.fault import Fault
from tests.tools.record import video
from tests.tools.record.frames import NO_THINNING, PIXELS, POINTS, Frame, Frames, FrameSource, Skipped, Stored
from tests.tools.record.pixels import MOST_SAMPLES, Conversion, Crop, Thinning, default_most

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
    source: ListedSource,
    n_components: int = 1,
    every: int = 1,
    thinning: Thinning = NO_THINNING,
    **conversion: Any,
) -> list[Frame | Skipped]:
    """All frames of a source."""
    opened = FrameSource(source.holds, "frames of a test", source.frames)
    return list(Frames(opened, Conversion(**conversion), n_components, every, thinning))


def reasons(frames: Made) -> dict[int, str]:
    """Why frames were skipped, by number."""
    return {frame.number: frame.reason for frame in frames if isinstance(frame, Skipped)}


@pytest.mark.parametrize("time", [0, 13])
def test_a_picture_of_a_scene_becomes_the_frame_of_that_scene(time: int) -> None:
    """The same points as often, in the same order, of the same dtype as the capture's."""
    points = Conversion().lit(video.picture(video.SCENE, time)).samples()
    np.testing.assert_array_equal(points, video.SCENE.frame(time))
    assert points.dtype == np.int32


def test_a_point_is_x_and_y_and_is_repeated_by_brightness() -> None:
    assert Conversion().lit(LEVELS).samples().tolist() == [[0, 1]] * 9 + [[1, 0]] + [[2, 0]] * 4 + [[2, 1]] * 2


def test_a_pixel_is_lit_from_the_threshold_on() -> None:
    assert {tuple(point) for point in Conversion(threshold=4).lit(LEVELS).samples().tolist()} == {(0, 1), (2, 0)}


def test_a_scale_changes_how_often_and_not_what_is_lit() -> None:
    points, counts = np.unique(Conversion(threshold=2, scale=0.5).lit(LEVELS).samples(), axis=0, return_counts=True)
    assert dict(zip(map(tuple, points.tolist()), counts.tolist(), strict=True)) == {(0, 1): 4, (2, 0): 2, (2, 1): 1}


def test_brightness_can_be_counted_from_the_threshold_on() -> None:
    samples = Conversion(threshold=2, above=True, scale=2).lit(LEVELS).samples()
    assert Counter(map(tuple, samples.tolist())) == {(0, 1): 14, (2, 0): 4}


def test_a_crop_keeps_the_coordinates_of_the_whole_picture() -> None:
    (whole,) = made(ListedSource(PIXELS, LEVELS))
    (part,) = made(ListedSource(PIXELS, LEVELS), crop=Crop(1, 0, 2, 2))
    assert isinstance(whole, Frame)
    assert isinstance(part, Frame)
    assert part.array.tolist() == [point for point in whole.array.tolist() if point[0] >= 1]


def test_a_crop_beyond_the_picture_is_refused_by_its_first_frame() -> None:
    with pytest.raises(Fault, match="--crop is 2,0,2,2, and the pictures have 3 x 2 pixels; should lie inside them"):
        made(ListedSource(PIXELS, LEVELS, LEVELS), crop=Crop(2, 0, 2, 2))


def test_of_every_group_of_samples_one_is_taken() -> None:
    """Each pixel is drawn as often as its share says, but for one sample at each of its ends."""
    levels = np.random.default_rng(0).integers(0, 256, (20, 25)).astype(np.uint8)
    lit = Conversion().lit(levels)
    every = lit.samples().tolist()
    for stride in (2, 7, 64):
        taken = lit.samples(stride).tolist()
        assert len(taken) == -(-lit.n_samples // stride)
        groups = [every[begin : begin + stride] for begin in range(0, len(every), stride)]
        assert all(one in group for one, group in zip(taken, groups, strict=True))
        assert lit.samples(stride).tolist() == taken


def test_thinning_does_not_fall_on_one_row_of_every_column() -> None:
    """As one sample at the same place of every group would, where columns are as long as groups."""
    taken = Conversion().lit(np.ones((64, 300), np.uint8)).samples(64)
    assert len(np.unique(taken[:, 1])) > 32
    assert taken[:, 1].mean() == pytest.approx(31.5, abs=1)


def test_thinning_of_a_huge_picture_makes_no_sample_that_is_not_taken() -> None:
    lit = Conversion(scale=1e9).lit(LEVELS)
    assert lit.n_samples == 16 * 10**9
    assert len(lit.samples(2**30)) == 15


def test_a_frame_has_at_most_so_many_samples_and_its_stride_is_never_made_smaller() -> None:
    bright, dark = np.full((10, 10), 40, np.uint8), np.full((10, 10), 4, np.uint8)
    first, second, third = made(ListedSource(PIXELS, dark, bright, dark), thinning=Thinning(most=200))
    assert isinstance(first, Frame)
    assert isinstance(second, Frame)
    assert isinstance(third, Frame)
    assert [len(one.array) for one in (first, second, third)] == [200, 125, 13]
    assert [one.stride for one in (first, second, third)] == [2, 32, 32]
    assert second.note == "one of every 32 of 4,000 samples, from here on"
    assert (first.note, third.note) == ("", "")


def test_what_stands_still_gets_the_same_samples_again() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (40, 50)).astype(np.uint8)
    first, second = made(ListedSource(PIXELS, levels, levels), thinning=Thinning(most=1000))
    assert isinstance(first, Frame)
    assert isinstance(second, Frame)
    np.testing.assert_array_equal(first.array, second.array)


def test_a_stride_of_the_users_has_no_limit_but_that_of_a_case() -> None:
    (frame,) = made(ListedSource(PIXELS, np.full((400, 400), 3, np.uint8)), thinning=Thinning(stride=1))
    assert isinstance(frame, Frame)
    assert len(frame.array) == 480_000


def test_a_stride_that_leaves_fewer_samples_than_components_skips_the_frame() -> None:
    (skipped,) = made(ListedSource(PIXELS, np.full((40, 40), 3, np.uint8)), thinning=Thinning(stride=10**30))
    assert isinstance(skipped, Skipped)
    assert skipped.reason.startswith("has 1 of 4,800 samples left; should have at least ")


@pytest.mark.parametrize(("n_components", "most"), [(1, 100_000), (12, 100_000), (40, 30_000), (1000, 100_000)])
def test_with_more_components_fewer_samples_are_taken_and_some_for_each(n_components: int, most: int) -> None:
    assert default_most(n_components) == most


def test_levels_of_any_type_are_taken_as_they_are() -> None:
    expected = Conversion().lit(LEVELS).samples().tolist()
    for dtype in ("uint16", "int64", "float32"):
        assert Conversion().lit(LEVELS.astype(dtype)).samples().tolist() == expected
    assert Conversion(threshold=0.001, scale=255).lit(LEVELS / 255).samples().tolist() == expected


def test_negative_levels_are_refused() -> None:
    with pytest.raises(Fault, match=r"holds the grey level -3; should be 0 or more"):
        Conversion().lit(np.array([[1, -3]], dtype=np.int16)).samples()


def test_levels_whose_sum_overflows_are_refused_without_a_warning() -> None:
    for conversion, levels in ((Conversion(), np.full((2, 2), 1e308)), (Conversion(scale=1e308), LEVELS)):
        with pytest.raises(Fault, match="has inf samples; should have at most"):
            conversion.lit(levels)


@pytest.mark.parametrize("scale", [1e7, 1e300])
def test_more_samples_than_a_case_can_hold_are_refused_before_they_are_made(scale: float) -> None:
    with pytest.raises(Fault, match=rf"should have at most {MOST_SAMPLES:,}: raise --threshold or lower --scale"):
        Conversion(scale=scale).lit(LEVELS).samples()


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
    (frame,) = made(ListedSource(PIXELS, np.full((5, 5), 7, np.uint8)), threshold=9)
    assert isinstance(frame, Skipped)
    assert frame.reason.startswith("has 0 samples: no pixel is lit, and the brightest has the level 7; should have lit")


def test_fewer_lit_pixels_than_components_are_too_few_to_begin_with_and_noted_later() -> None:
    few = np.zeros((5, 5), np.uint8)
    few[0, :2] = 50
    first, second, third = made(ListedSource(PIXELS, few, few + 1, few), n_components=3)
    assert isinstance(first, Skipped)
    assert first.reason == "has 2 lit pixels to start from; should have at least 3, one a component"
    assert isinstance(second, Frame)
    assert isinstance(third, Frame)
    assert third.note == "only 2 lit pixels"


def test_what_cannot_be_read_is_left_out_with_the_sources_reason() -> None:
    assert reasons(made(ListedSource(POINTS, np.ones((4, 2)), "is torn", np.ones((4, 2))))) == {1: "is torn"}


def test_every_so_many_th_frame_keeps_its_number() -> None:
    frames = made(ListedSource(POINTS, *(np.full((4, 2), number) for number in range(7))), every=3)
    assert [frame.number for frame in frames] == [0, 3, 6]


def test_points_keep_their_dtype() -> None:
    (frame,) = made(ListedSource(POINTS, np.ones((4, 2), np.float32)))
    assert isinstance(frame, Frame)
    assert frame.array.dtype == np.float32
