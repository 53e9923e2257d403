"""The ratio of two fit times, its interval, and the verdict: statistics only, no clock."""

from __future__ import annotations

import enum
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

# After how many rounds the interval is looked at. Each look is another chance to be wrong, so the interval of each
# is wider than 95 %: with three looks at the 0.0221 level all of them together are right in 95 % (Pocock, 1977,
# Biometrika 64, table 1). A comparison that runs out of time takes its last look early, in place of the next one.
LOOKS = (6, 9, 12)
LEVEL_OF_A_LOOK = 0.0221
# Two processes of one release can differ by a percent (where their arrays happen to lie): fewer of them say nothing.
FEWEST_ROUNDS = LOOKS[0]
# Of the rounds at either end. One in some dozens is off by several percent: Student's t alone would say nothing.
SHARE_TRIMMED = 0.2

Block = tuple[float, float]


class Verdict(enum.Enum):
    """What the interval of a ratio says at a threshold."""

    FASTER = "faster"
    SLOWER = "slower"
    NO_DIFFERENCE = "no difference"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Ratio:
    """Seconds of the new side relative to the old one's, with its 95 % interval: above 1 the new one is slower."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> Ratio:
        """The ratio in another unit, like seconds per iteration."""
        return Ratio(self.value * factor, self.low * factor, self.high * factor)

    def narrow_enough(self, threshold: float) -> bool:
        """Whether more rounds would say no more: the interval is half as wide as from 1 to the threshold."""
        return math.log(self.high / self.low) <= math.log(threshold) / 2


def interval(ratio: Ratio | None) -> dict[str, float | None] | None:
    """A ratio for JSON, which has no infinity: one round alone has no interval."""
    if ratio is None:
        return None
    low, high = (None, None) if ratio.low == 0 else (ratio.low, ratio.high)
    return {"value": ratio.value, "low": low, "high": high}


def in_words(ratio: Ratio) -> str:
    """A ratio with its interval."""
    return f"x {ratio.value:.3f} ({'one round' if ratio.low == 0 else f'{ratio.low:.3f} to {ratio.high:.3f}'})"


def ratio_of(rounds: Sequence[Sequence[Block]]) -> Ratio:
    """The ratio that rounds of blocks show.

    Within a round, of one process for each side, the median of the logarithms
    of the blocks' ratios: the fits of a block were made one after the other,
    so what slows the machine for longer slows both sides, and what strikes one
    of them makes an outlier that a median does not see. Over the rounds, which
    are independent of each other as blocks are not, the trimmed mean, and its
    interval by Student's t and the winsorized variance (Tukey and McLaughlin,
    1963, Sankhya A 25): from 0 to infinity where one round is all there is.
    """
    centres = [statistics.median(math.log(new / old) for old, new in blocks) for blocks in rounds]
    if len(centres) < 2:
        return Ratio(math.exp(centres[0]), 0.0, math.inf)
    centre, half = _trimmed_mean(sorted(centres))
    return Ratio(*(math.exp(value) for value in (centre, centre - half, centre + half)))


def _trimmed_mean(values: Sequence[float]) -> tuple[float, float]:
    """The trimmed mean of sorted values, and half its interval; of fewer than five none is trimmed."""
    trimmed = int(SHARE_TRIMMED * len(values))
    kept = values[trimmed : len(values) - trimmed]
    winsorized = [min(max(value, kept[0]), kept[-1]) for value in values]
    variance = (len(values) - 1) * statistics.variance(winsorized) / (len(kept) * (len(kept) - 1))
    return statistics.fmean(kept), float(special.stdtrit(len(kept) - 1, 1 - LEVEL_OF_A_LOOK / 2)) * math.sqrt(variance)


def verdict_of(ratio: Ratio, threshold: float) -> Verdict:
    """What an interval says: it lies wholly above the threshold, wholly below its inverse, wholly between, or not."""
    if ratio.low > threshold:
        return Verdict.SLOWER
    if ratio.high < 1 / threshold:
        return Verdict.FASTER
    if 1 / threshold <= ratio.low and ratio.high <= threshold:
        return Verdict.NO_DIFFERENCE
    return Verdict.UNDECIDED
