"""The ratio of two fit times, its interval, and the verdict: statistics only, no clock."""

from __future__ import annotations

import enum
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

# After how many rounds the interval is looked at. Each look is another chance
# to be wrong, so the interval of each is wider than 95 %: with three looks at
# the 0.0221 level all of them together are right in 95 % (Pocock, 1977,
# Biometrika 64, table 1). A comparison that runs out of time takes its last
# look early, in place of the next one.
LOOKS = (5, 8, 12)
LEVEL_OF_A_LOOK = 0.0221
# Two processes of one release can differ by a percent for as long as they
# live (where their arrays happen to lie): fewer of them say nothing.
FEWEST_ROUNDS = LOOKS[0]

Pair = tuple[float, float]


class Verdict(enum.Enum):
    """What the interval of a ratio says at a threshold."""

    FASTER = "faster"
    SLOWER = "slower"
    NO_DIFFERENCE = "no difference"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Ratio:
    """Seconds of the new side relative to the old one's, with its 95 % interval.

    Attributes
    ----------
    value, low, high : float
        Above 1 the new side is slower.
    """

    value: float
    low: float
    high: float

    def times(self, factor: float) -> Ratio:
        """The ratio in another unit, like seconds per iteration."""
        return Ratio(self.value * factor, self.low * factor, self.high * factor)

    def narrow_enough(self, threshold: float) -> bool:
        """Whether more rounds would say no more: the interval is half as wide as from 1 to the threshold."""
        return math.log(self.high / self.low) <= math.log(threshold) / 2


def ratio_of(rounds: Sequence[Sequence[Pair]]) -> Ratio:
    """The ratio that rounds of paired times show.

    Within a round, of one process for each side, the median of the logarithms
    of the pairs' ratios: the two fits of a pair were made one after the other,
    so what slows the machine for longer slows both, and what strikes one of
    them makes an outlier that a median does not see. Over the rounds, the mean
    and Student's t: rounds are independent of each other, pairs are not.

    Parameters
    ----------
    rounds : sequence of sequences of (float, float)
        Seconds per fit, of the old side and of the new one.

    Returns
    -------
    Ratio
        From 0 to infinity where one round is all there is.
    """
    centres = [statistics.median(math.log(new / old) for old, new in pairs) for pairs in rounds]
    centre = statistics.fmean(centres)
    if len(centres) < 2:
        return Ratio(math.exp(centre), 0.0, math.inf)
    quantile = float(stats.t.isf(LEVEL_OF_A_LOOK / 2, len(centres) - 1))
    half = quantile * statistics.stdev(centres) / math.sqrt(len(centres))
    return Ratio(*(math.exp(value) for value in (centre, centre - half, centre + half)))


def verdict_of(ratio: Ratio, threshold: float) -> Verdict:
    """What an interval says: it lies wholly above the threshold, wholly below its inverse, wholly between, or not.

    Parameters
    ----------
    ratio : Ratio
    threshold : float
        The smallest ratio that matters, like 1.02.
    """
    if ratio.low > threshold:
        return Verdict.SLOWER
    if ratio.high < 1 / threshold:
        return Verdict.FASTER
    if 1 / threshold <= ratio.low and ratio.high <= threshold:
        return Verdict.NO_DIFFERENCE
    return Verdict.UNDECIDED
