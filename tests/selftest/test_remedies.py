"""The remedies keep what they say: two do exact EM where a component is lost, one leaves it where it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.mixture import GaussianMixture

from fixtures.corpus import CASES, Case, Settings, case_names, load_case, read_description
from tests.support import reference, replay
from tests.support.density import full_matrices, log_joint_densities, log_sum_exp
from tests.support.remedies import SMALLEST_WEIGHT, KeepLastParameters, LogDomainMixture, WarmStartMixture

KINDS = ("full", "tied", "diag", "spherical")
SOUND = (LogDomainMixture, KeepLastParameters)  # around the M-step, too
REMEDIES = (*SOUND, WarmStartMixture)
SAMPLES = np.array([[0, 1], [1, 0], [1, 0], [2, 3], [5, 4], [6, 6], [6, 6], [7, 4]], dtype=np.float64)
PRECISIONS = {
    "full": np.array([[[1.0, 0.25], [0.25, 0.5]], [[2.0, -0.5], [-0.5, 1.0]]]),
    "tied": np.array([[1.0, 0.25], [0.25, 0.5]]),
    "diag": np.array([[1.0, 0.5], [2.0, 1.0]]),
    "spherical": np.array([1.0, 2.0]),
}
NEAR, OVERLAPPING, NEARLY_EMPTY, UNDERFLOWING = 2.0, 6.0, 30.0, 200.0
FAR_OFFSET = 2.0**23  # every coordinate keeps all its digits: the right answer is the same
MOVING_CHAIN = "chain-control-slow-pan"
LEAVING_CHAIN = "chain-object-leaves"


def plain_controls(root: Path = CASES) -> list[str]:
    """Controls of one frame in float64 whose samples are not far from the origin.

    Moments about the origin, of which scikit-learn makes its covariances, have
    fewer digits than 1e-8 asks for elsewhere.
    """
    descriptions = {name: read_description(root / name) for name in case_names(root)}
    return [
        name
        for name, description in descriptions.items()
        if "control" in description["flags"]
        and "far-offset" not in description["flags"]
        and description["files"].get("frame.npy", {"dtype": "float32"})["dtype"] != "float32"
    ]


def small_case(
    kind: str = "full",
    far: float = UNDERFLOWING,
    *,
    samples: np.ndarray = SAMPLES,
    offset: float = 0.0,
    reg_covar: float = 1e-3,
    max_iter: int = 4,
) -> Case:
    """Two components on eight samples, the second one as far away as is asked, all of it moved by an offset."""
    return Case(
        name="small",
        title="small",
        flags=(),
        settings=Settings(kind, reg_covar, 0.0, max_iter),
        frames=(samples + samples.dtype.type(offset),),
        weights=np.array([0.625, 0.375]),
        means=np.array([[1.0, 1.0], [far, 5.0]]) + offset,
        precisions=PRECISIONS[kind],
        provenance={},
    )


class Fit(NamedTuple):
    """What a fit left; covariances and precisions as one matrix for each component."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    precisions: np.ndarray
    lower_bound: float
    ended: tuple[int | None, bool | None]  # n_iter_, converged_


def fits_of(case: Case, estimator_class: Any, way: str = replay.EXPLICIT) -> list[Fit]:
    """What an estimator left of each frame of a case."""
    fits = []
    kind, shape = case.settings.covariance_type, case.means.shape
    for outcome in replay.replay(case, estimator_class, way):
        assert outcome.error is None
        assert outcome.weights is not None
        assert outcome.means is not None
        assert outcome.covariances is not None
        assert outcome.precisions is not None
        assert outcome.lower_bound is not None
        covariances = full_matrices(outcome.covariances, kind, *shape)
        precisions = full_matrices(outcome.precisions, kind, *shape)
        ended = (outcome.n_iter, outcome.converged)
        fits.append(Fit(outcome.weights, outcome.means, covariances, precisions, outcome.lower_bound, ended))
    assert len(fits) == len(case.frames)
    return fits


def fit_of(case: Case, estimator_class: Any) -> Fit:
    """What an estimator left of the one frame of a case."""
    (fit,) = fits_of(case, estimator_class)
    return fit


def exact_fit_of(case: Case) -> Fit:
    """What exact EM makes of the one frame of a case."""
    (exact,) = reference.exact_replay(case)
    covariances = full_matrices(exact.final.covariances, case.settings.covariance_type, *case.means.shape)
    return Fit(
        np.exp(exact.final.log_weights),
        exact.final.means,
        covariances,
        np.linalg.inv(covariances),
        exact.lower_bounds[-1],
        (exact.n_iter, exact.converged),
    )


def assert_equal_fits(got: Fit, expected: Fit, tolerance: float = 1e-8) -> None:
    """Every parameter and the lower bound, relative to it or to one; and as many steps."""
    for attribute in ("weights", "means", "covariances", "lower_bound"):
        one, other = getattr(got, attribute), getattr(expected, attribute)
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance, err_msg=attribute)
    assert got.ended == expected.ended


@pytest.mark.parametrize("far", [OVERLAPPING, NEARLY_EMPTY, UNDERFLOWING])
@pytest.mark.parametrize("kind", KINDS)
def test_log_domain_mixture_is_exact_em(kind: str, far: float) -> None:
    case = small_case(kind, far)
    assert_equal_fits(fit_of(case, LogDomainMixture), exact_fit_of(case))


@pytest.mark.parametrize("kind", KINDS)
def test_log_domain_mixture_is_exact_em_on_float32(kind: str) -> None:
    case = small_case(kind, samples=SAMPLES.astype(np.float32) + np.float32(0.1))
    assert_equal_fits(fit_of(case, LogDomainMixture), exact_fit_of(case))


@pytest.mark.parametrize("kind", KINDS)
def test_log_domain_mixture_starts_from_parameters_of_float32_as_they_are(kind: str) -> None:
    case = small_case(kind, NEAR, max_iter=1)
    names = ("weights", "means", "precisions")
    case = case._replace(**{name: getattr(case, name).astype(np.float32) for name in names})
    assert_equal_fits(fit_of(case, LogDomainMixture), exact_fit_of(case))


def test_log_domain_mixture_is_exact_em_where_all_is_float32() -> None:
    case = load_case("object-leaves-float32")
    assert {array.dtype.name for array in (case.frame, case.weights, case.means, case.precisions)} == {"float32"}
    assert_equal_fits(
        fit_of(case, LogDomainMixture), exact_fit_of(case), tolerance=1e-6
    )  # rounded to float32 at the end


@pytest.mark.parametrize("kind", KINDS)
def test_log_domain_mixture_loses_no_digits_far_from_the_origin(kind: str) -> None:
    got = fit_of(small_case(kind, NEARLY_EMPTY, offset=FAR_OFFSET), LogDomainMixture)
    near = exact_fit_of(small_case(kind, NEARLY_EMPTY))
    np.testing.assert_allclose(got.covariances, near.covariances, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(got.means - FAR_OFFSET, near.means, atol=1e-8)


def test_log_domain_mixture_leaves_weights_that_the_next_fit_can_start_from() -> None:
    case = small_case(far=UNDERFLOWING)
    (exact,) = reference.exact_replay(case)
    assert exact.final.log_weights[1] < np.log(SMALLEST_WEIGHT)
    assert fit_of(case, LogDomainMixture).weights[1] == SMALLEST_WEIGHT


def test_log_domain_mixture_makes_a_weighted_mean_for_a_weight_of_zero() -> None:
    case = small_case(far=OVERLAPPING)
    fit = fit_of(case._replace(weights=np.array([1.0, 0.0])), LogDomainMixture)
    np.testing.assert_array_equal(fit.means, np.clip(fit.means, SAMPLES.min(axis=0), SAMPLES.max(axis=0)))


def test_the_only_component_of_log_domain_mixture_has_a_weight_of_just_one() -> None:
    samples = np.random.default_rng(0).normal(size=(40, 2))
    fits = [LogDomainMixture(max_iter=2, tol=1e6).fit(samples[:n_samples]) for n_samples in range(2, 40)]
    assert {float(fit.weights_[0]) for fit in fits} == {1.0}


@pytest.mark.parametrize("kind", KINDS)
def test_the_precisions_of_log_domain_mixture_are_those_of_its_covariances(kind: str) -> None:
    case = small_case(kind)
    estimator = replay.make_estimator(case, replay.initial(case), LogDomainMixture)
    with pytest.warns(UserWarning, match="converge"):  # tol is 0
        estimator.fit(case.frame)
    precisions, factors, covariances = (
        getattr(estimator, name) for name in ("precisions_", "precisions_cholesky_", "covariances_")
    )
    if kind in ("full", "tied"):
        np.testing.assert_allclose(np.matmul(factors, np.swapaxes(factors, -1, -2)), precisions)
        np.testing.assert_allclose(np.linalg.inv(covariances), precisions)
    else:
        np.testing.assert_allclose(factors**2, precisions)
        np.testing.assert_allclose(1 / covariances, precisions)


def test_the_samples_score_as_the_fitted_density_says() -> None:
    case = small_case(far=OVERLAPPING)
    estimator = replay.make_estimator(case, replay.initial(case), LogDomainMixture)
    with pytest.warns(UserWarning, match="converge"):  # tol is 0
        estimator.fit(case.frame)
    factors = np.linalg.cholesky(estimator.precisions_)
    joint = log_joint_densities(SAMPLES, np.log(estimator.weights_), estimator.means_, factors)
    np.testing.assert_allclose(estimator.score_samples(SAMPLES), log_sum_exp(joint, axis=1), rtol=1e-12)
    np.testing.assert_array_equal(estimator.predict(SAMPLES), joint.argmax(axis=1))


@pytest.mark.parametrize("remedy", REMEDIES)
def test_a_remedy_has_the_parameters_of_gaussian_mixture(remedy: Any) -> None:
    given = {"n_components": 3, "covariance_type": "diag", "tol": 0.5, "warm_start": True}
    assert remedy(**given).get_params() == GaussianMixture(**given).get_params()


@pytest.mark.parametrize("remedy", REMEDIES)
def test_a_fitted_remedy_can_be_cloned(remedy: Any) -> None:
    case = small_case(max_iter=100)._replace(settings=Settings("full", 1e-3, 1e-3, 100))
    fitted = replay.make_estimator(case, replay.initial(case), remedy).fit(case.frame)
    copy = clone(fitted)
    assert type(copy) is remedy
    assert not hasattr(copy, "means_")
    np.testing.assert_array_equal(copy.fit(case.frame).means_, fitted.means_)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("remedy", SOUND)
def test_without_a_step_a_remedy_is_as_it_started(remedy: Any, kind: str) -> None:
    case = small_case(kind, max_iter=0)
    start = replay.initial(case)
    estimator = replay.make_estimator(case, start, remedy).fit(case.frame)
    np.testing.assert_allclose(estimator.precisions_, start.precisions)
    inverse = np.linalg.inv if kind in ("full", "tied") else np.reciprocal
    np.testing.assert_allclose(estimator.covariances_, inverse(start.precisions))
    if kind in ("full", "tied"):
        np.testing.assert_array_equal(estimator.precisions_cholesky_, np.triu(estimator.precisions_cholesky_))


@pytest.mark.parametrize("remedy", REMEDIES)
def test_fit_predict_is_fit_then_predict(remedy: Any) -> None:
    case = load_case("object-leaves-1d")
    estimators = [replay.make_estimator(case, replay.initial(case), remedy) for _ in range(2)]
    labels = estimators[0].fit_predict(case.frame)
    np.testing.assert_array_equal(labels, estimators[1].fit(case.frame).predict(case.frame))


@pytest.mark.parametrize("name", [MOVING_CHAIN, LEAVING_CHAIN])
@pytest.mark.parametrize("remedy", SOUND)
def test_a_warm_started_chain_equals_explicit_replays(remedy: Any, name: str) -> None:
    case = load_case(name)
    for explicit, warm in zip(fits_of(case, remedy), fits_of(case, remedy, replay.WARM_START), strict=True):
        assert_equal_fits(warm, explicit)


def test_a_warm_start_and_an_explicit_one_agree_on_a_weight_below_the_smallest_float() -> None:
    """The lost component ends wide in y, and of the next frame it explains more than the other one."""
    crowd, pair = np.zeros((8, 2)), np.array([[1.0, -50.0], [1.0, 50.0]])
    case = small_case("diag", far=1e4, max_iter=1)._replace(
        frames=(np.vstack([crowd, pair]), np.vstack([crowd, pair * [1, 20]])),
        means=np.array([[0.0, 0.0], [1e4, 0.0]]),
        precisions=np.array([[1.0, 1e-3], [1.0, 1e-3]]),
    )
    explicit, warm = fits_of(case, LogDomainMixture), fits_of(case, LogDomainMixture, replay.WARM_START)
    assert explicit[0].weights[1] == SMALLEST_WEIGHT
    assert explicit[1].weights[1] > 0.1
    assert_equal_fits(warm[1], explicit[1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_singular_covariance_raises_what_scikit_learn_raises(kind: str) -> None:
    on_a_line = np.array([[0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    case = small_case(kind, far=3.0, samples=on_a_line, reg_covar=0.0)
    (outcome,) = replay.replay(case, LogDomainMixture)
    assert outcome.error is not None
    assert str(outcome.error).startswith("ValueError: Fitting the mixture model failed because some components have")


@pytest.mark.parametrize("remedy", SOUND)
def test_a_fit_that_raises_leaves_the_estimator_as_it_was(remedy: Any) -> None:
    case = small_case(reg_covar=0.0, far=OVERLAPPING)
    estimator = replay.make_estimator(case, replay.initial(case), remedy, warm_start=True)
    before = vars(estimator).copy()
    with pytest.raises(ValueError, match="ill-defined empirical covariance"):
        estimator.fit(np.zeros_like(SAMPLES))
    assert vars(estimator).keys() == before.keys()
    with pytest.warns(UserWarning, match="converge"):  # tol is 0
        estimator.fit(SAMPLES)
    assert np.isfinite(estimator.means_).all()


@pytest.mark.parametrize("kind", KINDS)
def test_keep_last_parameters_keeps_a_lost_component_where_it_was(kind: str) -> None:
    case = small_case(kind)
    fit = fit_of(case, KeepLastParameters)
    np.testing.assert_array_equal(fit.means[1], case.means[1])
    if kind != "tied":  # a tied covariance is not the component's own
        given = np.linalg.inv(full_matrices(case.precisions, kind, *case.means.shape))
        np.testing.assert_allclose(fit.covariances[1], given[1], rtol=1e-12)


def test_a_component_that_was_kept_takes_its_object_back() -> None:
    case = small_case()
    back = np.vstack([SAMPLES, SAMPLES + [UNDERFLOWING, 0.0]])
    *_, fit = fits_of(case._replace(frames=(SAMPLES, back)), KeepLastParameters)
    assert fit.weights[1] == pytest.approx(0.5)


def test_a_component_with_little_mass_is_not_lost() -> None:
    case = small_case(far=14.0, max_iter=1)
    (exact,) = reference.exact_replay(case)
    assert np.log(1e-10) < exact.log_masses[0][1] < np.log(1e-8)
    assert_equal_fits(fit_of(case, KeepLastParameters), fit_of(case, GaussianMixture))


@pytest.mark.parametrize("far", [NEARLY_EMPTY, UNDERFLOWING])
@pytest.mark.parametrize("kind", KINDS)
def test_the_fix_is_exact_em_where_a_component_is_lost(kind: str, far: float) -> None:
    case = small_case(kind, far)
    assert_equal_fits(fit_of(case, WarmStartMixture), exact_fit_of(case))


@pytest.mark.parametrize("kind", KINDS)
def test_the_fix_is_exact_em_on_float32(kind: str) -> None:
    case = small_case(kind, samples=SAMPLES.astype(np.float32))
    names = ("weights", "means", "precisions")
    case = case._replace(**{name: getattr(case, name).astype(np.float32) for name in names})
    fit = fit_of(case, WarmStartMixture)
    assert fit.weights.dtype == np.float32
    assert_equal_fits(fit, exact_fit_of(case), tolerance=1e-4)


def test_the_fix_needs_no_floor_for_a_component_that_is_lost() -> None:
    """Two samples are as far from it as each other: they have different places, so the variance is not 0."""
    samples = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 6.0], [4.0, 6.0]])
    case = small_case("spherical", samples=samples, reg_covar=0.0, max_iter=1)
    case = case._replace(means=np.array([[1.0, 1.0], [2.0, 400.0]]))
    (stock,) = replay.replay(case, GaussianMixture)
    assert stock.error is not None
    assert_equal_fits(fit_of(case, WarmStartMixture), exact_fit_of(case))


@pytest.mark.parametrize("name", plain_controls())
def test_the_fix_gives_the_same_bits_where_nothing_is_lost(name: str) -> None:
    case = load_case(name)
    fixed, stock = fit_of(case, WarmStartMixture), fit_of(case, GaussianMixture)
    for attribute in ("weights", "means", "covariances", "precisions", "lower_bound"):
        np.testing.assert_array_equal(getattr(fixed, attribute), getattr(stock, attribute), err_msg=attribute)


def test_the_fix_leaves_a_component_alone_that_was_given_no_weight() -> None:
    case = small_case(far=OVERLAPPING, max_iter=1)._replace(weights=np.array([1.0, 0.0]))
    assert_equal_fits(fit_of(case, WarmStartMixture), fit_of(case, GaussianMixture))


@pytest.mark.parametrize("name", plain_controls())
@pytest.mark.parametrize("remedy", REMEDIES)
def test_a_remedy_changes_nothing_where_nothing_is_lost(remedy: Any, name: str) -> None:
    case = load_case(name)
    assert_equal_fits(fit_of(case, remedy), fit_of(case, GaussianMixture))
