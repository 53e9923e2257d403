"""Whether one step of a fit is one exact EM step from where it started.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

import numpy as np

from fixtures.corpus import Case
from tests.support import comparison, tolerances
from tests.support.judgement import Judgement
from tests.support.reference import DegenerateCovariance, exact_replay, exact_start, merge_equal
from tests.support.replay import Outcome, Start
from tests.support.subject import judge_parameters


def judge_one_step(
    judgement: Judgement, case: Case, outcome: Outcome, *, with_bound: bool = True, is_estimated: bool = False
) -> None:
    """Compare a fit of one frame and one iteration with exact EM, for every component that 10 * eps does not outweigh.

    Parameters
    ----------
    judgement : Judgement
    case : Case
        It starts where the fit did.
    outcome : Outcome
    with_bound : bool
        Whether ``lower_bound_`` is compared.
    is_estimated : bool
        Whether the fit estimated some of its start from the frame.

    Raises
    ------
    NotJudged
        Exact EM ends in a singular covariance.
    """
    try:
        (exact,) = exact_replay(case._replace(frames=case.frames[:1], settings=case.settings._replace(max_iter=1)))
    except DegenerateCovariance:
        judgement.stop("one step of exact EM ends in a singular covariance: there is nothing to compare with")
    except np.linalg.LinAlgError:
        judgement.stop("the fit before left precisions_ that are not positive definite")
    if judge_parameters(judgement, case, outcome) is not None:
        dtype = comparison.coarser(case.means, case.frame, outcome.means)
        bound = exact.lower_bounds[0]
        arithmetic = tolerances.arithmetic_of(case.settings, dtype)
        if is_estimated:
            arithmetic = arithmetic._replace(n_estimated=len(case.frame))
        allowed = tolerances.of_step(arithmetic, *merge_equal(case.frame), exact_start(case), exact.final)
        should_be = {
            "weights": np.exp(exact.final.log_weights),
            "means": exact.final.means,
            "covariances": exact.final.covariances,
        }
        enough = comparison.outweighs_eps(exact.log_masses[0], dtype)
        comparison.compare(judgement, outcome, should_be, allowed, enough)
        if with_bound:
            comparison.compare(judgement, outcome, {"lower_bound": bound}, allowed)


def starting_at(case: Case, start: Start) -> Case:
    """A case that starts elsewhere."""
    return case._replace(**start._asdict())
