"""Where frames come from: what is taken as what, in which order, and what is refused in one line."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fixtures.fault import Fault
from tests.tools.record.frames import MOST_FEATURES, PIXELS, POINTS, Frame, Skipped, open_source

PICTURE = np.arange(18 * 20, dtype=np.uint8).reshape(18, 20)
SAMPLES = np.arange(12.0).reshape(6, 2)


def stored(path: Path, holds: str | None = None) -> list[np.ndarray]:
    """The arrays of all frames, each of which can be read."""
    frames = list(open_source(path, holds).frames(1))
    assert all(isinstance(frame, Frame) for frame in frames)
    return [frame.array for frame in frames if isinstance(frame, Frame)]


def refusal(path: Path) -> str:
    with pytest.raises(Fault) as caught:
        list(open_source(path).frames(1))
    message = str(caught.value)
    assert message.splitlines() == [message]
    assert "should " in message
    return message


def reasons(path: Path) -> list[str]:
    return [frame.reason for frame in open_source(path).frames(1) if isinstance(frame, Skipped)]


def test_files_are_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 9, 100):
        np.save(tmp_path / f"frame_{number}.npy", np.full((3, 2), number))
    assert [array[0, 0] for array in stored(tmp_path)] == [9, 10, 100]


def test_other_files_are_left_out_and_said_to_be(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", SAMPLES)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / ".hidden.npy").write_text("mine")
    source = open_source(tmp_path)
    assert "1 .npy files" in source.description
    assert source.description.endswith("1 other entry is left out")


@pytest.mark.parametrize(("columns", "holds"), [(1, POINTS), (MOST_FEATURES, POINTS), (MOST_FEATURES + 1, PIXELS)])
def test_the_width_of_an_array_decides_what_it_is_and_the_rule_is_said(
    tmp_path: Path, columns: int, holds: str
) -> None:
    np.save(tmp_path / "a.npy", np.ones((30, columns)))
    for path in (tmp_path, tmp_path / "a.npy"):
        source = open_source(path)
        assert source.holds == holds
        assert f"because {columns} columns are" in source.description


@pytest.mark.parametrize("holds", [POINTS, PIXELS])
def test_the_user_can_say_what_an_array_is(tmp_path: Path, holds: str) -> None:
    np.save(tmp_path / "a.npy", SAMPLES)
    source = open_source(tmp_path, holds)
    assert source.holds == holds
    assert f"as --as {holds} says" in source.description


def test_an_array_of_three_dimensions_is_a_stack_of_pictures(tmp_path: Path) -> None:
    np.save(tmp_path / "video.npy", np.stack([PICTURE, PICTURE + 1]))
    first, second = stored(tmp_path / "video.npy")
    np.testing.assert_array_equal(first, PICTURE)
    np.testing.assert_array_equal(second, PICTURE + 1)


def test_a_grey_image_comes_as_it_was_stored(tmp_path: Path) -> None:
    Image.fromarray(PICTURE).save(tmp_path / "frame_1.png")
    Image.fromarray(PICTURE.astype(np.uint16) * 200).save(tmp_path / "frame_2.png")
    bytes_, words = stored(tmp_path)
    np.testing.assert_array_equal(bytes_, PICTURE)
    np.testing.assert_array_equal(words, PICTURE.astype(np.uint16) * 200)


def test_a_coloured_image_becomes_its_luma(tmp_path: Path) -> None:
    Image.new("RGB", (20, 18), (0, 255, 0)).save(tmp_path / "green.png")
    (levels,) = stored(tmp_path)
    assert set(levels.ravel().tolist()) == {150}  # 0.587 of 255


def test_a_broken_image_is_one_frame_less(tmp_path: Path) -> None:
    for number in range(3):
        Image.fromarray(PICTURE).save(tmp_path / f"{number}.png")
    whole = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "2.png").write_text("no image")
    torn, none = reasons(tmp_path)
    assert torn.startswith("cannot be read (")
    assert none == "is not an image; should be one"


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes")
def test_a_pipe_among_images_is_one_frame_less(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "0.png")
    Image.fromarray(PICTURE).save(tmp_path / "1.png")
    assert reasons(tmp_path) == ["is not a plain file; should be one"]


@pytest.mark.parametrize("length", [8, 12, 20, 60, 380])
def test_a_stack_that_is_cut_off_is_refused_without_a_warning(tmp_path: Path, length: int) -> None:
    Image.fromarray(PICTURE).save(tmp_path / "a.tif", save_all=True, append_images=[Image.fromarray(PICTURE)] * 5)
    (tmp_path / "a.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:length])
    assert "a.tif " in refusal(tmp_path / "a.tif")


def test_a_broken_array_is_one_frame_less(tmp_path: Path) -> None:
    np.save(tmp_path / "0.npy", SAMPLES)
    np.save(tmp_path / "1.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "2.npy", np.full((3, 2), np.nan))
    np.save(tmp_path / "3.npy", np.ones(5))
    (tmp_path / "4.npy").write_bytes((tmp_path / "0.npy").read_bytes()[:-3])
    pickled, nan, flat, torn = reasons(tmp_path)
    assert "never loaded" in pickled
    assert "not finite" in nan
    assert "has shape (5,)" in flat
    assert "claims 96 bytes of data and has 93" in torn


def test_a_folder_of_broken_arrays_alone_is_refused_by_the_first(tmp_path: Path) -> None:
    (tmp_path / "0.npy").write_bytes(b"")
    assert "0.npy does not start like an .npy file" in refusal(tmp_path)


def test_images_and_arrays_in_one_folder_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "0.npy", SAMPLES)
    Image.fromarray(PICTURE).save(tmp_path / "0.png")
    assert "holds 1 .npy files and 1 images; should hold one kind" in refusal(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert "holds no frames; should hold .npy files or images" in refusal(tmp_path)


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "does not exist; should be a video" in refusal(tmp_path / "no such video.mp4")


def test_a_pipe_is_refused_before_it_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "is neither a plain file nor a folder" in refusal(tmp_path / "pipe.mp4")


@pytest.mark.parametrize("name", ["images", "stack.npy", "video.mkv"])
def test_saying_what_arrays_are_is_refused_where_there_are_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "images").mkdir()
    Image.fromarray(PICTURE).save(tmp_path / "images" / "0.png")
    np.save(tmp_path / "stack.npy", PICTURE[np.newaxis])
    (tmp_path / "video.mkv").write_bytes(b"never read")
    with pytest.raises(Fault, match=r"--as is for \.npy arrays of two dimensions"):
        open_source(tmp_path / name, POINTS)


def test_a_folder_is_known_by_its_name_from_inside_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "a.npy", SAMPLES)
    monkeypatch.chdir(tmp_path)
    assert open_source(Path(".")).description.startswith(f"{tmp_path.name}, 1 .npy files")
