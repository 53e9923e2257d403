"""Promise: the first E-step uses exactly the parameters given.

With ``max_iter=1`` a fit is one step of EM from ``weights_init``,
``means_init`` and ``precisions_init``
(https://github.com/scikit-learn/scikit-learn/issues/16944).
"""

from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import pytest

from fixtures.corpus import Case
from tests.support import comparison, messages
from tests.support.density import full_matrices
from tests.support.diagnosis import NotDiagnosable, fitted_parameters
from tests.support.fits import ONE_OF_EACH_TYPE
from tests.support.reference import DegenerateCovariance, exact_replay
from tests.support.replay import Outcome, fit_frame, initial, make_estimator

# Before 1.1 (https://github.com/scikit-learn/scikit-learn/pull/20408).
NO_ITERATIONS_REFUSED = "ValueError: Invalid value for 'max_iter'"


def test_first_step_uses_the_parameters_given(case: Case, steps: Tuple[Outcome, ...], place: str) -> None:
    """One step is one exact EM step, for every component that 10 * eps does not outweigh."""
    one_step = case._replace(frames=case.frames[:1], settings=case.settings._replace(max_iter=1))
    outcome = steps[0]
    try:
        (exact,) = exact_replay(one_step)
    except DegenerateCovariance:
        return  # no step of EM to compare with
    try:
        dtype = comparison.coarser(case.means, case.frame, fitted_parameters(case, outcome).means)
    except NotDiagnosable as reason:
        raise messages.Defect("{}, one step: {}".format(place, reason)) from None
    should_be = {
        "weights": np.exp(exact.final.log_weights),
        "means": exact.final.means,
        "covariances": exact.final.covariances,
    }
    allowed = comparison.tolerances(case, dtype, exact.final.covariances, exact.lower_bounds[0])
    enough = comparison.outweighs_eps(exact.log_masses[0], dtype)
    wrong = comparison.differences(outcome, should_be, allowed, enough)
    wrong += comparison.differences(outcome, {"lower_bound": exact.lower_bounds[0]}, allowed)
    if wrong:
        raise messages.Defect("{}: one step is not one step of EM\n  {}".format(place, "\n  ".join(wrong)))


@pytest.mark.parametrize("case_name", [*ONE_OF_EACH_TYPE, "reduced-issue-26415-full-precisions"])
def test_factors_are_those_of_the_precisions_given(case: Case, estimator_class: Any, place: str) -> None:
    """``precisions_cholesky_`` right after initialisation: upper triangular, and its square the precisions given.

    A fit of samples that are all the same, without ``reg_covar``, ends in its
    first M-step, and leaves the factors that it began with.
    """
    same = np.zeros((max(2, case.n_components), case.means.shape[1]))
    singular = case._replace(frames=(same,), settings=case.settings._replace(reg_covar=0.0))
    estimator = make_estimator(singular, initial(singular), estimator_class)
    outcome = fit_frame(singular, 0, initial(singular), estimator)
    factors = getattr(estimator, "precisions_cholesky_", None)
    if not outcome.error or factors is None:
        return  # it went on, and has other factors now, or took back all that it had begun
    wrong = _factor_faults(case, factors)
    if wrong:
        lines = "\n  ".join(wrong)
        raise messages.Defect("{}: the factors are not those of the precisions given\n  {}".format(place, lines))


@pytest.mark.parametrize("case_name", ONE_OF_EACH_TYPE)
def test_lists_are_as_good_as_arrays(
    case: Case, estimator_class: Any, fit_again: Callable[[Case], Outcome], place: str
) -> None:
    """Initial parameters that are lists of lists start the fit that arrays of the same numbers start."""
    one_step = case._replace(frames=case.frames[:1], settings=case.settings._replace(max_iter=1))
    start = initial(one_step)
    lists = {name + "_init": array.tolist() for name, array in start._asdict().items()}
    seen = fit_frame(one_step, 0, start, make_estimator(one_step, None, estimator_class, **lists))
    should_be = fit_again(one_step)
    different = [
        name
        for name in (*comparison.PARAMETERS, "precisions", "lower_bound", "error")
        if not np.array_equal(getattr(seen, name), getattr(should_be, name))
    ]
    if different:
        what = "{} ({})".format(", ".join(different), seen.error or "no error")
        raise messages.Defect("{}: seen other {} where the fit starts from lists; should be equal".format(place, what))


@pytest.mark.parametrize("case_name", ["control-around-the-origin", "reduced-control-around-the-origin"])
def test_no_iterations_leave_what_was_given(case: Case, estimator_class: Any, place: str) -> None:
    """``max_iter=0`` fits nothing: weights, means and precisions are those given."""
    start = initial(case)._asdict()
    _require_no_iterations(case, estimator_class, place, start)


@pytest.mark.parametrize("case_name", ["control-around-the-origin", "reduced-control-around-the-origin"])
def test_no_iterations_leave_the_means_given(case: Case, estimator_class: Any, place: str) -> None:
    """``max_iter=0`` fits nothing: weights and means are those given, where the precisions come from the samples."""
    start = {"weights": case.weights, "means": case.means}
    _require_no_iterations(case, estimator_class, place, start)


def _require_no_iterations(case: Case, estimator_class: Any, place: str, given: Dict[str, np.ndarray]) -> None:
    nothing = case._replace(frames=case.frames[:1], settings=case.settings._replace(max_iter=0))
    parameters = {name + "_init": array.copy() for name, array in given.items()}
    outcome = fit_frame(nothing, 0, initial(case), make_estimator(nothing, None, estimator_class, **parameters))
    if (outcome.error or "").startswith(NO_ITERATIONS_REFUSED):
        return  # by name, and it promises nothing
    should_be: Dict[str, Any] = {"error": None, "n_iter": 0, "converged": False, "warnings": ()}
    wrong = [
        "seen {} {}; should be {}".format(name, getattr(outcome, name), value)
        for name, value in should_be.items()
        if getattr(outcome, name) != value
    ]
    for name, array in given.items():
        seen = getattr(outcome, name)
        if not outcome.error and not (np.shape(seen) == array.shape and np.allclose(seen, array, rtol=1e-9, atol=0)):
            words = messages.numbers(seen) if isinstance(seen, np.ndarray) else repr(seen)
            wrong.append("seen {}_ {}; should be {}".format(name, words, messages.numbers(array)))
    if wrong:
        raise messages.Defect("{}: no iterations, and yet\n  {}".format(place, "\n  ".join(wrong)))


def _factor_faults(case: Case, factors: Any) -> List[str]:
    kind, (n_components, n_features) = case.settings.covariance_type, case.means.shape
    if np.shape(factors) != case.precisions.shape:
        return ["seen precisions_cholesky_ of shape {}; should be {}".format(np.shape(factors), case.precisions.shape)]
    full = full_matrices(factors, kind, n_components, n_features)
    given = full_matrices(case.precisions, kind, n_components, n_features)
    below = np.abs(np.tril(full, -1)).max(axis=(1, 2))
    off = np.abs(np.matmul(full, np.transpose(full, (0, 2, 1))) - given).max(axis=(1, 2))
    allowed = 64 * float(np.finfo(case.precisions.dtype).eps) * n_features * np.abs(given).max(axis=(1, 2))
    wrong = [
        "seen precisions_cholesky_ of component {} with {:.3g} below the diagonal; should be upper triangular".format(
            component, float(below[component])
        )
        for component in np.flatnonzero(~(below == 0))
    ]
    return wrong + [
        "seen precisions_cholesky_ of component {} whose square is off precisions_init by {:.3g}; should be at most"
        " {:.3g}".format(component, float(off[component]), float(allowed[component]))
        for component in np.flatnonzero(~(off <= allowed))
    ]
