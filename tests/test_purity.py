"""Promise: a fit gives the same again, bit for bit, and leaves what it is given alone."""

import contextlib
import warnings
from typing import Any, Callable, Dict, Tuple

import numpy as np
import pytest

from fixtures import corpus
from fixtures.corpus import Case
from tests.support import comparison, messages, stopwatch
from tests.support.replay import EXPLICIT, LARGE_FRAME, Outcome, initial, make_estimator
from tests.support.same_fit import same_fit

Replays = Dict[str, Tuple[Outcome, ...]]
FEWEST_SAMPLES_FOR_THREADS = 3000


def test_fitting_again_gives_the_same_bits(
    case: Case, replays: Replays, fit_again: Callable[[Case], Outcome], place: str
) -> None:
    """A second estimator, the same numbers to the last bit."""
    _skip_large(case)
    first, second = replays[EXPLICIT][0], fit_again(case._replace(frames=case.frames[:1]))
    different = [
        name
        for name in (*comparison.PARAMETERS, "precisions", "lower_bound", "n_iter", "error")
        if not _same_bits(getattr(first, name), getattr(second, name))
    ]
    if different:
        raise messages.Defect(
            "{}: seen other {} in a second fit; should be the same bits".format(place, ", ".join(different))
        )


def test_fit_leaves_its_arguments_alone(case: Case, estimator_class: Any, place: str) -> None:
    """Neither the samples nor any of the initial parameters is written to."""
    case = case._replace(frames=case.frames[:1], settings=case.settings._replace(max_iter=1))
    start = initial(case)
    estimator = make_estimator(case, start, estimator_class)
    given = {name: getattr(estimator, name) for name in ("weights_init", "means_init", "precisions_init")}
    given["X"] = case.frame.copy()
    before = {name: array.copy() for name, array in given.items()}
    with warnings.catch_warnings(), contextlib.suppress(Exception):  # a fit that raises is judged elsewhere
        warnings.simplefilter("ignore")
        with stopwatch.inside_estimator():
            estimator.fit(given["X"])
    written = [name for name in sorted(given) if not np.array_equal(given[name], before[name])]
    if written:
        names = ", ".join(written)
        raise messages.Defect("{}: seen other numbers in {} after the fit; should be left alone".format(place, names))


@pytest.mark.parametrize("case_name", corpus.names_of_size(FEWEST_SAMPLES_FOR_THREADS, LARGE_FRAME))
def test_blas_threads_do_not_matter(case: Case, fit_again: Callable[[Case], Outcome], place: str) -> None:
    """Two threads give what one gives, where there is enough to share between them."""
    threadpoolctl = pytest.importorskip("threadpoolctl", reason="this release brings no threadpoolctl")
    first_frame = case._replace(frames=case.frames[:1])
    fits = []
    for threads in (1, 2):
        with threadpoolctl.threadpool_limits(threads, user_api="blas"):
            fits.append(fit_again(first_frame))
    one, two = fits
    wrong = same_fit(case, one, two)
    if wrong:
        raise messages.Defect("{}: two BLAS threads give something else\n  {}".format(place, "\n  ".join(wrong)))


def _skip_large(case: Case) -> None:
    if len(case.frame) > LARGE_FRAME:
        pytest.skip("not fitted once more: more than {:,} samples".format(LARGE_FRAME))


def _same_bits(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    return repr(one) == repr(other)  # nan is as good as nan
