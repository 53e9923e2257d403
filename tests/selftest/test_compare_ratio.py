"""The ratio of two fit times: what its interval promises, and what each verdict means."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.tools.compare.ratio import LOOKS, Block, Ratio, Verdict, ratio_of, verdict_of

THRESHOLD = 1.02
BLOCKS = 25


def rounds_of(
    ratio: float,
    draw: np.random.Generator,
    *,
    noise: float = 0.04,
    between: float = 0.005,
    rounds: int = LOOKS[-1],
) -> list[list[Block]]:
    """Synthetic timings: processes that differ a little from each other, and noise of every request."""
    made = []
    for _ in range(rounds):
        here = ratio * draw.lognormal(0, between)
        old, new = draw.lognormal(0, noise, size=(2, BLOCKS)).tolist()
        made.append([(one, here * other) for one, other in zip(old, new, strict=True)])
    return made


def verdict_after_looks(rounds: list[list[Block]]) -> Verdict:
    """The verdict of the first look that decides."""
    verdicts = (verdict_of(ratio_of(rounds[:look]), THRESHOLD) for look in LOOKS)
    return next((verdict for verdict in verdicts if verdict is not Verdict.UNDECIDED), Verdict.UNDECIDED)


def test_all_looks_together_contain_the_truth_in_95_percent() -> None:
    draw, missed, comparisons = np.random.default_rng(1), 0, 400
    for _ in range(comparisons):
        rounds = rounds_of(1.1, draw)
        looks = [ratio_of(rounds[:look]) for look in LOOKS]
        missed += any(not ratio.low <= 1.1 <= ratio.high for ratio in looks)
    assert missed <= 0.065 * comparisons  # 95 %, and what chance may add
    assert missed >= 0.02 * comparisons  # an interval that is never wrong is too wide


def test_two_that_are_alike_are_never_told_apart() -> None:
    draw = np.random.default_rng(2)
    verdicts = {verdict_after_looks(rounds_of(1.0, draw)) for _ in range(200)}
    assert verdicts <= {Verdict.NO_DIFFERENCE, Verdict.UNDECIDED}


@pytest.mark.parametrize(("true_ratio", "expected"), [(1.05, Verdict.SLOWER), (1 / 1.05, Verdict.FASTER)])
def test_five_percent_are_found_in_either_direction(true_ratio: float, expected: Verdict) -> None:
    draw = np.random.default_rng(3)
    assert [verdict_after_looks(rounds_of(true_ratio, draw)) for _ in range(40)].count(expected) >= 38


def test_what_slows_the_machine_for_a_while_cancels() -> None:
    steady = rounds_of(1.04, np.random.default_rng(4))
    struck = [
        [(old * 3, new * 3) if 5 < number < 15 else (old, new) for number, (old, new) in enumerate(blocks)]
        for blocks in steady
    ]
    assert ratio_of(struck).value == pytest.approx(ratio_of(steady).value, rel=1e-12)


def test_what_strikes_single_requests_hardly_counts() -> None:
    draw = np.random.default_rng(5)
    steady = rounds_of(1.04, draw)
    struck = [[(old * 10 if draw.random() < 0.1 else old, new) for old, new in blocks] for blocks in steady]
    assert ratio_of(struck).value == pytest.approx(ratio_of(steady).value, abs=0.01)


def test_processes_that_differ_widen_the_interval_and_more_blocks_of_them_do_not_help() -> None:
    def half_width(between: float) -> float:
        ratio = ratio_of(rounds_of(1.0, np.random.default_rng(6), noise=0.001, between=between))
        return math.log(ratio.high / ratio.low) / 2

    assert half_width(0.02) > 10 * half_width(0.0)


def test_one_round_has_no_interval() -> None:
    ratio = ratio_of(rounds_of(1.5, np.random.default_rng(7), rounds=1))
    assert (ratio.low, ratio.high) == (0.0, math.inf)
    assert verdict_of(ratio, THRESHOLD) is Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1.021, 1.05, Verdict.SLOWER),
        (1.019, 1.05, Verdict.UNDECIDED),
        (0.95, 0.979, Verdict.FASTER),
        (0.95, 0.981, Verdict.UNDECIDED),
        (0.981, 1.019, Verdict.NO_DIFFERENCE),
        (0.99, 1.021, Verdict.UNDECIDED),
        (0.9, 1.1, Verdict.UNDECIDED),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side_of_the_threshold(
    low: float, high: float, expected: Verdict
) -> None:
    assert verdict_of(Ratio(1.0, low, high), THRESHOLD) is expected


def test_one_round_that_is_off_does_not_hide_what_the_others_show() -> None:
    rounds = rounds_of(1.05, np.random.default_rng(8))
    rounds[4] = [(old, new * 1.3) for old, new in rounds[4]]
    assert verdict_of(ratio_of(rounds), THRESHOLD) is Verdict.SLOWER
    assert ratio_of(rounds).high < 1.06
