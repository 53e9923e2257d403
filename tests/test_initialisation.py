"""Promise: the first E-step uses exactly the parameters given.

With ``max_iter=1`` a fit is one step of EM from ``weights_init``,
``means_init`` and ``precisions_init``
(https://github.com/scikit-learn/scikit-learn/issues/16944).
"""

from typing import Tuple

import numpy as np

from fixtures.corpus import Case
from tests.support import comparison, messages
from tests.support.diagnosis import NotDiagnosable, fitted_parameters
from tests.support.reference import DegenerateCovariance, exact_replay
from tests.support.replay import Outcome


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
