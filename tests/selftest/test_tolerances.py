"""Tolerances: what rounding does stays within them, and they allow little more."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from fixtures.corpus import Case, Settings, load_case
from tests.selftest.exact_mixture import em_steps
from tests.selftest.promise_fakes import promise_case
from tests.support import rounding, tolerances
from tests.support.comparison import dtype_of
from tests.support.density import full_matrices
from tests.support.reference import Parameters, exact_replay, exact_start, merge_equal

KINDS = ("full", "tied", "diag", "spherical")


def case_of(kind: str, offset: float = 0.0) -> Case:
    """One step of EM on overlapping objects, as far from the origin as is asked."""
    case = promise_case(kind, max_iter=1)
    return case._replace(frames=(case.frame + offset,), means=case.means + offset)


def tolerances_of(case: Case, dtype: str) -> tolerances.Tolerances:
    (trajectory,) = exact_replay(case)
    arithmetic = tolerances.arithmetic_of(case.settings, dtype)
    return tolerances.of_step(arithmetic, *merge_equal(case.frame), exact_start(case), trajectory.final)


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("kind", KINDS)
def test_a_step_in_float64_is_as_near_to_one_in_50_digits_as_the_tolerance_says(kind: str, offset: float) -> None:
    case = case_of(kind, offset)
    allowed = tolerances_of(case, "float64")
    (step,) = em_steps(case, 1)
    (trajectory,) = exact_replay(case)
    final = trajectory.final
    for exact, got, limit in zip(step.means, final.means, allowed.means, strict=True):
        assert all(abs(exact[j] - mp.mpf(got[j])) <= limit[j] for j in range(len(got)))
    assert abs(float(step.lower_bound - mp.mpf(trajectory.lower_bounds[0]))) <= allowed.lower_bound
    largest = float(np.max(allowed.covariances))
    for exact, got in zip(step.covariances, full_matrices(final.covariances, kind, *case.means.shape), strict=True):
        assert all(abs(exact[i, j] - mp.mpf(got[i, j])) <= largest for i in range(2) for j in range(2))


@pytest.mark.parametrize("kind", KINDS)
def test_near_the_origin_a_step_may_be_off_by_little(kind: str) -> None:
    little = 1e-11 if kind in tolerances.DENSITIES_OF_MOMENTS else 1e-12
    case = case_of(kind)
    allowed = tolerances_of(case, "float64")
    (trajectory,) = exact_replay(case)
    assert (allowed.weights <= little * np.exp(trajectory.final.log_weights)).all()
    assert (allowed.means <= little * np.abs(trajectory.final.means)).all()
    assert allowed.lower_bound <= little * abs(trajectory.lower_bounds[0])


@pytest.mark.parametrize("kind", KINDS)
def test_only_differences_of_moments_lose_digits_far_from_the_origin(kind: str) -> None:
    near, far = (np.max(tolerances_of(case_of(kind, offset), "float64").covariances) for offset in (0.0, 1e4))
    assert (far > 1000 * near) == (kind in tolerances.COVARIANCES_OF_MOMENTS)


@pytest.mark.parametrize("kind", KINDS)
def test_added_mass_is_what_a_division_by_mass_and_10_eps_leaves(kind: str) -> None:
    samples = np.array([[1.0, 2.0], [3.0, 1.0], [2.0, 5.0]])
    resp = np.array([[0.5, 0.5], [1.0, 0.0], [0.25, 0.75]]) * np.array([1.0, 1e-12])
    settings = Settings(kind, 0.0, 0.0, 1)
    arithmetic = tolerances.arithmetic_of(settings, "float64")
    masses = resp.sum(axis=0)
    means = np.dot(resp.T, samples) / masses[:, np.newaxis]
    scatter = np.stack([np.dot((samples - mean).T * resp[:, k], samples - mean) for k, mean in enumerate(means)])
    full = scatter / masses[:, np.newaxis, np.newaxis]
    exact = {
        "full": full,
        "tied": scatter.sum(axis=0) / 3,
        "diag": np.einsum("kii->ki", full),
        "spherical": np.einsum("kii->ki", full).mean(axis=1),
    }[kind]
    got = tolerances.with_added_mass(arithmetic, 3.0, Parameters(np.log(masses / 3), means, exact))
    larger = masses + 10 * np.finfo(float).eps
    dragged = np.dot(resp.T, samples) / larger[:, np.newaxis]
    np.testing.assert_allclose(got.means, dragged, rtol=1e-12)
    np.testing.assert_allclose(np.exp(got.log_weights), larger / (3 + 20 * np.finfo(float).eps), rtol=1e-9)
    squares = np.dot(resp.T, samples**2) / larger[:, np.newaxis] - dragged**2
    if kind == "diag":
        np.testing.assert_allclose(got.covariances, squares, rtol=1e-9)
    if kind == "spherical":
        np.testing.assert_allclose(got.covariances, squares.mean(axis=1), rtol=1e-9)
    if kind == "full":
        apart = samples - dragged[1]
        np.testing.assert_allclose(got.covariances[1], np.dot(apart.T * resp[:, 1], apart) / larger[1], rtol=1e-9)


def test_a_fit_of_several_steps_may_be_off_by_little_where_em_forgets_errors() -> None:
    case = promise_case()
    allowed = rounding.of_fit(case, "float64", exact_replay(case))
    assert (allowed["means"] <= 1e-10 * np.abs(case.means).max()).all()
    assert (allowed["means"] > 0).all()


def test_a_fit_that_rounding_may_end_is_not_bounded() -> None:
    case = load_case("issue-30382-float32-diag")
    allowed = rounding.of_fit(case, dtype_of(case), exact_replay(case))
    assert np.isinf(allowed["means"]).all()


def test_a_component_that_10_eps_drags_far_gets_no_allowance_for_it() -> None:
    case = load_case("far-component-dragged")
    allowed = rounding.of_fit(case, "float64", exact_replay(case))
    assert (allowed["means"] < 1e-6).all()


def test_moved_samples_are_moved_in_a_type_that_holds_them() -> None:
    case = promise_case()._replace(frames=(np.full((4, 2), 250, dtype=np.uint8),))
    assert (rounding.moved(case).frame == 250 + rounding.SHIFT).all()
