"""Pixels become samples: which ones are lit, how often each counts, and how many of them are fitted.

A sample is the place of a lit pixel, (x, y), repeated as often as the pixel is bright. A large picture
makes millions of them, of which one out of every so many says the same: it is drawn in proportion to the
brightness, so that a small object stays as large beside the others as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fixtures import npy
from fixtures.fault import Fault

# int32 coordinates of two features, in the largest array that a case can hold; some of it is the header.
MOST_SAMPLES = npy.MAX_FILE_BYTES // 8 - npy.MAX_HEADER_BYTES
# An iteration of EM computes a responsibility of each component for each sample. A hundred iterations with so many
# take some ten seconds on one core.
MOST_RESPONSIBILITIES = 1_200_000
FEWEST_A_COMPONENT = 100  # samples on average
# Counts beyond it are no exact integers in float64.
MOST_COUNTED = 2**53
GOLDEN_RATIO = (5**0.5 - 1) / 2


class Crop(NamedTuple):
    """A rectangle of a picture, in pixels from its upper left corner."""

    x: int
    y: int
    width: int
    height: int

    def __str__(self) -> str:
        return ",".join(map(str, self))

    def of(self, levels: np.ndarray) -> np.ndarray:
        height, width = levels.shape
        if self.x + self.width > width or self.y + self.height > height:
            raise Fault(f"--crop is {self}, and the pictures have {width} x {height} pixels; should lie inside them")
        return levels[self.y : self.y + self.height, self.x : self.x + self.width]


class Lit(NamedTuple):
    """The lit pixels of a picture, in the order of x and then y, and how often each is repeated."""

    places: np.ndarray  # ``x * height + y`` inside the rectangle that is taken
    repeats: np.ndarray  # int64, 1 or more
    height: int  # of the rectangle
    corner: tuple[int, int]  # its x and y in the whole picture

    @property
    def n_pixels(self) -> int:
        return len(self.places)

    @property
    def n_samples(self) -> int:
        return int(self.repeats.sum())

    def samples(self, stride: int = 1) -> np.ndarray:
        """One out of every `stride` samples: int32, (n_samples, 2)."""
        n_samples = -(-self.n_samples // stride)
        if n_samples > MOST_SAMPLES:
            raise Fault(
                f"has {n_samples:,} samples; should have at most {MOST_SAMPLES:,}: raise --threshold or lower --scale,"
                " or take fewer by --max-samples"
            )
        places = np.repeat(self.places, self.repeats) if stride == 1 else self.places[self._taken(stride)]
        x, y = np.divmod(places, self.height)
        left, top = self.corner
        return np.column_stack([x + left, y + top]).astype(np.int32)

    def _taken(self, stride: int) -> np.ndarray:
        """The pixels of the samples that are taken, as indices."""
        ends = np.cumsum(self.repeats)
        begins = np.arange(0, ends[-1], stride)
        # Which one of a group is taken differs from group to group: the same one each time could fall on the same row
        # of every column. Multiples of the golden ratio are spread evenly, and the same again on the next run.
        share = np.arange(len(begins)) * GOLDEN_RATIO % 1
        taken = begins + (share * np.minimum(stride, ends[-1] - begins)).astype(np.int64)
        return np.searchsorted(ends, taken, side="right")


@dataclass(frozen=True)
class Conversion:
    threshold: float = 1.0  # grey level from which on a pixel is lit
    scale: float = 1.0  # a lit pixel is repeated ``round(scale * level)`` times
    above: bool = False  # count a level from the threshold on in place of from 0
    difference: bool = False  # take the absolute difference to the frame before in place of the frame
    crop: Crop | None = None  # take this rectangle alone; coordinates stay those of the whole picture

    def lit(self, levels: np.ndarray) -> Lit:
        """The lit pixels of grey levels (height, width), which are cropped already."""
        by_columns = np.ascontiguousarray(levels.T).ravel()
        if levels.dtype == np.uint8:  # a video: a table of all levels is faster
            table = self._repeats(np.arange(256))
            places = np.flatnonzero((table > 0)[by_columns])
            repeats = table[by_columns[places]]
        elif levels.min() < 0:
            raise Fault(f"holds the grey level {levels.min():g}; should be 0 or more")
        else:
            repeats = self._repeats(by_columns)
            places = np.flatnonzero(repeats)
            repeats = repeats[places]
        with np.errstate(over="ignore"):
            total = float(repeats.sum())
        if total > MOST_COUNTED:
            raise Fault(
                f"has {total:,.0f} samples; should have at most {MOST_SAMPLES:,}: raise --threshold or lower --scale"
            )
        corner = (self.crop.x, self.crop.y) if self.crop else (0, 0)
        return Lit(places, repeats.astype(np.int64), len(levels), corner)

    def _repeats(self, levels: np.ndarray) -> np.ndarray:
        """How often a pixel of each level is repeated; float64, because a product may be too large for an integer."""
        counted = levels - self.threshold if self.above else levels
        with np.errstate(over="ignore"):  # infinitely often is too often, too
            return np.where(levels >= self.threshold, np.rint(counted * float(self.scale)), 0)


@dataclass(frozen=True)
class Thinning:
    """How many of a frame's samples are fitted: one of every `stride`, or at most `most` of them."""

    most: int | None = None
    stride: int = 1  # to begin with

    def stride_for(self, n_samples: int, stride: int) -> int:
        """The stride of a frame of so many samples, which follows one with another stride.

        It is doubled until the frame is small enough, and never made smaller: what stands still in the
        picture should get the same samples in the next frame.
        """
        while self.most is not None and -(-n_samples // stride) > self.most:
            stride *= 2
        return stride


def default_most(n_components: int) -> int:
    """So many samples of a frame that its fit takes seconds, with any number of components up to some hundred."""
    return max(MOST_RESPONSIBILITIES // max(n_components, 12), FEWEST_A_COMPONENT * n_components)
