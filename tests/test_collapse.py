"""Promise: a fit leaves no component that floating point has thrown out of the data.

A weighted mean of samples exists for every component and lies inside the data.
A component at the origin with a covariance of ``reg_covar`` and no
responsibility mass, or one dragged towards the origin, is no EM solution
(https://github.com/scikit-learn/scikit-learn/issues/12099).
"""

from typing import Callable

from fixtures.corpus import Case
from tests.support import messages
from tests.support.diagnosis import Diagnosis


def test_no_component_collapses(case: Case, judge: Callable[[Case], Diagnosis], release: str) -> None:
    diagnosis = judge(case)
    if diagnosis.collapsed():
        raise messages.Defect(messages.collapse(release, case, diagnosis))
