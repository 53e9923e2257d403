"""Promise: a fit leaves no component that floating point has thrown out of the data.

A weighted mean of samples exists for every component and lies inside the data.
A component at the origin with a covariance of ``reg_covar`` and no
responsibility mass, or one dragged towards the origin, is no EM solution
(https://github.com/scikit-learn/scikit-learn/issues/12099).
"""

from tests.support.check import check
from tests.support.diagnosis import finding_of
from tests.support.judgement import Judgement
from tests.support.states import COLLAPSED
from tests.support.subject import Subject, judge_parameters, not_fitted


@check(
    headline="components collapsed",
    title="GaussianMixture: a component that loses its samples ends at the origin",
    upstream="https://github.com/scikit-learn/scikit-learn/issues/12099",
)
def test_no_component_collapses(subject: Subject, judgement: Judgement) -> None:
    """No component is empty or dragged, in any frame and for each way of replaying them.

    Of a chain the first frame with a collapse is reported. Where exact EM
    itself ends in a singular covariance a fit may raise.
    """
    for way, outcomes in subject.replays.items():
        for outcome in outcomes:
            at = judgement.at(way=way, frame=outcome.frame) if len(subject.case.frames) > 1 else judgement
            if outcome.error is not None and "degenerate" in subject.truth:
                judgement.cannot(not_fitted(outcome.error) + ", and exact EM ends in a singular covariance")
                break
            if judge_parameters(at, subject.case, outcome) is None:
                break
            diagnosis = subject.diagnosis(way, outcome)
            for component in diagnosis.components:
                at.add(finding_of(diagnosis, component) if component.state in COLLAPSED else None)
            if diagnosis.collapsed():
                break
        else:
            subject.note_frames_left(judgement, outcomes)
