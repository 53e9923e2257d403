"""Promise: what a fit leaves is a mixture: weights, covariances and precisions that belong together."""

from typing import Any, Optional

import numpy as np
from packaging.version import Version

from fixtures.corpus import Case, Traits
from tests.support import comparison, starts, tolerances
from tests.support.check import ONE_OF_EACH_TYPE, UnderTest, check
from tests.support.density import full_matrices
from tests.support.diagnosis import FittedParameters
from tests.support.judgement import Judgement
from tests.support.replay import Outcome, fit_frame, initial
from tests.support.subject import Subject, judge_parameters, left, require_fit, require_parameters

# https://github.com/scikit-learn/scikit-learn/pull/30415
FLOAT32_IS_KEPT_SINCE = Version("1.7")
FEW_NEAR_FLOAT32 = tuple("control-few-near-float32-" + kind for kind in ("full", "tied", "diag", "spherical"))


@check(
    headline="the parameters are not those of a mixture",
    title="GaussianMixture leaves parameters that are no mixture",
)
def test_parameters_are_a_mixture(subject: Subject, judgement: Judgement) -> None:
    """Weights sum to one; covariances are symmetric, definite, not under the floor; precisions are their inverse."""
    for _, outcome, at in subject.fits(judgement):
        parameters = judge_parameters(at, subject.case, outcome)
        if parameters is not None:
            _judge_mixture(at, subject.case, outcome, parameters)


def _promised_dtype(case: Traits, release: str) -> Optional[str]:
    given = {case.parameter_dtype, *case.sample_dtypes}
    if given == {"float32"}:
        return "float32" if Version(release) >= FLOAT32_IS_KEPT_SINCE else None
    return None if "float32" in given else "float64"


def _promises_a_dtype(case: Traits, under_test: UnderTest) -> bool:
    return _promised_dtype(case, under_test.release) is not None


@check(
    headline="the dtype is not kept",
    title="GaussianMixture does not keep the dtype",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/30415",
    only=_promises_a_dtype,
)
def test_dtype_is_kept(subject: Subject, judgement: Judgement) -> None:
    """float64 stays float64; from 1.7 on, samples and parameters in float32 give a fit in float32."""
    promised = _promised_dtype(subject.case.traits, subject.release)
    for _, outcome, at in subject.fits(judgement):
        for name, array in left(at, outcome, *comparison.PARAMETERS, "precisions"):
            if at.condition(isinstance(array, np.ndarray), name + "_", type(array).__name__, "an array", aspect="type"):
                at.expect(array.dtype.name == promised, name + "_", array.dtype.name, promised, aspect="dtype")


@check(
    headline="a start does not have the dtype of the samples",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/30415",
    cases=("control-around-the-origin", *FEW_NEAR_FLOAT32),
    since="1.1",  # before, max_iter=0 was refused
    only=_promises_a_dtype,
)
def test_a_start_has_the_dtype_of_the_samples(subject: Subject, judgement: Judgement) -> None:
    """What ``init_params`` starts with is of the dtype that a fit keeps."""
    require_fit(subject.first)
    case, promised = subject.wide(max_iter=0), _promised_dtype(subject.case.traits, subject.release)
    for init_params in starts.known(subject.release):
        model = subject.estimator(case, None, init_params=init_params)
        outcome = fit_frame(case, 0, initial(case), model)
        at = judgement.at(way="init_params={!r}".format(init_params))
        for name, array in left(at, require_fit(outcome), *comparison.PARAMETERS):
            at.expect(array.dtype.name == promised, name + "_", array.dtype.name, promised, aspect="dtype")


@check(headline="a singular covariance is not refused with ValueError", cases=ONE_OF_EACH_TYPE)
def test_a_singular_covariance_is_refused(subject: Subject, judgement: Judgement) -> None:
    """Samples that are all the same, without ``reg_covar``: ValueError that names it, unless rounding leaves some.

    A variance that rounding leaves may be below zero, which is no better than none.
    """
    # A class that refuses everything refuses nothing in particular.
    require_parameters(subject.case, require_fit(subject.first))
    case = subject.changed(reg_covar=0.0)
    for coordinate in (0.0, 0.3, 1.1):
        same = np.full((100, case.means.shape[1]), coordinate)
        outcome = subject.again(case._replace(frames=(same,)))
        should_be = "ValueError where all samples are at {}".format(coordinate)
        if outcome.error is not None:
            refused, named = outcome.error.type == "ValueError", "reg_covar" in outcome.error.message
            judgement.expect(refused, "fit", str(outcome.error), should_be, aspect=outcome.error.type)
            judgement.expect(named, "fit", str(outcome.error), "a message with reg_covar", aspect="message")
        else:
            for name, array in left(judgement, outcome, *comparison.PARAMETERS, "precisions"):
                judgement.expect(np.isfinite(array).all(), name + "_", "not finite", should_be, aspect="value")


def _judge_mixture(judgement: Judgement, case: Case, outcome: Outcome, parameters: FittedParameters) -> None:
    weights, _, covariances, dtype = parameters
    eps = float(np.finfo(dtype).eps)
    frame = case.frames[outcome.frame].astype(np.float64)
    arithmetic = tolerances.arithmetic_of(case.settings, comparison.coarser(case.frame, outcome.means))
    allowed = tolerances.of_fitted_covariances(arithmetic, frame, covariances)
    # Each of the masses is off by 10 * eps of a sample, and a sum of n numbers by n * eps.
    slack = eps * (10 * len(weights) + len(case.frames[outcome.frame]))
    total, least = float(weights.sum()), float(weights.min())
    judgement.expect(abs(total - 1) <= slack, "weights_", total, 1.0, aspect="sum", tolerance=slack)
    judgement.expect(least >= 0, "weights_", least, "0 or more", aspect="smallest")
    asymmetry = np.abs(covariances - np.transpose(covariances, (0, 2, 1)))
    worst = np.unravel_index(int((asymmetry - allowed).argmax()), asymmetry.shape)
    judgement.expect(
        (asymmetry <= allowed).all(), "covariances_", float(asymmetry[worst]), 0.0,
        aspect="difference from the transpose", tolerance=float(allowed[worst]), component=int(worst[0]),
    )  # fmt: skip
    floor = case.settings.reg_covar
    smallest = np.linalg.eigvalsh(covariances).min(axis=1)
    slack = allowed.max(axis=(1, 2))
    rounding = 8 * eps * covariances.shape[1] * np.abs(covariances).max(axis=(1, 2))
    if case.settings.covariance_type != "full":
        rounding = rounding + covariances.shape[1] * slack
    for component, eigenvalue in enumerate(smallest):
        judgement.expect(
            eigenvalue >= floor * (1 - 1e-3) - rounding[component], "covariances_", float(eigenvalue),
            "at least reg_covar, {!r}".format(floor), aspect="smallest eigenvalue", component=component,
        )  # fmt: skip
    for _, precisions in left(judgement, outcome, "precisions"):
        if not judgement.has_shape("precisions_", precisions, case.precisions.shape):
            continue
        eps = float(np.finfo(comparison.coarser(case.frame, outcome.means, precisions)).eps)
        full = full_matrices(precisions, case.settings.covariance_type, *case.means.shape)
        _judge_precisions(judgement, case, full, covariances, eps, slack)
        # A warm-started estimator has gone on to later frames: only the last one is its own.
        if outcome.frame == len(case.frames) - 1:
            _judge_factors(judgement, case, getattr(outcome.estimator, "precisions_cholesky_", None), full, eps)


def _judge_precisions(  # noqa: PLR0917
    judgement: Judgement, case: Case, precisions: np.ndarray, covariances: np.ndarray, eps: float, slack: np.ndarray
) -> None:
    n_features = case.means.shape[1]
    eigenvalues = np.linalg.eigvalsh(covariances)
    smallest = np.maximum(eigenvalues[:, 0], np.finfo(float).tiny)
    allowed = 64 * eps * n_features * eigenvalues[:, -1] / smallest
    if case.settings.covariance_type == "tied":
        # The two triangles of a difference of moments differ by what cancels; an inverse is of one of them.
        allowed = allowed + slack / smallest
    product = np.abs(np.matmul(precisions, covariances) - np.eye(n_features)).max(axis=(1, 2))
    _judge_each(
        judgement, "precisions_", product, allowed, "difference of its product with covariances_ from the identity"
    )


def _judge_factors(judgement: Judgement, case: Case, factors: Any, precisions: np.ndarray, eps: float) -> None:
    if factors is None:
        judgement.cannot("the fit left no precisions_cholesky_")
    elif judgement.has_shape("precisions_cholesky_", factors, case.precisions.shape):
        full = full_matrices(factors, case.settings.covariance_type, *case.means.shape)
        difference = np.abs(np.matmul(full, np.transpose(full, (0, 2, 1))) - precisions).max(axis=(1, 2))
        scale = 64 * eps * case.means.shape[1] * np.abs(precisions).max(axis=(1, 2))
        _judge_each(judgement, "precisions_cholesky_", difference, scale, "difference of its square from precisions_")


def _judge_each(judgement: Judgement, what: str, off: np.ndarray, allowed: np.ndarray, aspect: str) -> None:
    """Compare a deviation of each component with what rounding may do."""
    for component, (error, tolerance) in enumerate(zip(off, allowed)):
        judgement.expect(
            error <= tolerance, what, float(error), 0.0, aspect=aspect, tolerance=float(tolerance), component=component
        )
