"""Subject: an estimator class on one case, which a check asks for all that it needs.

It is the same under pytest, in a reduction and on a fake. Each fit is made when
it is first asked for, and once.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from typing import Any, Dict, Iterator, List, Optional, Tuple

import numpy as np

from fixtures.corpus import Case
from tests.support import array_namespace, expected, replay
from tests.support.array_namespace import Space
from tests.support.check import LARGE_FRAME, UnderTest
from tests.support.comparison import coarse, coarser, dtype_of
from tests.support.diagnosis import Diagnosis, FittedParameters, NotDiagnosable, diagnose, fitted_parameters
from tests.support.judgement import Judgement, NotJudged
from tests.support.replay import EXPLICIT, Outcome, Raised
from tests.support.tolerances import Tolerances

MOST_STEPS = 40


class Subject:
    """What an estimator class makes of a case.

    Parameters
    ----------
    case : Case
    estimator_class : type
    release : str
        Version of scikit-learn.

    Attributes
    ----------
    partly : list of str
        What the last check that was kept could not judge.
    """

    def __init__(self, case: Case, estimator_class: Any, release: str) -> None:
        self.case = case
        self.estimator_class = estimator_class
        self.release = release
        self.partly: List[str] = []
        self._replays: Optional[Dict[str, Tuple[Outcome, ...]]] = None
        self._steps: Optional[Tuple[Outcome, ...]] = None
        self._truth: Optional[Dict[str, Any]] = None
        self._is_exact: Optional[bool] = None
        self._rounding: Dict[bool, Dict[str, Any]] = {}
        self._diagnoses: Dict[Tuple[str, int], Diagnosis] = {}

    @property
    def place(self) -> str:
        """Where a check is, for its message."""
        return "{}, case {}".format(UnderTest(self.estimator_class, self.release).words, self.case.name)

    @property
    def space(self) -> Space:
        """The library whose arrays are fitted."""
        return array_namespace.of(self.estimator_class)

    @property
    def was_replayed(self) -> bool:
        """Whether a check has asked for the replays."""
        return self._replays is not None

    @property
    def was_stepped(self) -> bool:
        """Whether a check has asked for the steps."""
        return self._steps is not None

    @property
    def replays(self) -> Dict[str, Tuple[Outcome, ...]]:
        """What the fits of the case left, frame by frame, for each way of replaying it."""
        if self._replays is None:
            case = self.case
            self._replays = {way: replay.replay(case, self.estimator_class, way) for way in replay.ways(case)}
        return self._replays

    @property
    def first(self) -> Outcome:
        """What the explicit fit of the first frame left."""
        return self.replays[EXPLICIT][0]

    @property
    def last(self) -> Outcome:
        """What the last explicit fit left."""
        return self.replays[EXPLICIT][-1]

    @property
    def n_steps(self) -> int:
        """How many single EM steps are taken on the first frame: two at least, and of a large frame one."""
        is_one = self.case.settings.max_iter == 1 or len(self.case.frame) > LARGE_FRAME
        return 1 if is_one else min(max(2, self.first.n_iter or 0), MOST_STEPS)

    @property
    def steps(self) -> Tuple[Outcome, ...]:
        """What each single EM step on the first frame left, up to the first that the next cannot start from."""
        if self._steps is None:
            self._steps = replay.replay_steps(self.case, self.estimator_class, self.n_steps)
        return self._steps

    @property
    def truth(self) -> Dict[str, Any]:
        """What exact EM makes of the case: see `expected.expectation`."""
        if self._truth is None:
            self._truth = expected.of(self.case)
        return self._truth

    def rounding(self, frame: int, *, is_moved: bool = False) -> Optional[Tolerances]:
        """How far rounding may take a fit from exact EM: None where rounding alone may end it.

        Parameters
        ----------
        frame : int
            Whose lower bound is meant; the rest is the same for all.
        is_moved : bool
            See `expected.of_rounding`.
        """
        if "degenerate" in self.truth:
            return None
        if is_moved not in self._rounding:  # for a case that is not in the corpus it is computed
            self._rounding[is_moved] = expected.of_rounding(self.case, is_moved=is_moved)
        found = self._rounding[is_moved]
        if not all(np.isfinite(values).all() for values in found.values()):
            return None
        covariances = found["covariances"].reshape((-1,) + (1,) * (self.case.precisions.ndim - 1))
        return Tolerances(
            # A weight below that takes no part in any sum.
            weights=found["weights"] + float(np.finfo(dtype_of(self.case)).eps) ** 2,
            means=found["means"][:, np.newaxis],
            covariances=covariances[0] if self.case.settings.covariance_type == "tied" else covariances,
            lower_bound=float(found["lower_bounds"][frame]),
        )

    @property
    def is_exact(self) -> bool:
        """Whether the last explicit fit ends where exact EM does, within what rounding can do."""
        if self._is_exact is None:
            self._is_exact = self._ends_exactly()
        return self._is_exact

    def _ends_exactly(self) -> bool:
        outcome, n_frames = self.last, len(self.case.frames)
        allowed = self.rounding(n_frames - 1)
        if allowed is None or outcome.error is not None or outcome.frame < n_frames - 1:
            return False
        if outcome.means is None or np.shape(outcome.means) != self.case.means.shape:
            return False
        return bool((np.abs(outcome.means - np.array(self.truth["means"])) <= allowed.means).all())

    def allowed(self, should_be: Outcome, *, also: Tuple[Case, ...] = (), is_moved: bool = False) -> Tolerances:
        """How far a fit may be from another one of the case: what rounding may do to both, or the coarse tolerance.

        Parameters
        ----------
        should_be : Outcome
        also : tuple of Case
            Other forms of the case, where their coarse tolerances are wider.
        is_moved : bool
            See `expected.of_rounding`.
        """
        one, other = (self.rounding(should_be.frame, is_moved=moved) for moved in (False, is_moved))
        if self.is_exact and one is not None and other is not None:
            return Tolerances(*(mine + theirs for mine, theirs in zip(one, other)))
        bound = 0.0 if should_be.lower_bound is None else float(should_be.lower_bound)
        dtype = coarser(self.case.means, self.case.frame, should_be.means)
        forms = [coarse(form, dtype, should_be.covariances, bound) for form in (self.case, *also)]
        return Tolerances(*(max(values) for values in zip(*forms)))

    @property
    def one_frame(self) -> Case:
        """The case with its first frame alone."""
        return self.case._replace(frames=self.case.frames[:1])

    def again(self, case: Optional[Case] = None) -> Outcome:
        """Fit a case of one frame once more: this one, or another form of it."""
        (outcome,) = replay.replay(self.one_frame if case is None else case, self.estimator_class)
        return outcome

    def changed(self, **settings: Any) -> Case:
        """The case with its first frame alone and other settings."""
        return self.one_frame._replace(settings=self.case.settings._replace(**settings))

    def wide(self, max_iter: int) -> Case:
        """The first frame with a ``reg_covar`` that shows in every covariance; a start at samples makes no tie."""
        variance = float(self.case.frame.astype(np.float64).var())
        return self.changed(max_iter=max_iter, reg_covar=max(self.case.settings.reg_covar, 0.01 * variance))

    def estimator(self, case: Case, start: Optional[replay.Start], **parameters: Any) -> Any:
        """An unfitted estimator with the settings of a case: see `replay.make_estimator`."""
        return replay.make_estimator(case, start, self.estimator_class, **parameters)

    def diagnosis(self, way: str, outcome: Outcome) -> Diagnosis:
        """What became of each component of a fit.

        Raises
        ------
        NotDiagnosable
            The fit left no parameters that a component could be judged by.
        """
        key = (way, outcome.frame)
        if key not in self._diagnoses:
            self._diagnoses[key] = diagnose(self.case, outcome)
        return self._diagnoses[key]

    def fits(self, judgement: Judgement) -> Iterator[Tuple[str, Outcome, Judgement]]:
        """Each fit that returned, with the judgement of its place; what was not fitted is noted as not judged."""
        is_chain = len(self.case.frames) > 1
        for way, outcomes in self.replays.items():
            for outcome in outcomes:
                at = judgement.at(way=way, frame=outcome.frame) if is_chain else judgement
                if outcome.error is not None:
                    judgement.cannot(not_fitted(outcome.error))
                else:
                    yield way, outcome, at
            self.note_frames_left(judgement, outcomes)

    def note_frames_left(self, judgement: Judgement, outcomes: Tuple[Outcome, ...]) -> None:
        """Note as not judged the frames that no fit could start on, because the one before left too little."""
        if len(outcomes) < len(self.case.frames) and outcomes[-1].error is None:
            judgement.cannot(_no_start(outcomes[-1], "frame"))

    def require_frames(self, way: str, fewest: int) -> Tuple[Outcome, ...]:
        """A replay of so many frames, or one that raised.

        Raises
        ------
        NotJudged
            It is of fewer, because a fit left too little to start the next from.
        """
        outcomes = self.replays[way]
        if len(outcomes) < fewest and outcomes[-1].error is None:
            raise NotJudged(_no_start(outcomes[-1], "frame"))
        return outcomes

    def steps_to_compare(self, judgement: Judgement) -> Tuple[Outcome, ...]:
        """The steps; where they end before their time, that the next is missing is noted as not judged."""
        last = self.steps[-1]
        if len(self.steps) < self.n_steps:
            judgement.cannot(not_fitted(last.error) if last.error is not None else _no_start(last, "step"))
        return self.steps

    def require_truth(self) -> Dict[str, Any]:
        """What exact EM makes of the case.

        Raises
        ------
        NotJudged
            It ends in a singular covariance.
        """
        if "degenerate" in self.truth:
            raise NotJudged("exact EM ends in a singular covariance: there is nothing to compare with")
        return self.truth


def not_fitted(error: Optional[Raised]) -> str:
    """That a fit raised, as the reason of what is not judged: on one line, and cut where it is long."""
    return "the fit raised {}".format(error.brief if error else "nothing")


def require_fit(outcome: Outcome) -> Outcome:
    """A fit that returned.

    Raises
    ------
    NotJudged
        It raised.
    """
    if outcome.error is not None:
        raise NotJudged(not_fitted(outcome.error))
    return outcome


def require_left(outcome: Outcome, *names: str) -> None:
    """Go on only where a fit returned and left some attributes.

    Raises
    ------
    NotJudged
        It raised, or left not all of them.
    """
    require_fit(outcome)
    for name in names:
        if getattr(outcome, name) is None:
            raise NotJudged("the fit left no {}_".format(name))


def judge_parameters(judgement: Judgement, case: Case, outcome: Outcome) -> Optional[FittedParameters]:
    """The parameters of a fit; a finding, and None, where it raised or they are invalid.

    Raises
    ------
    NotJudged
        It left not all of them.
    """
    if not judgement.expect_no_error(outcome.error, "fit", "a fitted estimator"):
        return None
    try:
        return fitted_parameters(case, outcome)
    except NotDiagnosable as reason:
        if reason.finding is None:
            raise NotJudged(str(reason)) from None
        judgement.add(reason.finding)
        return None


def left(judgement: Judgement, outcome: Outcome, *names: str) -> Iterator[Tuple[str, Any]]:
    """Name and value of each attribute that a fit left; one that is missing is noted as not judged."""
    for name in names:
        value = getattr(outcome, name)
        if value is None:
            judgement.cannot("the fit left no {}_".format(name))
        else:
            yield name, value


def require_parameters(case: Case, outcome: Outcome) -> FittedParameters:
    """The parameters of a fit that returned.

    Raises
    ------
    NotJudged
        There are none that could be used.
    """
    require_fit(outcome)
    try:
        return fitted_parameters(case, outcome)
    except NotDiagnosable as reason:
        raise NotJudged(str(reason)) from None


def _no_start(outcome: Outcome, what: str) -> str:
    names = [name + "_" for name in ("weights", "means", "precisions") if getattr(outcome, name) is None]
    return "the fit left no {} to start the next {} from".format(" and ".join(names), what)
