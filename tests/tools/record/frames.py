"""Frames: read one at a time from a video, images or ``.npy`` arrays, and made ready for the tracker.

Pixels become points, each repeated as often as it is bright.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fixtures import npy
from fixtures.fault import Fault
from fixtures.validation import BrokenCase

POINTS, PIXELS = "points", "pixels"
MOST_PIXELS = 40_000_000  # of one frame; 8K has 33 million
# int32 coordinates of two features, in the largest array that a case can hold; some of it is the header.
MOST_SAMPLES = npy.MAX_FILE_BYTES // 8 - npy.MAX_HEADER_BYTES
IMAGES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
# A picture is wider, and no tracker's samples have so many features.
MOST_FEATURES = 16


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class Frame:
    """A frame as it was stored, or made ready to be fitted."""

    number: int  # from 0, of all frames that the source has
    name: str  # of its own file, or nothing
    array: np.ndarray  # samples (n_samples, n_features); of a stored picture grey levels (height, width)
    note: str = ""  # what the user should know of it


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


@dataclass(frozen=True)
class Conversion:
    threshold: float = 1.0  # grey level from which on a pixel is lit
    scale: float = 1.0  # A lit pixel is repeated ``round(scale * level)`` times
    difference: bool = False  # take the absolute difference to the frame before in place of the frame

    def points(self, levels: np.ndarray) -> np.ndarray:
        """Coordinates (x, y) of every lit pixel of grey levels (height, width), repeated by its brightness, sorted."""
        if levels.dtype == np.uint8:  # a video: a table of all levels is faster
            repeats = self._repeats(np.arange(256))[levels.T]
        elif levels.min() < 0:
            raise Fault(f"holds the grey level {levels.min():g}; should be 0 or more")
        else:
            repeats = self._repeats(levels.T)
        x, y = np.nonzero(repeats)
        counts = repeats[x, y]
        total = float(counts.sum(dtype=np.float64))
        if total > MOST_SAMPLES:
            raise Fault(
                f"has {total:,.0f} samples; should have at most {MOST_SAMPLES:,}: raise --threshold or lower --scale"
            )
        counts = counts.astype(np.int64)
        return np.column_stack([np.repeat(axis.astype(np.int32), counts) for axis in (x, y)])

    def _repeats(self, levels: np.ndarray) -> np.ndarray:
        """How often a pixel of each level is repeated; float64, because a product may be too large for an integer."""
        return np.where(levels >= self.threshold, np.rint(levels * float(self.scale)), 0)


class Frames:
    """The frames of a source, every so many-th, made ready one by one; one of fewer samples than components is skipped.

    The conversion has no effect on a source of points.
    """

    def __init__(self, source: FrameSource, conversion: Conversion, n_components: int, every: int = 1) -> None:
        self._source = source
        self._conversion = conversion
        self._fewest = max(2, n_components)
        self._every = every
        self.decoding_seconds = 0.0  # wall time inside the source so far

    def __iter__(self) -> Iterator[Frame | Skipped]:
        before: np.ndarray | None = None
        for raw in self._decoded():
            if isinstance(raw, Skipped):
                yield raw
                continue
            differs = "" if before is None else _other_size(raw.array, before, self._source.holds)
            try:
                if differs:
                    raise Fault(differs)
                yield self._frame(raw, before)
            except Fault as reason:
                yield Skipped(raw.number, raw.name, str(reason))
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
        unchanged = before is not None and np.array_equal(raw.array, before)
        samples = raw.array
        if self._source.holds == PIXELS:
            if self._conversion.difference:
                if before is None:
                    raise Fault("is the first, which has no difference to one before")
                if unchanged:
                    raise Fault("no change from the frame before")
                samples = _difference(samples, before)
            samples = self._conversion.points(samples)
        if len(samples) < self._fewest:
            raise Fault(f"has {len(samples):,} samples; should have at least {self._fewest:,}, one a component")
        return Frame(raw.number, raw.name, samples, "no change from the frame before" if unchanged else "")


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
    except OSError as error:
        raise Fault(f"{path} cannot be read ({error.strerror or error}); should be readable") from None
    from tests.tools.record import video  # noqa: PLC0415  (PyAV takes longer to load than a frame)

    return FrameSource(PIXELS, video.description(path), lambda every: video.frames(path, every))


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
    numbers = range(len(array))
    return FrameSource(PIXELS, description, lambda every: (Frame(n, "", array[n]) for n in numbers[::every]))


def _of_files(paths: list[Path], holds: str, description: str) -> FrameSource:
    """A file for each frame, in their order."""

    def frames(every: int) -> Iterator[Stored]:
        for number, path in list(enumerate(paths))[::every]:
            try:
                array = _read_array(path) if path.suffix.lower() == ".npy" else _read_image(path)
                if array.ndim != 2:
                    raise BrokenCase(path, f"has shape {array.shape}", "(n_samples, n_features) or (height, width)")
            except Fault as reason:
                yield Skipped(number, path.name, str(reason).removeprefix(f"{path} "))
            else:
                yield Frame(number, path.name, array)

    return FrameSource(holds, description, frames)


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


def _read_image(path: Path) -> np.ndarray:
    """Grey levels of an image file, (height, width): as stored where it is greyscale, else by luma of 8 bits."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415  (only where there are images)

    try:
        with Image.open(path) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Fault(f"has {image.width} x {image.height} pixels; should have at most {MOST_PIXELS:,}")
            deep = image.mode == "F" or image.mode.startswith("I")
            return np.asarray(image if deep else image.convert("L"))
    except UnidentifiedImageError:
        raise Fault("is not an image; should be one") from None
    except Image.DecompressionBombError as error:
        raise Fault(f"is too large ({error})") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # what Pillow raises for a broken file
        raise Fault(f"cannot be read ({error}); should be a whole image") from None
