"""The fits that checks share: each is made when it is first asked for, and once.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from typing import Any, Dict, Tuple

from fixtures.corpus import Case
from tests.support import messages, replay
from tests.support.diagnosis import Diagnosis, NotDiagnosable, diagnose
from tests.support.replay import Outcome

MOST_STEPS = 40
# One case for each covariance type, for what does not depend on the samples.
ONE_OF_EACH_TYPE = (
    "issue-26415-full-precisions",
    "issue-26415-tied-precisions",
    "issue-16944-diag-precisions",
    "issue-16944-spherical-precisions",
)


class Fits:
    """What an estimator class makes of cases, kept by the name of the case.

    Parameters
    ----------
    estimator_class : type
        The class under test.
    release : str
        Version of scikit-learn, for messages.
    """

    def __init__(self, estimator_class: Any, release: str) -> None:
        self.estimator_class = estimator_class
        self.release = release
        self.made: Dict[str, Dict[str, Tuple[Outcome, ...]]] = {}
        self._steps: Dict[str, Tuple[Outcome, ...]] = {}
        self._diagnoses: Dict[Tuple[str, str, int], Diagnosis] = {}

    def replays(self, case: Case) -> Dict[str, Tuple[Outcome, ...]]:
        """What the fits of a case left, frame by frame, for each way of replaying it."""
        if case.name not in self.made:
            self.made[case.name] = {way: replay.replay(case, self.estimator_class, way) for way in replay.ways(case)}
        return self.made[case.name]

    def steps(self, case: Case) -> Tuple[Outcome, ...]:
        """What each single EM step on a case's first frame left; of a large frame the first step only."""
        if case.name not in self._steps:
            full = self.replays(case)[replay.EXPLICIT][0]
            n_steps = min(full.n_iter or 1, 1 if len(case.frame) > replay.LARGE_FRAME else MOST_STEPS)
            self._steps[case.name] = replay.replay_steps(case, self.estimator_class, max(1, n_steps))
        return self._steps[case.name]

    def again(self, case: Case) -> Outcome:
        """Fit a case of one frame, changed or not, once more."""
        (outcome,) = replay.replay(case, self.estimator_class)
        return outcome

    def diagnosis(self, case: Case, way: str, outcome: Outcome) -> Diagnosis:
        """What became of each component of a fit.

        Raises
        ------
        NotDiagnosable
            The fit left no parameters that a component could be judged by.
        """
        key = (case.name, way, outcome.frame)
        if key not in self._diagnoses:
            self._diagnoses[key] = diagnose(case, outcome)
        return self._diagnoses[key]

    def judge(self, case: Case, way: str, outcome: Outcome) -> Diagnosis:
        """The diagnosis of a fit; one that leaves nothing to diagnose breaks a promise.

        Raises
        ------
        messages.Defect
            The fit left no parameters that a component could be judged by.
        """
        try:
            return self.diagnosis(case, way, outcome)
        except NotDiagnosable as reason:
            place = messages.where(case, way, outcome)
            raise messages.Defect("scikit-learn {}, {}: {}".format(self.release, place, reason)) from None
