"""Promise: the first E-step uses exactly the parameters given.

With ``max_iter=1`` a fit is one step of EM from ``weights_init``,
``means_init`` and ``precisions_init``
(https://github.com/scikit-learn/scikit-learn/issues/16944).
"""

from typing import Any, Dict, Mapping

import numpy as np

from fixtures.corpus import Case
from tests.support import comparison
from tests.support.check import AND_A_REDUCED_ONE, ONE_OF_EACH_TYPE, Reproduction, check
from tests.support.density import full_matrices
from tests.support.judgement import Judgement
from tests.support.one_step import judge_one_step
from tests.support.replay import Start, fit_frame, initial
from tests.support.subject import (
    Subject,
    left,
    require_fit,
    require_left,
    require_parameters,
)  # fmt: skip

AROUND_THE_ORIGIN = ("control-around-the-origin", "reduced-control-around-the-origin")
ALL_THAT_A_FIT_LEAVES = (*comparison.PARAMETERS, "precisions", "lower_bound")


@check(
    headline="one step is not one step of EM",
    title="GaussianMixture: one iteration is not one EM step from the parameters given",
    upstream="https://github.com/scikit-learn/scikit-learn/issues/16944",
)
def test_first_step_uses_the_parameters_given(subject: Subject, judgement: Judgement) -> None:
    """One step is one exact EM step, for every component that 10 * eps does not outweigh."""
    judge_one_step(judgement.at(step=1), subject.case, subject.steps[0])


@check(
    headline="the factors are not those of the precisions given",
    title="GaussianMixture begins with other factors than those of the precisions given",
    upstream="https://github.com/scikit-learn/scikit-learn/issues/26415",
    cases=(*ONE_OF_EACH_TYPE, "reduced-issue-26415-full-precisions"),
    should_be="Upper triangular factors, whose product with their transpose is the precisions given.",
    reproduction=Reproduction(
        """\
model = GaussianMixture(**dict(parameters, reg_covar=0.0))
try:
    model.fit(np.zeros(X.shape))
except ValueError as error:
    print("a fit that ends in its first M-step: {}".format(error))
print("precisions_cholesky_ as it began: {}".format(model.precisions_cholesky_.tolist()))""",
        makes_fits=True,
    ),
)
def test_factors_are_those_of_the_precisions_given(subject: Subject, judgement: Judgement) -> None:
    """``precisions_cholesky_`` right after initialisation: upper triangular, and its square the precisions given.

    A fit of samples that are all the same, without ``reg_covar``, ends in its
    first M-step, and leaves the factors that it began with.
    """
    case = subject.changed(reg_covar=0.0)
    same = np.zeros((max(2, case.n_components), case.means.shape[1]))
    singular = case._replace(frames=(same,))
    estimator = subject.estimator(singular, initial(singular))
    outcome = fit_frame(singular, 0, initial(singular), estimator)
    factors = getattr(estimator, "precisions_cholesky_", None)
    if outcome.error is None:
        judgement.stop("a fit of equal samples does not end in its first step, which would show its start")
    if factors is None:
        judgement.stop("the fit left no precisions_cholesky_ of its start")
    if judgement.has_shape("precisions_cholesky_", factors, case.precisions.shape):
        _judge_factors(judgement, case, np.asarray(factors))


def _judge_factors(judgement: Judgement, case: Case, factors: np.ndarray) -> None:
    kind, (n_components, n_features) = case.settings.covariance_type, case.means.shape
    what = "precisions_cholesky_"
    full = full_matrices(factors, kind, n_components, n_features)
    given = full_matrices(case.precisions, kind, n_components, n_features)
    below = np.abs(np.tril(full, -1)).max(axis=(1, 2))
    off = np.abs(np.matmul(full, np.transpose(full, (0, 2, 1))) - given).max(axis=(1, 2))
    allowed = 64 * float(np.finfo(case.precisions.dtype).eps) * n_features * np.abs(given).max(axis=(1, 2))
    for component in range(n_components):
        under, error = float(below[component]), float(off[component])
        judgement.expect(under == 0, what, under, 0.0, aspect="largest element below the diagonal", component=component)
        judgement.expect(
            error <= allowed[component], what, error, 0.0, aspect="difference of its square from precisions_init",
            tolerance=float(allowed[component]), component=component,
        )  # fmt: skip


@check(headline="lists start another fit than arrays of the same numbers", cases=AND_A_REDUCED_ONE)
def test_lists_are_as_good_as_arrays(subject: Subject, judgement: Judgement) -> None:
    """Initial parameters that are lists of lists start the fit that arrays of the same numbers start."""
    case = subject.changed(max_iter=1)
    _judge_the_same(subject, judgement, case, {name: array.tolist() for name, array in initial(case)._asdict().items()})


@check(headline="float16 starts another fit than float64 of the same numbers", cases=ONE_OF_EACH_TYPE)
def test_float16_is_as_good_as_float64(subject: Subject, judgement: Judgement) -> None:
    """Initial parameters in float16 start the fit that the same numbers in float64 start."""
    case = subject.changed(max_iter=1)
    weights = 0.5 ** np.arange(1, case.n_components + 1)
    weights[-1] *= 2
    few = Start(*(array.astype(np.float16) for array in (weights, case.means, case.precisions)))
    exact = Start(*(array.astype(np.float64) for array in few))
    case = case._replace(weights=exact.weights, means=exact.means, precisions=exact.precisions)
    _judge_the_same(subject, judgement, case, few._asdict())


def _judge_the_same(subject: Subject, judgement: Judgement, case: Case, given: Mapping[str, Any]) -> None:
    should_be = require_fit(subject.again(case))
    require_parameters(subject.case, should_be)
    parameters = {name + "_init": value for name, value in given.items()}
    seen = fit_frame(case, 0, initial(case), subject.estimator(case, None, **parameters))
    if judgement.expect_no_error(seen.error, "fit", "the fit that arrays start"):
        for name, expected in left(judgement, should_be, *ALL_THAT_A_FIT_LEAVES):
            same = np.array_equal(getattr(seen, name), expected)
            judgement.expect(same, name + "_", "other numbers", "those of the fit that arrays start")


@check(
    headline="a fit of no iterations does not leave what was given",
    title="GaussianMixture(max_iter=0) does not leave the precisions given",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/20408",
    cases=AROUND_THE_ORIGIN,
    since="1.1",  # before, max_iter=0 was refused
    should_be="The means and precisions given: no iteration was to be made.",
    reproduction=Reproduction(
        """\
model = GaussianMixture(**dict(parameters, max_iter=0)).fit(X)
print("means {}, precisions {}".format(model.means_.tolist(), model.precisions_.tolist()))""",
        makes_fits=True,
    ),
)
def test_no_iterations_leave_what_was_given(subject: Subject, judgement: Judgement) -> None:
    """``max_iter=0`` fits nothing: weights, means and precisions are those given."""
    _judge_no_iterations(subject, judgement, initial(subject.case)._asdict())


@check(
    headline="a fit of no iterations does not leave what was given",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/20408",
    cases=AROUND_THE_ORIGIN,
    since="1.1",
)
def test_no_iterations_leave_the_means_given(subject: Subject, judgement: Judgement) -> None:
    """``max_iter=0`` fits nothing: weights and means are those given, where the precisions come from the samples."""
    case = subject.case
    _judge_no_iterations(subject, judgement, {"weights": case.weights, "means": case.means})


def _judge_no_iterations(subject: Subject, judgement: Judgement, given: Dict[str, np.ndarray]) -> None:
    require_fit(subject.first)  # one that always raises is judged elsewhere
    nothing = subject.changed(max_iter=0)
    parameters = {name + "_init": array.copy() for name, array in given.items()}
    outcome = fit_frame(nothing, 0, initial(nothing), subject.estimator(nothing, None, **parameters))
    if judgement.expect_no_error(outcome.error, "fit", "a fit of no iterations"):
        require_left(outcome, "weights", "means")
        should_be: Dict[str, Any] = {"n_iter_": 0, "converged_": False, "lower_bounds_": []}
        for name, nothing_done in should_be.items():
            if name in outcome.attributes:  # in place of a value there may be None
                seen = outcome.attributes[name]
                judgement.expect(np.array_equal(seen, nothing_done), name, seen, nothing_done)
            elif name != "lower_bounds_":
                judgement.cannot("the fit left no {}".format(name))
        warned = ", ".join(category for category, _ in outcome.warnings)
        judgement.expect(not warned, "fit", warned, "no warning", aspect="warnings")
        for name, value in left(judgement, outcome, *given):
            judgement.close(name + "_", value, given[name], 1e-9 * np.abs(given[name]))
