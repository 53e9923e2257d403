"""Promise: what a fit leaves is a mixture: weights, covariances and precisions that belong together."""

from typing import Callable, Dict, List, Tuple

import numpy as np
import pytest
from packaging.version import Version

from fixtures.corpus import Case
from tests.support import comparison, messages
from tests.support.density import full_matrices
from tests.support.diagnosis import NotDiagnosable, fitted_parameters
from tests.support.fits import ONE_OF_EACH_TYPE
from tests.support.replay import Outcome

Replays = Dict[str, Tuple[Outcome, ...]]

# https://github.com/scikit-learn/scikit-learn/pull/30415
FLOAT32_IS_KEPT_SINCE = Version("1.7")


def test_parameters_are_a_mixture(case: Case, replays: Replays, place: str) -> None:
    """Weights sum to one; covariances are symmetric, definite, not under the floor; precisions are their inverse."""
    wrong: List[str] = []
    for way, outcomes in replays.items():
        for outcome in outcomes:
            if outcome.error:
                break
            try:
                found = _faults(case, outcome)
            except NotDiagnosable as reason:
                found = [str(reason)]
            wrong += ["{}: {}".format(messages.where(case, way, outcome), line) for line in found]
    if wrong:
        raise messages.Defect("{}: the parameters are not a mixture's\n  {}".format(place, "\n  ".join(wrong)))


def test_dtype_is_kept(case: Case, replays: Replays, place: str, release: str) -> None:
    """float64 stays float64; from 1.7 on, samples and parameters in float32 give a fit in float32."""
    given = {case.means.dtype.name, *(frame.dtype.name for frame in case.frames)}
    if given == {"float32"}:
        promised = "float32" if Version(release) >= FLOAT32_IS_KEPT_SINCE else None
    else:
        promised = None if "float32" in given else "float64"
    wrong = [
        "{}: seen {}_ in {}; should be {}".format(messages.where(case, way, outcome), name, array.dtype, promised)
        for way, outcomes in replays.items()
        for outcome in outcomes
        for name in (*comparison.PARAMETERS, "precisions")
        for array in [getattr(outcome, name)]
        if promised and isinstance(array, np.ndarray) and array.dtype.name != promised
    ]
    if wrong:
        raise messages.Defect("{}: the dtype is not kept\n  {}".format(place, "\n  ".join(wrong)))


@pytest.mark.parametrize("case_name", ONE_OF_EACH_TYPE)
def test_a_singular_covariance_is_refused(case: Case, fit_again: Callable[[Case], Outcome], place: str) -> None:
    """Samples that are all the same, without ``reg_covar``: ValueError, unless rounding leaves a variance.

    Rounding may also leave a variance below zero, which is no better than none.
    """
    for coordinate in (0.0, 0.3, 1.1):
        same = np.full((100, case.means.shape[1]), coordinate)
        outcome = fit_again(case._replace(frames=(same,), settings=case.settings._replace(reg_covar=0.0)))
        if outcome.error:
            right = outcome.error.startswith("ValueError")
        else:
            left = (outcome.weights, outcome.means, outcome.covariances, outcome.precisions)
            right = all(array is not None and np.isfinite(array).all() for array in left)
        if not right:
            seen = outcome.error or "parameters that are no numbers"
            words = "{}: seen {} where all samples are at {}; should be ValueError"
            raise messages.Defect(words.format(place, seen, coordinate))


def _faults(case: Case, outcome: Outcome) -> List[str]:
    weights, _, covariances, dtype = fitted_parameters(case, outcome)
    eps = float(np.finfo(dtype).eps)
    coarse = comparison.coarser(case.frame, outcome.means)
    allowed = comparison.tolerances(case, coarse, covariances)
    faults = []
    # Each of the masses is off by 10 * eps of a sample, and a sum of n numbers by n * eps.
    slack = eps * (10 * len(weights) + len(case.frames[outcome.frame]))
    if not abs(weights.sum() - 1) <= slack:
        faults.append("seen weights_ that sum to {!r}; should be 1 within {:.3g}".format(float(weights.sum()), slack))
    if weights.min() < 0:
        faults.append("seen the weight {!r}; should be 0 or more".format(float(weights.min())))
    asymmetry = float(np.abs(covariances - np.transpose(covariances, (0, 2, 1))).max())
    if not asymmetry <= allowed.covariances:
        faults.append("seen covariances_ that differ by {:.3g} from their transpose; should be equal".format(asymmetry))
    floor = case.settings.reg_covar
    smallest = np.linalg.eigvalsh(covariances).min(axis=1)
    rounding = 8 * eps * covariances.shape[1] * np.abs(covariances).max(axis=(1, 2))
    if case.settings.covariance_type != "full":
        rounding = rounding + allowed.covariances
    for component in np.flatnonzero(~(smallest >= floor * (1 - 1e-3) - rounding)):
        faults.append(
            "seen the eigenvalue {!r} of covariance {}; should be at least reg_covar, {!r}".format(
                float(smallest[component]), component, floor
            )
        )
    return faults + _precision_faults(case, outcome, covariances, allowed.covariances)


def _precision_faults(case: Case, outcome: Outcome, covariances: np.ndarray, slack: float) -> List[str]:
    kind, shape = case.settings.covariance_type, case.means.shape
    if outcome.precisions is None or outcome.precisions.shape != case.precisions.shape:
        seen = "{!r:.40}".format(outcome.precisions)
        return ["seen precisions_ {}; should be an array of shape {}".format(seen, case.precisions.shape)]
    precisions = full_matrices(outcome.precisions, kind, *shape)
    eigenvalues = np.linalg.eigvalsh(covariances)
    smallest = np.maximum(eigenvalues[:, 0], np.finfo(float).tiny)
    eps = float(np.finfo(comparison.coarser(case.frame, outcome.means, outcome.precisions)).eps)
    allowed = 64 * eps * shape[1] * eigenvalues[:, -1] / smallest
    if kind == "tied":
        # The two triangles of a difference of moments differ by what cancels; an inverse is of one of them.
        allowed = allowed + slack / smallest
    product = np.abs(np.matmul(precisions, covariances) - np.eye(shape[1])).max(axis=(1, 2))
    faults = [
        "seen precisions_ times covariances_ of component {} off by {:.3g}; should be the identity within"
        " {:.3g}".format(component, float(product[component]), float(allowed[component]))
        for component in np.flatnonzero(~(product <= allowed))
    ]
    # A warm-started estimator has gone on to later frames: only the last one is its own.
    factors = getattr(outcome.estimator, "precisions_cholesky_", None)
    if factors is None or outcome.frame < len(case.frames) - 1:
        return faults
    if np.shape(factors) != case.precisions.shape:
        wrong_shape = "seen precisions_cholesky_ of shape {}; should be {}"
        return [*faults, wrong_shape.format(np.shape(factors), case.precisions.shape)]
    full = full_matrices(factors, kind, *shape)
    difference = np.abs(np.matmul(full, np.transpose(full, (0, 2, 1))) - precisions).max(axis=(1, 2))
    scale = np.abs(precisions).max(axis=(1, 2))
    return faults + [
        "seen precisions_cholesky_ of component {} whose square is off precisions_ by {:.3g}; should be equal".format(
            component, float(difference[component])
        )
        for component in np.flatnonzero(~(difference <= 64 * eps * shape[1] * scale))
    ]
