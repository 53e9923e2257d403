"""Frames as a source stores them, and as the tracker fits them: pixels become points repeated by brightness."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fixtures import npy

POINTS, PIXELS = "points", "pixels"
MOST_PIXELS = 40_000_000  # of one frame; 8K has 33 million
# int32 coordinates of two features, in the largest array that a case can hold; some of it is the header.
MOST_SAMPLES = npy.MAX_FILE_BYTES // 8 - npy.MAX_HEADER_BYTES


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class RawFrame:
    """A frame as it was stored."""

    number: int  # from 0, of all frames that the source has
    name: str  # the file of its own that it has, or nothing
    array: np.ndarray  # grey levels (height, width), or samples (n_samples, n_features)


@dataclass(frozen=True)
class Skipped:
    """A frame that cannot be read or cannot be fitted, and why."""

    number: int
    name: str
    reason: str


Stored = RawFrame | Skipped


class FrameSource(Protocol):
    """Where frames come from."""

    holds: str
    description: str  # what is read, and as what

    def frames(self, every: int) -> Iterator[Stored]:
        """Yield every so many-th frame; none is kept."""


class Unusable(ValueError):
    """A frame that cannot be fitted, and why."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class Frame:
    """A frame to fit."""

    number: int  # in the source, from 0
    name: str  # its own file, or nothing
    samples: np.ndarray
    note: str  # what the user should know of it, or nothing


@dataclass(frozen=True)
class Conversion:
    """How pixels become points."""

    threshold: float = 1.0  # grey level from which on a pixel is lit
    scale: float = 1.0  # A lit pixel is repeated ``round(scale * level)`` times
    difference: bool = False  # take the absolute difference to the frame before in place of the frame

    def points(self, levels: np.ndarray) -> np.ndarray:
        """Coordinates (x, y) of every lit pixel, each repeated by its brightness, sorted.

        Parameters
        ----------
        levels : ndarray of shape (height, width)
            Grey levels, 0 or more.

        Returns
        -------
        ndarray of shape (n_samples, 2), int32
        """
        if levels.dtype == np.uint8:  # a video: a table of all levels is faster
            repeats = self._repeats(np.arange(256))[levels.T]
        elif levels.min() < 0:
            raise Unusable(f"holds the grey level {levels.min():g}; should be 0 or more")
        else:
            repeats = self._repeats(levels.T)
        x, y = np.nonzero(repeats)
        counts = repeats[x, y]
        total = float(counts.sum(dtype=np.float64))
        if total > MOST_SAMPLES:
            raise Unusable(
                f"has {total:,.0f} samples; should have at most {MOST_SAMPLES:,}: raise --threshold or lower --scale"
            )
        counts = counts.astype(np.int64)
        return np.column_stack([np.repeat(x.astype(np.int32), counts), np.repeat(y.astype(np.int32), counts)])

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
            try:
                yield self._frame(raw, before)
            except Unusable as reason:
                yield Skipped(raw.number, raw.name, str(reason))
            if before is None or _same_size(raw.array, before, self._source.holds):
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

    def _frame(self, raw: RawFrame, before: np.ndarray | None) -> Frame:
        _check_size(raw.array, before, self._source.holds)
        unchanged = before is not None and np.array_equal(raw.array, before)
        samples = raw.array
        if self._source.holds == PIXELS:
            if self._conversion.difference:
                if before is None:
                    raise Unusable("is the first, which has no difference to one before")
                if unchanged:
                    raise Unusable("no change from the frame before")
                samples = _difference(samples, before)
            samples = self._conversion.points(samples)
        if len(samples) < self._fewest:
            raise Unusable(f"has {len(samples):,} samples; should have at least {self._fewest:,}, one a component")
        return Frame(raw.number, raw.name, samples, "no change from the frame before" if unchanged else "")


def _same_size(array: np.ndarray, before: np.ndarray, holds: str) -> bool:
    return array.shape == before.shape if holds == PIXELS else array.shape[1:] == before.shape[1:]


def _check_size(array: np.ndarray, before: np.ndarray | None, holds: str) -> None:
    if before is None or _same_size(array, before, holds):
        return
    if holds == PIXELS:
        sizes = [f"{width} x {height}" for height, width in (array.shape, before.shape)]
        raise Unusable(f"has {sizes[0]} pixels; should have {sizes[1]} like the first")
    raise Unusable(f"has {array.shape[1]} features; should have {before.shape[1]} like the first")


def _difference(levels: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Absolute difference of two pictures; of bytes it is one of bytes."""
    if levels.dtype == before.dtype == np.uint8:
        return np.where(levels > before, levels - before, before - levels)
    return np.abs(levels.astype(np.float64) - before.astype(np.float64))
