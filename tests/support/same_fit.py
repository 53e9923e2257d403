"""Whether two fits of a case are the same but for rounding.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from typing import Any, Callable, List, Sequence

from fixtures.corpus import Case
from tests.support import comparison
from tests.support.diagnosis import NotDiagnosable, fitted_parameters
from tests.support.replay import Outcome


def same_fit(
    case: Case,
    should_be: Outcome,
    seen: Outcome,
    back: Callable[[Any], Any] = lambda outcome: outcome,
    also: Sequence[Case] = (),
) -> List[str]:
    """What of one fit is not as it is in the other, one line each.

    Parameters
    ----------
    case : Case
        What was fitted; it gives the tolerances.
    should_be, seen : Outcome
    back : callable
        Undoes, on the outcome that was seen, what was done to its case.
    also : sequence of Case
        Other forms of the case, where their tolerances are wider.

    Returns
    -------
    list of str
        Empty where they are the same, and where there is nothing to compare
        with because `should_be` left no parameters: other checks judge that.
    """
    kinds = [(outcome.error or "no error").split(":")[0] for outcome in (should_be, seen)]
    if kinds[0] != kinds[1]:
        return ["seen {}; should be {}".format(seen.error or "no error", should_be.error or "no error")]
    if should_be.error:
        return []
    try:
        fitted_parameters(case, should_be)
    except NotDiagnosable:
        return []
    try:
        fitted_parameters(case, seen)
    except NotDiagnosable as reason:
        return ["seen a fit that is none: {}".format(reason)]
    if should_be.lower_bound is None or seen.lower_bound is None:
        one_only = (should_be.lower_bound is None) != (seen.lower_bound is None)
        return ["seen lower_bound_ {}; should be {}".format(seen.lower_bound, should_be.lower_bound)] * one_only
    dtype = comparison.coarser(case.means, case.frame, should_be.means)
    forms = [
        comparison.tolerances(form, dtype, should_be.covariances, float(should_be.lower_bound))
        for form in (case, *also)
    ]
    allowed = comparison.Tolerances(*(max(values) for values in zip(*forms)))
    names = (*comparison.PARAMETERS, "lower_bound")
    return comparison.differences(back(seen), {name: getattr(should_be, name) for name in names}, allowed)
