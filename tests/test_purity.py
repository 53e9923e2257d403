"""Promise: a fit gives the same again, bit for bit, and leaves what it is given alone."""

import contextlib
import io
from typing import Any

import numpy as np

from fixtures.corpus import Traits
from tests.support import comparison
from tests.support.check import AND_A_REDUCED_ONE, NOT_LARGE, ONE_FRAME, Need, UnderTest, check
from tests.support.judgement import Judgement
from tests.support.replay import call, fit_frame, initial
from tests.support.same_fit import same_fit
from tests.support.subject import Subject, left, not_fitted, require_fit, require_parameters

try:
    import threadpoolctl
except ImportError:  # releases before 0.23 do not bring it
    threadpoolctl = None

FEWEST_SAMPLES_FOR_THREADS = 3000
WORTH_SHARING = Need(
    "at least {:,} samples".format(FEWEST_SAMPLES_FOR_THREADS),
    lambda case: case.n_samples >= FEWEST_SAMPLES_FOR_THREADS,
)


def _can_set_threads(case: Traits, under_test: UnderTest) -> bool:  # noqa: ARG001
    return threadpoolctl is not None


@check(headline="a second fit leaves other bits", needs=(NOT_LARGE,))
def test_fitting_again_gives_the_same_bits(subject: Subject, judgement: Judgement) -> None:
    """A second estimator leaves the same numbers to the last bit."""
    first = require_fit(subject.first)
    require_parameters(subject.case, first)
    second = subject.again()
    if judgement.expect_no_error(second.error, "fit", "no error, as before"):
        for name, one in left(judgement, first, *comparison.PARAMETERS, "precisions", "lower_bound", "n_iter"):
            judgement.expect(_same_bits(one, getattr(second, name)), name + "_", "other bits", "those of the first fit")


@check(
    headline="a fit that tells its progress is another one",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/6666",
    cases=AND_A_REDUCED_ONE,
    should_be="The same fit, and its iterations in words.",
)
def test_progress_changes_nothing(subject: Subject, judgement: Judgement) -> None:
    """``verbose=2`` prints each iteration, and leaves the same bits."""
    silent = require_fit(subject.first)
    case, told = subject.one_frame, io.StringIO()
    model = subject.estimator(case, initial(case), verbose=2, verbose_interval=1)
    with contextlib.redirect_stdout(told):
        outcome = fit_frame(case, 0, initial(case), model)
    if judgement.expect_no_error(outcome.error, "fit", "no error, as without verbose"):
        judgement.expect("teration" in told.getvalue(), "fit", "nothing was printed", "a line for each iteration")
        for name, one in left(judgement, silent, *comparison.PARAMETERS):
            judgement.expect(_same_bits(one, getattr(outcome, name)), name + "_", "other bits", "those of a silent fit")


@check(headline="the fit writes into what it is given")
def test_fit_leaves_its_arguments_alone(subject: Subject, judgement: Judgement) -> None:
    """Neither the samples nor any of the initial parameters is written to."""
    case = subject.changed(max_iter=1)
    estimator = subject.estimator(case, initial(case))
    given = {name: getattr(estimator, name) for name in ("weights_init", "means_init", "precisions_init")}
    given["X"] = case.frame.copy()
    before = {name: array.copy() for name, array in given.items()}
    _, error = call(estimator.fit, given["X"])
    if error is not None:
        judgement.stop(not_fitted(error))
    for name in sorted(given):
        alone = np.array_equal(given[name], before[name])
        judgement.expect(alone, name, "other numbers after the fit", "those that were given")


@check(
    headline="two BLAS threads give another fit than one",
    needs=(ONE_FRAME, WORTH_SHARING, NOT_LARGE),
    only=_can_set_threads,
)
def test_blas_threads_do_not_matter(subject: Subject, judgement: Judgement) -> None:
    """Two threads give what one gives, where there is enough to share between them."""
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        one = subject.again()
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        two = subject.again()
    same_fit(judgement, subject, one, two)


def _same_bits(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    return repr(one) == repr(other)  # nan is as good as nan
