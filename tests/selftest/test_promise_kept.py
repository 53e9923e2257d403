"""Estimators that keep every promise pass every check."""

from __future__ import annotations

import pytest
from sklearn.mixture import GaussianMixture

from fixtures.corpus import load_case
from tests.selftest.promise_fakes import (
    CHAIN,
    CHECKS,
    CONVERGES,
    FOR_CHAINS,
    STOPS,
    Arguments,
    ExactMixture,
    failures,
    promise_case,
)
from tests.support import expected, remedies

KINDS = ("full", "tied", "diag", "spherical")
# A known defect of every release that has max_iter=0.
NEVER_KEPT = "test_no_iterations_leave_what_was_given"
CONTROLS = ("control-16d", "control-around-the-origin", "control-still-scene-diag", "control-1d-one-component")


@pytest.fixture(scope="module", params=KINDS)
def exact(request: pytest.FixtureRequest) -> Arguments:
    return Arguments(promise_case(request.param), ExactMixture)


@pytest.fixture(scope="module", params=KINDS)
def exact_chain(request: pytest.FixtureRequest) -> Arguments:
    return Arguments(promise_case(request.param, n_frames=3), ExactMixture)


@pytest.fixture(scope="module", params=CONTROLS)
def control(request: pytest.FixtureRequest) -> Arguments:
    return Arguments(load_case(request.param), GaussianMixture)


@pytest.mark.parametrize("name", sorted(set(CHECKS) - set(FOR_CHAINS)))
def test_a_check_passes_on_exact_em(exact: Arguments, name: str) -> None:
    exact.call(CHECKS[name])


@pytest.mark.parametrize("name", FOR_CHAINS)
def test_a_check_of_chains_passes_on_exact_em(exact_chain: Arguments, name: str) -> None:
    exact_chain.call(CHECKS[name])


@pytest.mark.parametrize("name", sorted(set(CHECKS) - {*FOR_CHAINS, NEVER_KEPT}))
def test_a_check_passes_on_scikit_learn_where_nothing_is_hard(control: Arguments, name: str) -> None:
    control.call(CHECKS[name], expected.read(control.case.name))


@pytest.mark.parametrize("name", FOR_CHAINS)
def test_a_check_of_chains_passes_on_a_remedy(name: str) -> None:
    case = load_case("chain-control-slow-pan")
    Arguments(case, remedies.LogDomainMixture).call(CHECKS[name])


def test_the_right_estimator_breaks_nothing() -> None:
    assert failures(ExactMixture) == {}


def test_the_cases_are_what_the_fakes_need() -> None:
    converged = Arguments(CONVERGES, ExactMixture).replays["explicit"][0]
    stopped = Arguments(STOPS, ExactMixture).replays["explicit"][0]
    warm = Arguments(CHAIN, ExactMixture).replays["warm_start"]
    assert converged.converged
    assert not stopped.converged
    assert 3 < (converged.n_iter or 0) <= 20
    assert all((outcome.n_iter or 0) > 2 for outcome in warm)
    assert CONVERGES.frame.dtype.kind == "i"


def test_every_check_of_the_promises_is_tried() -> None:
    assert len(CHECKS) == 31
