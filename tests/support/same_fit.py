"""Whether two fits of a case are the same but for rounding.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from typing import Any, Callable, Tuple

from fixtures.corpus import Case
from tests.support import comparison
from tests.support.diagnosis import NotDiagnosable, fitted_parameters
from tests.support.judgement import Judgement
from tests.support.replay import Outcome
from tests.support.subject import Subject, require_parameters


def same_fit(
    judgement: Judgement,
    subject: Subject,
    should_be: Outcome,
    seen: Outcome,
    *,
    back: Callable[[Any], Any] = lambda outcome: outcome,
    also: Tuple[Case, ...] = (),
    is_moved: bool = False,
) -> None:
    """Compare one fit with another.

    Parameters
    ----------
    judgement : Judgement
    subject : Subject
        It gives the tolerances.
    should_be, seen : Outcome
    back : callable
        Undoes, on the outcome that was seen, what was done to its case.
    also, is_moved
        See `Subject.allowed`.

    Raises
    ------
    NotJudged
        There is nothing to compare with, because `should_be` left no parameters.
    """
    if should_be.error is not None and (seen.error is None or seen.error.type != should_be.error.type):
        judgement.condition(False, "fit", str(seen.error or "no error"), str(should_be.error), aspect="error")
    require_parameters(subject.case, should_be)
    if not judgement.expect_no_error(seen.error, "fit", "no error"):
        return
    try:
        fitted_parameters(subject.case, seen)
    except NotDiagnosable as reason:
        if reason.finding is None:
            judgement.cannot(str(reason))
        else:
            judgement.add(reason.finding)
        return
    bound = should_be.lower_bound
    if (bound is None) != (seen.lower_bound is None):
        judgement.condition(False, "lower_bound_", repr(seen.lower_bound), repr(bound))
    allowed = subject.allowed(should_be, also=also, is_moved=is_moved)
    names = (*comparison.PARAMETERS, "lower_bound")
    comparison.compare(judgement, back(seen), {name: getattr(should_be, name) for name in names}, allowed)
