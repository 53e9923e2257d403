"""What a remedy costs is measured as `compare` measures it, and has an interval."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fixtures.fault import Fault
from tests.selftest.test_compare import Behaviour, FakeSide
from tests.selftest.told_sides import ToldSide
from tests.tools import remedies
from tests.tools.compare.measure import Plan
from tests.tools.compare.ratio import Ratio

PLAIN = ToldSide("GaussianMixture", Path("one"), seconds=1.0)
HALF = ToldSide("LogDomainMixture", Path("one"), seconds=0.5)
PLAN = Plan(blocks=3, looks=(6,))
COUNTS = {"GaussianMixture": {"test_a": remedies.Count(6, 3)}, "LogDomainMixture": {"test_a": remedies.Count(9)}}


def test_the_cost_of_a_remedy_is_its_ratio_to_gaussian_mixture_with_an_interval() -> None:
    noisy = ToldSide("KeepLastParameters", Path("one"), seconds=1.0, noise=0.1)
    own, half, other = remedies.cost_of([PLAIN, HALF, noisy], PLAN)
    assert own == Ratio(1, 1, 1)
    assert half.value == pytest.approx(0.5)
    assert other.low < 1 < other.high


def test_the_table_shows_the_interval_of_a_cost() -> None:
    last = remedies.table(COUNTS, [Ratio(1, 1, 1), Ratio(0.441, 0.43, 0.458)]).splitlines()[-1]
    assert last == f"| seconds of a fit, `{remedies.COST_CASE}` | | 1 | 0.44 (0.43 to 0.46) |"


def test_a_remedy_whose_fit_raises_has_no_cost() -> None:
    failing = FakeSide("LogDomainMixture", Path(sys.executable), behaviour=Behaviour(refuses=remedies.COST_CASE))
    with pytest.raises(Fault, match=r"LogDomainMixture on .* has no interval: .* raised ValueError"):
        remedies.cost_of([PLAIN, failing], PLAN)


def test_one_round_is_no_cost() -> None:
    with pytest.raises(Fault, match="one round took all the time"):
        remedies.cost_of([PLAIN, HALF], Plan(seconds=1e-9))
