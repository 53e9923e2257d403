"""What a frame source gives: frames as they were stored, or why one cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

POINTS, PIXELS = "points", "pixels"
MOST_PIXELS = 40_000_000  # of one frame; 8K has 33 million


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class RawFrame:
    """A frame as it was stored."""

    number: int  # From 0, of all frames that the source has
    name: str  # The file of its own that it has, or nothing
    array: np.ndarray  # Grey levels (height, width), or samples (n_samples, n_features)


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
    description: str  # What is read, and as what

    def frames(self, every: int) -> Iterator[Stored]:
        """Yield every so many-th frame; none is kept."""
