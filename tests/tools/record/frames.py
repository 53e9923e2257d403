"""Frames: read one at a time from a video, images or ``.npy`` arrays, and made ready for the tracker."""

from __future__ import annotations

import contextlib
import functools
import re
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fixtures import npy
from fixtures.fault import Fault
from fixtures.validation import BrokenCase
from tests.tools.record.pixels import Conversion, Thinning

POINTS, PIXELS = "points", "pixels"
MOST_PIXELS = 40_000_000  # of one frame; 8K has 33 million
IMAGES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
# What Pillow raises for a broken file.
OF_BROKEN_IMAGES = (
    ArithmeticError, AttributeError, EOFError, LookupError, OSError, SyntaxError, TypeError, ValueError,
)  # fmt: skip
STACKS = {".tif", ".tiff"}  # files of several images, which FFmpeg reads the first of
# A picture is wider, and no tracker's samples have so many features.
MOST_FEATURES = 16
NO_THINNING = Thinning()
UNCHANGED = "no change from the frame before"


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class Frame:
    """A frame as it was stored, or made ready to be fitted."""

    number: int  # from 0, of all frames that the source has
    name: str  # of its own file, or nothing
    array: np.ndarray  # samples (n_samples, n_features); of a stored picture grey levels (height, width)
    note: str = ""  # what the user should know of it
    stride: int = 1  # one of so many of its samples is taken
    n_samples: int = 0  # how many there are; of a stored picture 0


@dataclass(frozen=True)
class Skipped:
    """A frame that cannot be read or cannot be fitted, and why."""

    number: int
    name: str
    reason: str


Stored = Frame | Skipped


@dataclass(frozen=True)
class FrameSource:
    holds: str  # points or pixels
    description: str  # what is read, and as what
    frames: Callable[[int], Iterator[Stored]]  # yields every so many-th frame; none is kept
    n_frames: int | None = None  # as far as the file says


class Frames:
    """The frames of a source, every so many-th, made ready one by one; one of fewer samples than components is skipped.

    Conversion and thinning have no effect on a source of points.
    """

    def __init__(
        self,
        source: FrameSource,
        conversion: Conversion,
        n_components: int,
        every: int = 1,
        thinning: Thinning = NO_THINNING,
    ) -> None:
        self._source = source
        self._conversion = conversion
        self._n_components = n_components
        self._every = every
        self._thinning = thinning
        self._stride = thinning.stride
        self._begun = False  # whether a frame was fit to be fitted
        self.decoding_seconds = 0.0  # wall time inside the source so far
        # How many there should be, as far as the source knows.
        self.expected = None if source.n_frames is None else -(-source.n_frames // every)

    def __iter__(self) -> Iterator[Frame | Skipped]:
        before: np.ndarray | None = None
        for raw in self._decoded():
            if isinstance(raw, Skipped):
                yield raw
                continue
            differs = "" if before is None else _other_size(raw.array, before, self._source.holds)
            if before is None and self._conversion.crop:
                self._conversion.crop.of(raw.array)  # what is wrong of the first is wrong of all
            try:
                if differs:
                    raise Fault(differs)
                frame = self._frame(raw, before)
            except Fault as reason:
                yield Skipped(raw.number, raw.name, str(reason))
            else:
                self._begun = True
                yield frame
            if not differs:
                before = raw.array

    def _decoded(self) -> Iterator[Stored]:
        stored = self._source.frames(self._every)
        while True:
            clock = time.perf_counter()
            raw = next(stored, None)
            self.decoding_seconds += time.perf_counter() - clock
            if raw is None:
                return
            yield raw

    def _frame(self, raw: Frame, before: np.ndarray | None) -> Frame:
        if self._source.holds == POINTS:
            unchanged = before is not None and np.array_equal(raw.array, before)
            self._require(len(raw.array), "samples")
            return replace(raw, note=UNCHANGED if unchanged else "")
        levels, last = raw.array, before
        if crop := self._conversion.crop:
            levels, last = crop.of(levels), None if last is None else crop.of(last)
        unchanged = last is not None and np.array_equal(levels, last)
        if self._conversion.difference:
            if last is None:
                raise Fault("is the first, which has no difference to one before")
            if unchanged:
                raise Fault(UNCHANGED)
            levels = _difference(levels, last)
        return self._of_pixels(raw, levels, UNCHANGED if unchanged else "")

    def _of_pixels(self, raw: Frame, levels: np.ndarray, note: str) -> Frame:
        lit = self._conversion.lit(levels)
        if not lit.n_pixels:
            given = f"--threshold {self._conversion.threshold:g}, --scale {self._conversion.scale:g}"
            brightest = f"the brightest has the level {levels.max():g}"
            raise Fault(f"has 0 samples: no pixel is lit, and {brightest}; should have lit ones ({given})")
        n_samples = lit.n_samples
        self._require(n_samples, "samples")
        if lit.n_pixels < self._n_components:
            if not self._begun:  # k-means would find fewer clusters
                self._require(lit.n_pixels, "lit pixels to start from")
            note = _joined(note, f"only {lit.n_pixels} lit pixels")
        stride, self._stride = self._stride, self._thinning.stride_for(n_samples, self._stride)
        self._require(-(-n_samples // self._stride), f"of {n_samples:,} samples left")
        if self._begun and stride != self._stride:
            note = _joined(note, f"one of every {self._stride} of {n_samples:,} samples, from here on")
        return Frame(raw.number, raw.name, lit.samples(self._stride), note, self._stride, n_samples)

    def _require(self, number: int, what: str) -> None:
        fewest = max(2, self._n_components)
        if number < fewest:
            raise Fault(f"has {number:,} {what}; should have at least {fewest:,}, one a component")


def _joined(*notes: str) -> str:
    return ", ".join(filter(None, notes))


def _other_size(array: np.ndarray, before: np.ndarray, holds: str) -> str:
    """How a frame's pixels or features differ in number from those of the frame before, in words; or nothing."""
    if holds == PIXELS:
        size, first = (f"{width} x {height} pixels" for height, width in (array.shape, before.shape))
    else:
        size, first = (f"{one.shape[1]} features" for one in (array, before))
    return "" if size == first else f"has {size}; should have {first.rpartition(' ')[0]} like the first"


def _difference(levels: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Absolute difference of two pictures; of bytes it is one of bytes."""
    if levels.dtype == before.dtype == np.uint8:
        return np.where(levels > before, levels - before, before - levels)
    return np.abs(levels.astype(np.float64) - before.astype(np.float64))


def open_source(path: Path, holds: str | None = None) -> FrameSource:
    """The source that a path is: a video, a folder of images or of ``.npy`` files, or one ``.npy`` file.

    It is read no further than that takes. A two-dimensional ``.npy`` array
    holds points or pixels; its width decides where that is not given.
    """
    try:
        if path.is_dir():
            return _open_folder(path, holds)
        if not path.exists():
            raise Fault(f"{path} does not exist; should be a video, a folder of frames, or an .npy file")
        if not path.is_file():
            raise Fault(f"{path} is neither a plain file nor a folder; should be one")
        if path.suffix.lower() == ".npy":
            return _open_npy(path, holds)
        _only_for_arrays(path, holds)
        if path.suffix.lower() in STACKS:
            return _open_stack(path)
    except OSError as error:
        raise Fault(f"{path} cannot be read ({error.strerror or error}); should be readable") from None
    from tests.tools.record import video  # noqa: PLC0415  (PyAV takes longer to load than a frame)

    description, n_frames = video.describe(path)
    return FrameSource(PIXELS, description, lambda every: video.frames(path, every), n_frames)


def _open_folder(folder: Path, holds: str | None) -> FrameSource:
    files = sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=_natural_order)
    arrays = [path for path in files if path.suffix.lower() == ".npy"]
    images = [path for path in files if path.suffix.lower() in IMAGES]
    if arrays and images:
        raise Fault(f"{folder} holds {len(arrays)} .npy files and {len(images)} images; should hold one kind of frames")
    if not arrays and not images:
        raise Fault(f"{folder} holds no frames; should hold .npy files or images ({', '.join(sorted(IMAGES))})")
    others = len(files) - len(arrays) - len(images)
    left_out = f"; {others} other {'entry is' if others == 1 else 'entries are'} left out" if others else ""
    name = folder.resolve().name
    if images:
        _only_for_arrays(folder, holds)
        return _of_files(images, PIXELS, f"{name}, {len(images)} images{left_out}")
    taken, why = _kind_of(_first_readable(arrays), holds)
    return _of_files(arrays, taken, f"{name}, {len(arrays)} .npy files, {why}{left_out}")


def _open_npy(path: Path, holds: str | None) -> FrameSource:
    array = _read_array(path)
    if array.ndim != 3:
        taken, why = _kind_of(array, holds)
        return _of_files([path], taken, f"{path.name}, a single frame, {why}")
    _only_for_arrays(path, holds)
    description = f"{path.name}, taken as {len(array)} greyscale frames because it has three dimensions"

    def frames(every: int) -> Iterator[Stored]:
        return (Frame(number, "", array[number]) for number in range(0, len(array), every))

    return FrameSource(PIXELS, description, frames, len(array))


def _open_stack(path: Path) -> FrameSource:
    try:
        n_images = _read_image(path, lambda image: getattr(image, "n_frames", 1))
    except Fault as reason:
        raise Fault(f"{path} {reason}") from None

    def frames(every: int) -> Iterator[Stored]:
        for number in range(0, n_images, every):
            try:
                yield Frame(number, "", _read_image(path, functools.partial(_levels, number=number)))
            except Fault as reason:
                yield Skipped(number, "", str(reason))

    return FrameSource(
        PIXELS, f"{path.name}, a stack of {n_images} image{'' if n_images == 1 else 's'}", frames, n_images
    )


def _of_files(paths: list[Path], holds: str, description: str) -> FrameSource:
    """A file for each frame, in their order."""

    def frames(every: int) -> Iterator[Stored]:
        for number, path in list(enumerate(paths))[::every]:
            try:
                array = _read_array(path) if path.suffix.lower() == ".npy" else _read_image(path, _levels)
                if array.ndim != 2:
                    raise BrokenCase(path, f"has shape {array.shape}", "(n_samples, n_features) or (height, width)")
            except Fault as reason:
                yield Skipped(number, path.name, str(reason).removeprefix(f"{path} "))
            else:
                yield Frame(number, path.name, array)

    return FrameSource(holds, description, frames, len(paths))


def _only_for_arrays(path: Path, holds: str | None) -> None:
    if holds:
        raise Fault(f"--as is for .npy arrays of two dimensions, and {path} has none; should go without it")


def _first_readable(paths: list[Path]) -> np.ndarray:
    for path in paths:
        with contextlib.suppress(BrokenCase):
            return _read_array(path)
    return _read_array(paths[0])  # raises


def _kind_of(array: np.ndarray, holds: str | None) -> tuple[str, str]:
    """Whether arrays like this one are points or pixels, and the words that explain why."""
    columns = array.shape[1] if array.ndim > 1 else 1
    few = columns <= MOST_FEATURES
    taken = holds or (POINTS if few else PIXELS)
    why = f"because {columns} columns are {'at most' if few else 'more than'} {MOST_FEATURES}"
    why = f"as --as {holds} says" if holds else f"{why} (--as {PIXELS if few else POINTS} says otherwise)"
    return taken, f"taken as {'samples' if taken == POINTS else 'greyscale pictures'} {why}"


def _natural_order(path: Path) -> list[tuple[int, str]]:
    """Sort key by which ``frame_10`` comes after ``frame_9``."""
    parts = re.split(r"([0-9]+)", path.name.lower())
    return [(int(part), part) if part.isdigit() else (-1, part) for part in parts]


def _read_array(path: Path) -> np.ndarray:
    array = npy.parse(path, npy.read_bytes(path, npy.MAX_FILE_BYTES))
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise BrokenCase(path, "holds numbers that are not finite", "finite numbers only")
    return array


def _read_image(path: Path, read: Callable[[Any], Any]) -> Any:
    """What a function reads of an image file."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415  (only where there are images)

    if not path.is_file():
        raise Fault("is not a plain file; should be one")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow warns of it reads all the same, or it raises
            with Image.open(path) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise Fault(f"has {image.width} x {image.height} pixels; should have at most {MOST_PIXELS:,}")
                return read(image)
    except UnidentifiedImageError:
        raise Fault("is not an image; should be one") from None
    except Image.DecompressionBombError as error:
        raise Fault(f"is too large ({error})") from None
    except OF_BROKEN_IMAGES as error:
        raise Fault(f"cannot be read ({error}); should be a whole image") from None


def _levels(image: Any, number: int = 0) -> np.ndarray:
    """Grey levels, (height, width), of an image of a file: as stored where it is greyscale, else by luma of 8 bits."""
    from PIL import ImageOps  # noqa: PLC0415

    image.seek(number)
    # A phone stores a picture as its sensor lies, and says how to turn it.
    upright = ImageOps.exif_transpose(image)
    deep = upright.mode == "F" or upright.mode.startswith("I")
    return np.asarray(upright if deep else upright.convert("L"))
