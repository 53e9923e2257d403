"""Frame sources: a video, a folder of images, or ``.npy`` arrays, read one frame at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fixtures import npy
from fixtures.fault import Fault
from fixtures.validation import BrokenCase
from tests.tools.record.frames import MOST_PIXELS, PIXELS, POINTS, FrameSource, RawFrame, Skipped, Stored

IMAGES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
# A picture is wider, and no tracker's samples have so many features.
MOST_FEATURES = 16


class Files:
    """A file for each frame, in their order: images, or ``.npy`` arrays of one frame."""

    def __init__(self, paths: list[Path], holds: str, description: str) -> None:
        self._paths = paths
        self.holds = holds
        self.description = description

    def frames(self, every: int) -> Iterator[Stored]:
        """Yield every so many-th file's frame."""
        for number in range(0, len(self._paths), every):
            path = self._paths[number]
            try:
                array = read_array(path) if path.suffix.lower() == ".npy" else read_image(path)
                if array.ndim != 2:
                    raise BrokenCase(path, f"has shape {array.shape}", "(n_samples, n_features) or (height, width)")
            except Fault as reason:
                yield Skipped(number, path.name, str(reason).removeprefix(f"{path} "))
            else:
                yield RawFrame(number, path.name, array)


class Stack:
    """A single ``.npy`` file of greyscale frames, (n_frames, height, width)."""

    def __init__(self, path: Path, array: np.ndarray) -> None:
        self._array = array
        self.holds = PIXELS
        self.description = f"{path.name}, taken as {len(array)} greyscale frames because it has three dimensions"

    def frames(self, every: int) -> Iterator[Stored]:
        """Yield every so many-th frame."""
        for number in range(0, len(self._array), every):
            yield RawFrame(number, "", self._array[number])


def open_source(path: Path, holds: str | None = None) -> FrameSource:
    """The source that a path is, which is read no further than that takes.

    Parameters
    ----------
    path : Path
        A video, a folder of images or of ``.npy`` files, or one ``.npy`` file.
    holds : {'points', 'pixels'}, optional
        What a two-dimensional ``.npy`` array is; without it its width decides.
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
    from tests.tools.record.video import Video  # noqa: PLC0415  (PyAV takes longer to load than a frame)

    return Video(path)


def _open_folder(folder: Path, holds: str | None) -> FrameSource:
    files = sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=natural_order)
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
        return Files(images, PIXELS, f"{name}, {len(images)} images{left_out}")
    taken, why = _kind_of(_first_readable(arrays), holds)
    return Files(arrays, taken, f"{name}, {len(arrays)} .npy files, {why}{left_out}")


def _open_npy(path: Path, holds: str | None) -> FrameSource:
    array = read_array(path)
    if array.ndim == 3:
        _only_for_arrays(path, holds)
        return Stack(path, array)
    taken, why = _kind_of(array, holds)
    return Files([path], taken, f"{path.name}, a single frame, {why}")


def _only_for_arrays(path: Path, holds: str | None) -> None:
    if holds:
        raise Fault(f"--as is for .npy arrays of two dimensions, and {path} has none; should go without it")


def _first_readable(paths: list[Path]) -> np.ndarray:
    reasons = []
    for path in paths:
        try:
            return read_array(path)
        except BrokenCase as error:
            reasons.append(error)
    raise reasons[0]


def _kind_of(array: np.ndarray, holds: str | None) -> tuple[str, str]:
    """Whether arrays like this one are points or pixels, and the words that explain why."""
    columns = array.shape[1] if array.ndim > 1 else 1
    taken = holds or (POINTS if columns <= MOST_FEATURES else PIXELS)
    if holds:
        why = f"as --as {holds} says"
    else:
        comparison = f"at most {MOST_FEATURES}" if taken == POINTS else f"more than {MOST_FEATURES}"
        other = PIXELS if taken == POINTS else POINTS
        why = f"because {columns} columns are {comparison} (--as {other} says otherwise)"
    return taken, f"taken as {'samples' if taken == POINTS else 'greyscale pictures'} {why}"


def natural_order(path: Path) -> list[tuple[int, str]]:
    """Sort key by which ``frame_10`` comes after ``frame_9``."""
    parts = re.split(r"([0-9]+)", path.name.lower())
    return [(int(part), part) if part.isdigit() else (-1, part) for part in parts]


def read_array(path: Path) -> np.ndarray:
    """A checked ``.npy`` array; a `BrokenCase` where it is invalid, too large, or not finite."""
    array = npy.parse(path, npy.read_bytes(path, npy.MAX_FILE_BYTES))
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise BrokenCase(path, "holds numbers that are not finite", "finite numbers only")
    return array


def read_image(path: Path) -> np.ndarray:
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
