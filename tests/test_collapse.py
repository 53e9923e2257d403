"""Promise: a fit leaves no component that floating point has thrown out of the data.

A weighted mean of samples exists for every component and lies inside the data.
A component at the origin with a covariance of ``reg_covar`` and no
responsibility mass, or one dragged towards the origin, is no EM solution
(https://github.com/scikit-learn/scikit-learn/issues/12099).
"""

from typing import Dict, Tuple

from fixtures.corpus import Case
from tests.support import expected, messages
from tests.support.diagnosis import Judge
from tests.support.replay import Outcome


def test_no_component_collapses(
    case: Case, replays: Dict[str, Tuple[Outcome, ...]], judge: Judge, release: str
) -> None:
    """In a chain the first frame with a collapse is told, for each way of replaying it.

    Where exact EM itself ends in a singular covariance, a fit that raises is right.
    """
    collapses = []
    for way, outcomes in replays.items():
        for outcome in outcomes:
            if outcome.error and "degenerate" in expected.of(case):
                break
            diagnosis = judge(case, way, outcome)
            if diagnosis.collapsed():
                collapses.append(messages.collapse(release, case, way, outcome, diagnosis))
                break
    if collapses:
        raise messages.Defect("\n\n".join([*collapses, "what to do: see 'How to read a failure' in README.md"]))
