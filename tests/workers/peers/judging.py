"""What a peer makes of a case: the promises that it can keep, and what becomes of each component that was lost."""

import contextlib
from typing import Any, Dict, List, NamedTuple, Sequence

import numpy as np

from fixtures.corpus import Case
from tests.support import check, comparison, expected, replay
from tests.support.check import UnderTest
from tests.support.density import full_matrices
from tests.support.diagnosis import NotDiagnosable, states_alone
from tests.support.findings import sentence
from tests.support.judgement import Judgement
from tests.support.reference import DegenerateCovariance, exact_replay
from tests.support.replay import Outcome
from tests.support.subject import Subject, judge_parameters
from tests.workers.peers.base import ALL, Can

FIRST_STEP = "test_first_step_uses_the_parameters_given"
# The checks that ask for nothing but a fit and the parameters that it leaves.
PROMISES = (
    "test_no_component_collapses",
    "test_components_end_where_exact_em_puts_them",
    FIRST_STEP,
    "test_parameters_are_a_mixture",
    "test_lower_bound_never_falls",
    "test_lower_bound_is_what_the_parameters_give",
    "test_fit_moves_with_a_translation",
    "test_fit_moves_with_a_reflection",
    "test_fit_moves_with_an_exchange_of_axes",
    "test_fit_scales_with_the_unit",
    "test_order_of_samples_does_not_matter",
    "test_order_of_components_does_not_matter",
    "test_every_sample_twice_changes_nothing",
    "test_fitting_again_gives_the_same_bits",
)
EM, ELSEWHERE, STAYS, DRAGGED, ORIGIN, NAN, RAISES = FATES = (
    "where EM puts it", "elsewhere in the data", "where it was", "dragged", "origin", "nan", "raises",
)  # fmt: skip
# Of the extent of the samples: how near a component is to where EM puts it.
NEAR = 0.01


class CannotFit(ValueError):
    """A case asks for what a peer does not have; the message says what."""


class Lost(NamedTuple):
    """A component that scikit-learn loses, and the first frame after which it is lost."""

    frame: int
    component: int


def can_of(estimator_class: Any) -> Can:
    """What an implementation can: what its adapter declares, and all of it where it is scikit-learn's class."""
    declared = getattr(estimator_class, "can", Can())
    return declared if isinstance(declared, Can) else Can()


def as_fitted(case: Case, can: Can) -> Case:
    """A case as an implementation can fit it: so many steps as exact EM takes, in a floating point type that it has.

    Raises
    ------
    CannotFit
        It has not the covariance type, or cannot start where the case does.
    """
    kind = case.settings.covariance_type
    if kind not in can.covariance_types:
        raise CannotFit("it has no {} covariances".format(kind))
    if can.start != ALL:
        raise CannotFit("it starts from {} only".format(can.start))
    if not can.takes_one_step:
        raise CannotFit("it cannot be told how many steps to take")
    dtype = comparison.dtype_of(case)
    frames = case.frames
    if dtype not in can.dtypes or can.dtypes == ("float32",):
        dtype = can.dtypes[0]
        frames = tuple(frame.astype(dtype) for frame in frames)
    settings = case.settings._replace(tol=0.0, max_iter=_steps_of(case))
    if not can.has_reg_covar:
        settings = settings._replace(reg_covar=0.0)
    return case._replace(
        name=case.name + " as fitted", settings=settings, frames=frames, weights=case.weights.astype(dtype),
        means=case.means.astype(dtype), precisions=case.precisions.astype(dtype),
    )  # fmt: skip


def _steps_of(case: Case) -> int:
    """The most steps that exact EM takes on a frame; the case's own where they end in a singular covariance."""
    frames = expected.of(case).get("frames", [])
    return max([frame["n_iter"] for frame in frames], default=case.settings.max_iter)


def lost_by(estimator_class: Any, case: Case) -> List[Lost]:
    """The components that are empty or dragged after a fit of a case."""
    found: Dict[int, Lost] = {}
    fitted = as_fitted(case, can_of(estimator_class))
    for outcome in replay.replay(fitted, estimator_class):
        try:
            collapsed = states_alone(fitted, outcome).collapsed()
        except NotDiagnosable:
            break
        for component in collapsed:
            found.setdefault(component.number, Lost(outcome.frame, component.number))
    return sorted(found.values())


class _Subject(Subject):
    """A peer rounds in its own way: what is compared with exact EM is within the coarse tolerance."""

    def rounding(self, frame: int, *, is_moved: bool = False) -> Any:  # noqa: ARG002
        """`comparison.coarse` in place of what is derived of scikit-learn's arithmetic."""
        if "degenerate" in self.truth:
            return None
        bound = self.truth["frames"][frame]["lower_bound"]
        return comparison.coarse(self.case, comparison.dtype_of(self.case), self.truth["covariances"], bound)


def judge(estimator_class: Any, release: str, case: Case) -> Dict[str, str]:
    """How each of the `PROMISES` that are made for a case ends on it, by the name of the check.

    Raises
    ------
    CannotFit
        As `as_fitted` does.
    """
    fitted = as_fitted(case, can_of(estimator_class))
    subject = _Subject(fitted, estimator_class, release)
    asked = [check.every()[name] for name in PROMISES if name != FIRST_STEP]
    under_test = UnderTest(estimator_class, release)
    ends = {one.name: one.judge(subject).end() for one in asked if one.applies(fitted.traits, under_test)}
    return {**ends, FIRST_STEP: first_step(estimator_class, fitted).end()}


def fates(estimator_class: Any, case: Case, lost: Sequence[Lost]) -> List[str]:
    """What becomes of each lost component in the frame after which scikit-learn has lost it: one of the `FATES`.

    Raises
    ------
    CannotFit
        As `as_fitted` does.
    """
    fitted = as_fitted(case, can_of(estimator_class))
    outcomes = replay.replay(fitted, estimator_class)
    places = _places(fitted, case)
    return [_fate(fitted, outcomes, places[one.frame][one.component], one) for one in lost]


def _places(fitted: Case, case: Case) -> List[np.ndarray]:
    """The means of exact EM after each frame; with the case's own ``reg_covar`` where it cannot go on without."""
    try:
        exact = exact_replay(fitted)
    except DegenerateCovariance:
        exact = exact_replay(fitted._replace(settings=fitted.settings._replace(reg_covar=case.settings.reg_covar)))
    return [trajectory.final.means for trajectory in exact]


def _fate(case: Case, outcomes: Sequence[Outcome], place: np.ndarray, lost: Lost) -> str:
    """One of the `FATES`; that a later frame cannot start from a singular covariance counts as raising."""
    outcome, number = outcomes[min(lost.frame, len(outcomes) - 1)], lost.component
    if outcome.error is not None:
        return RAISES
    weights, means, matrices = (np.asarray(getattr(outcome, name)) for name in comparison.PARAMETERS)
    covariances = full_matrices(matrices, case.settings.covariance_type, *case.means.shape)
    if not all(np.isfinite(part[number]).all() for part in (weights, means, covariances)):
        return NAN
    if outcome.frame < lost.frame:
        return RAISES
    mean, start = (np.asarray(array[number], dtype=np.float64) for array in (means, outcome.start.means))
    return place_of(mean, start, place, case.frames[outcome.frame].astype(np.float64), comparison.dtype_of(case))


def place_of(mean: np.ndarray, start: np.ndarray, place: np.ndarray, samples: np.ndarray, dtype: str) -> str:
    """Where a mean is, of the `FATES`.

    Parameters
    ----------
    mean, start, place : ndarray of shape (n_features,)
        What a fit left, where it started, and where EM puts it.
    samples : ndarray of shape (n_samples, n_features)
    dtype : {'float64', 'float32'}
        That the fit computes in. Places are compared within the square root of its eps, as in `diagnosis`.
    """
    low, high = samples.min(axis=0), samples.max(axis=0)
    rounding = float(np.sqrt(np.finfo(dtype).eps)) * max(1.0, float(np.abs(samples).max()))
    near = max(NEAR * float((high - low).max()), rounding)
    is_at = {ORIGIN: np.abs(mean).max() <= rounding, STAYS: np.abs(mean - start).max() <= rounding}
    is_outside = ((mean < low - rounding) | (mean > high + rounding)).any()
    is_em = np.abs(mean - place).max() <= near and not is_outside
    holds = [(EM, is_em), *is_at.items(), (DRAGGED, is_outside), (ELSEWHERE, True)]
    return next(name for name, is_so in holds if is_so)


def is_finite(outcome: Outcome) -> bool:
    """Whether a fit returned, and left nothing but finite numbers."""
    if outcome.error is not None:
        return False
    return all(np.isfinite(getattr(outcome, name)).all() for name in comparison.PARAMETERS)


def first_step(estimator_class: Any, fitted: Case) -> Judgement:
    """The check `FIRST_STEP` within the coarse tolerance: its own is derived of scikit-learn's arithmetic."""
    case = fitted._replace(frames=fitted.frames[:1], settings=fitted.settings._replace(max_iter=1))
    judgement = Judgement(case.settings.covariance_type)
    subject = _Subject(case, estimator_class, "")
    if "degenerate" in subject.truth:
        judgement.cannot("one step of exact EM ends in a singular covariance")
    elif judge_parameters(judgement, case, subject.first) is not None:
        log_masses = np.array(subject.truth["log_masses"])
        should_be = {name: subject.truth[name] for name in ("means", "covariances")}
        should_be["weights"] = np.exp(log_masses) / len(case.frame)
        enough = comparison.outweighs_eps(log_masses, comparison.dtype_of(case))
        comparison.compare(judgement, subject.first, should_be, subject.rounding(0), enough)
    return judgement


def disagreement(estimator_class: Any, cases: Sequence[Case]) -> List[str]:
    """Where one step on cases that lose nothing is not one of exact EM: the adapter is at fault, not the peer."""
    found = []
    for case in cases:
        with contextlib.suppress(CannotFit):
            judgement = first_step(estimator_class, as_fitted(case, can_of(estimator_class)))
            found += ["{}: {}".format(case.name, sentence(finding)) for finding in judgement.findings]
    return found
