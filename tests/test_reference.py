"""Promise: every component ends where exact EM puts it.

Exact EM keeps responsibilities in the log domain, so it loses no component;
``expected.json`` beside each case says where each one ends.
"""

from typing import Dict, Tuple

from fixtures.corpus import Case
from tests.support import comparison, expected, messages
from tests.support.diagnosis import NotDiagnosable, fitted_parameters
from tests.support.replay import EXPLICIT, Outcome


def test_components_end_where_exact_em_puts_them(
    case: Case, replays: Dict[str, Tuple[Outcome, ...]], place: str
) -> None:
    """After the last frame, within what rounding can do."""
    truth = expected.of(case)
    outcome = replays[EXPLICIT][-1]
    if "degenerate" in truth:
        return  # EM ends in a singular covariance: there is no place to end at
    try:
        parameters = fitted_parameters(case, outcome)
    except NotDiagnosable as reason:
        raise messages.Defect("{}: {}".format(place, reason)) from None
    bound = truth["frames"][-1]["lower_bound"]
    dtype = comparison.coarser(case.means, case.frame, outcome.means)
    allowed = comparison.tolerances(case, dtype, parameters.covariances, bound)
    wrong = comparison.differences(outcome, {"means": truth["means"], "lower_bound": bound}, allowed)
    if wrong:
        raise messages.Defect("{}: the fit is not where exact EM ends\n  {}".format(place, "\n  ".join(wrong)))
