"""Worker that judges one case with the scikit-learn at hand: how a check ends, and what a fit left.

A reduction asks whether a check fails on a candidate case, and in which way; a
search of releases or commits asks whether checks of the suite pass, or what a
fit left. The checks are those of the suite, asked directly.

Runs inside old environments: Python 3.6 syntax. scikit-learn is imported by
the first request, so that one that cannot be imported is an answer too.
"""

import sys
import warnings
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from fixtures import corpus
from fixtures.corpus import Case, Settings, Traits
from fixtures.fault import one_of
from fixtures.validation import BrokenCase
from tests.support import array_namespace, check, comparison, environment, replay
from tests.support.array_namespace import NUMPY, NeedsFloat64, Space, UnknownNamespace, in_namespace
from tests.support.check import COLLAPSE, Check, UnderTest
from tests.support.diagnosis import NotDiagnosable, diagnose
from tests.support.estimator import import_estimator
from tests.support.findings import Finding, as_item
from tests.support.judgement import BROKEN, KEPT
from tests.support.reference import DegenerateCovariance, exact_replay
from tests.support.replay import EXPLICIT, Outcome
from tests.support.states import COLLAPSED, EMPTY
from tests.support.subject import Subject
from tests.workers import worker

PASSES, FAILS, NOT_JUDGED = "passes", "fails", "not judged"
# What a fit leaves besides its fitted attributes, which are outcomes by their own names.
TEXTS = ("warnings", "error")
OUTCOMES = (*TEXTS, "diagnosis", "dtype")
ABSENT = "absent"
PARTS = ("weights", "means", "covariances", "precisions")
DIGITS = str.maketrans("0123456789", "##########")


class Way(NamedTuple):
    """In which way a check fails: what has to stay when a case gets smaller."""

    state: Optional[str]  # of the chosen component, or how a fit raised; None without either
    faults: Tuple[str, ...]  # the kinds of the findings that are of the chosen component, or of no component


class Probe:
    """Answers requests, with one estimator class: scikit-learn's own unless one is given.

    Parameters
    ----------
    estimator_class : type, optional
    space_for : callable
        The library whose arrays are fitted, for a release.
    """

    def __init__(self, estimator_class: Any = None, space_for: Callable[[str], Space] = lambda _: NUMPY) -> None:
        self._estimator_class = estimator_class
        self._space_for = space_for
        self._under_test: Optional[UnderTest] = None
        self._checks: Dict[str, Check] = {}

    @property
    def under_test(self) -> UnderTest:
        """What is judged: imported and tried by the first request."""
        if self._under_test is None:
            estimator_class = self._estimator_class or _working_estimator()
            release = environment.describe()["scikit-learn"]
            try:
                space = self._space_for(release)
            except UnknownNamespace as error:
                raise worker.Refused(str(error)) from None
            self._under_test = UnderTest(in_namespace(estimator_class, space), release)
        return self._under_test

    @property
    def checks(self) -> Dict[str, Check]:
        """Every check that can be asked about a case that the corpus does not have, in the order of preference."""
        self._checks = self._checks or {one.name: one for one in check.in_order_of_preference()}
        return self._checks

    def versions(self) -> Dict[str, str]:
        """Versions by name, and where ``sklearn.mixture`` was imported from."""
        assert self.under_test
        return {**environment.describe(), "place": str(Path(sys.modules["sklearn.mixture"].__file__ or "").parent)}

    def names(self) -> List[str]:
        """The names of these checks."""
        return list(self.checks)

    def judge(self, checks: List[str], case: str) -> Dict[str, Any]:
        """Whether checks, or files of them like ``test_collapse``, pass, fail or are not judged on a case.

        ``said`` is the first line of the failure, or why they are not judged.
        """
        known = check.every()
        named = [one for one in known.values() if {one.name, one.file} & set(checks)]
        if not named:
            words = "there is no check {}; should be {}"
            raise worker.Refused(words.format(" or ".join(checks), one_of(known, checks[0] if checks else "")))
        subject = self._subject(_load(case))
        asked = [one for one in named if one.runs_on(self._traits_of(case), self.under_test)]
        try:
            judged = [(one, one.judge(subject)) for one in asked]
        except BrokenCase as fault:
            raise worker.Refused(str(fault)) from None
        for one, judgement in judged:
            if judgement.end() == BROKEN:
                items = [as_item(finding) for finding in judgement.findings]
                said = _first_line(one.message(subject, judgement))
                return {"value": FAILS, "said": said, "findings": items}
        if any(judgement.end() == KEPT for _, judgement in judged):
            return {"value": PASSES, "said": "", "findings": []}
        reason = judged[0][1].reason() if judged else "{} does not run on {} here".format(" or ".join(checks), case)
        return {"value": NOT_JUDGED, "said": _first_line(reason), "findings": []}

    def outcome(self, name: str, case: str) -> Dict[str, Any]:
        """What the fits of a case of the corpus left, frame by frame, for each way of replaying it.

        With how far numbers may differ by rounding, and their types, which
        matter where bits do.
        """
        return _left(name, self._subject(_load(case)))

    def outcomes(self, case: str) -> Dict[str, Dict[str, Any]]:
        """Every fitted attribute, warning and error that the fits of a case of the corpus left, by name."""
        subject = self._subject(_load(case))
        fits = [fit for outcomes in subject.replays.values() for fit in outcomes]
        names = sorted({name for fit in fits for name in fit.attributes})
        return {name: _left(name, subject) for name in (*names, *TEXTS)}

    def failure(self, check: Optional[str], candidate: Dict[str, Any]) -> Optional[Dict[str, Any]]:
        """How a check fails on a whole case, without one the first check that does; None where nothing fails.

        Where the candidate names no component, the one that the failure is about
        is chosen: the first that a finding names. The ``faults`` are None where
        the check fails, but not for the component that the candidate names.
        """
        case, component = case_of(candidate)
        subject = self._subject(case)
        for name in [check] if check else list(self.checks):
            findings = self._findings(name, subject)
            if not findings:
                continue
            states = [_state(subject, number) for number in range(case.n_components)]
            chosen = _chosen(name, findings) if component is None else component
            way = _way(name, findings, subject, chosen)
            if way is not None or check:
                found = way._asdict() if way else {"state": None, "faults": None}
                return dict(found, check=name, component=chosen, states=states)
        return None

    def alike(self, check: str, wanted: List[Any], candidates: List[Dict[str, Any]]) -> List[bool]:
        """Whether a check fails on candidates in the way that is wanted, up to the first on which it does."""
        answers = []
        for candidate in candidates:
            answers.append(self._is_alike(check, Way(wanted[0], tuple(wanted[1])), *case_of(candidate)))
            if answers[-1]:
                break
        return answers

    def _is_alike(self, check: str, wanted: Way, case: Case, component: Optional[int]) -> bool:
        """Whether a failure is not another one: the component in the same state, and no fault that is new."""
        try:
            subject = self._subject(case)
            findings = self._findings(check, subject)
            way = _way(check, findings, subject, component) if findings else None
        except Exception:  # numbers that no check was made for: whether it fails is undefined
            return False
        if way is None or way.state != wanted.state or bool(way.faults) != bool(wanted.faults):
            return False
        return set(way.faults) <= set(wanted.faults)

    def ends(self, case: str) -> Dict[str, str]:
        """How every check that promises something and runs on a case of the corpus ends, by its name."""
        subject = self._subject(_load(case))
        promises = [one for one in check.every().values() if not one.is_baseline]
        asked = [one for one in promises if one.runs_on(self._traits_of(case), self.under_test)]
        return {one.name: one.judge(subject).end() for one in asked}

    def starts(self, candidate: Dict[str, Any]) -> List[Dict[str, Any]]:
        """The parameters from which an explicit replay fits each frame of a chain."""
        case, _ = case_of(candidate)
        outcomes = replay.replay(case, self.under_test.estimator_class)
        return [
            {name: getattr(outcome.start, name).astype(np.float64).tolist() for name in outcome.start._fields}
            for outcome in outcomes
        ]

    def exact(self, candidate: Dict[str, Any]) -> Dict[str, Any]:
        """What exact EM leaves after the last frame; only ``degenerate``, the reason, where it leaves nothing."""
        case, _ = case_of(candidate)
        try:
            trajectory = exact_replay(case)[-1]
        except DegenerateCovariance as reason:
            return {"degenerate": str(reason)}
        return {
            "weights": np.exp(trajectory.final.log_weights).tolist(),
            "means": trajectory.final.means.tolist(),
            "covariances": trajectory.final.covariances.tolist(),
            "n_iter": trajectory.n_iter,
            "converged": trajectory.converged,
            "lower_bound": trajectory.lower_bounds[-1],
        }

    def _traits_of(self, case: str) -> Traits:
        """What decides which checks run on a case of the corpus."""
        return self.under_test.space.traits(corpus.traits_of(case))

    def _subject(self, case: Case) -> Subject:
        try:
            case = self.under_test.space.case(case)
        except NeedsFloat64 as reason:
            raise worker.Refused(str(reason)) from None
        return Subject(case, self.under_test.estimator_class, self.under_test.release)

    def _findings(self, name: str, subject: Subject) -> List[Finding]:
        asked = self.checks[name]
        if not asked.applies(subject.case.traits, self.under_test):
            return []
        return asked.judge(subject).findings


def case_of(candidate: Dict[str, Any]) -> Tuple[Case, Optional[int]]:
    """The case in a request, and the number of the chosen component."""
    frames = tuple(_array(frame) for frame in candidate["frames"])
    weights, means, precisions = (_array(candidate[name]) for name in ("weights", "means", "precisions"))
    # Not a name of the corpus: no baseline is about it.
    case = Case("candidate", "", (), Settings(**candidate["settings"]), frames, weights, means, precisions, {})
    return case, candidate["component"]


def _array(numbers: Dict[str, Any]) -> np.ndarray:
    return np.array(numbers["values"], dtype=numbers["dtype"])


def _way(name: str, findings: List[Finding], subject: Subject, component: Optional[int]) -> Optional[Way]:
    """In which way a check has failed; None where it is not about the component that is chosen."""
    state = _state(subject, component)
    if name == COLLAPSE and state is not None and not state.startswith((*COLLAPSED, "raised", "left")):
        return None
    about = [one for one in findings if component is None or one.component in (None, component)]
    return Way(state, tuple(sorted({one.kind for one in about})))


def _chosen(name: str, findings: List[Finding]) -> Optional[int]:
    """The component that a failure is about."""
    if name == COLLAPSE:
        return next((one.component for one in findings if one.state in COLLAPSED), None)
    of_elements = [one for one in findings if one.component is not None and not one.aspect]
    return of_elements[0].component if of_elements else None


def _state(subject: Subject, component: Optional[int]) -> Optional[str]:
    """The state of a component: how it collapsed, where it first did, or how the last fit left it."""
    state = None
    for outcome in subject.replays[EXPLICIT]:
        if outcome.error is not None:
            return "raised " + _without_numbers(str(outcome.error))
        try:
            diagnosis = subject.diagnosis(EXPLICIT, outcome)
        except NotDiagnosable as reason:
            return "left " + (reason.finding.kind if reason.finding else "nothing")
        if component is None:
            continue
        found = diagnosis.components[component]
        state = found.state + (", outside the data" if found.outside else ", inside the data")
        if found.state == EMPTY and not found.mean.any():
            state += ", every responsibility 0"
        if found.state in COLLAPSED:
            return state
    return state


def _left(name: str, subject: Subject) -> Dict[str, Any]:
    fits_of = subject.replays
    left = {"value": {way: [_of_fit(name, subject.case, fit) for fit in fits] for way, fits in fits_of.items()}}
    if name in OUTCOMES:
        return left
    types = {way: [_dtype(fit.attributes.get(name)) for fit in fits] for way, fits in fits_of.items()}
    return dict(left, tolerance=_tolerance(name, subject), types=types)


def _of_fit(name: str, case: Case, fit: Outcome) -> Any:
    if name == "warnings":
        return ["{}: {}".format(*warning) for warning in fit.warnings]
    if name == "error":
        return "none" if fit.error is None else str(fit.error)
    if fit.error is not None:  # its message is another outcome: it is worded anew in every other release
        return fit.error.type
    if name == "diagnosis":
        return _states(case, fit)
    if name == "dtype":
        return {part: _dtype(getattr(fit, part)) for part in PARTS}
    return _as_json(fit.attributes[name]) if name in fit.attributes else ABSENT


def _as_json(value: Any) -> Any:
    """Numbers as they are, to the last bit; anything else as text."""
    array = np.asarray(value)
    return array.tolist() if array.dtype.kind in "biufU" else str(value)


def _dtype(value: Any) -> str:
    return "None" if value is None else str(np.asarray(value).dtype)


def _states(case: Case, fit: Outcome) -> Any:
    try:
        return [component.state for component in diagnose(case, fit).components]
    except NotDiagnosable as reason:
        return _first_line(str(reason))


def _tolerance(name: str, subject: Subject) -> float:
    """What rounding may do to an attribute; to one that no tolerance is derived for, relative to its largest number."""
    case, last = subject.case, [outcomes[-1] for outcomes in subject.replays.values()]
    covariances = [1.0 if fit.covariances is None else fit.covariances for fit in last]
    bounds = [fit.lower_bound or 0.0 for fit in last]
    dtype = comparison.coarser(case.frame, *(fit.means for fit in last))
    allowed = comparison.coarse(case, dtype, covariances[0], max(bounds, key=abs))
    derived = {part + "_": getattr(allowed, part) for part in (*comparison.PARAMETERS, "lower_bound")}
    derived["lower_bounds_"] = allowed.lower_bound
    if name in derived:
        return float(derived[name])
    return float(allowed.weights) * max([1.0, *(_largest(fit.attributes.get(name)) for fit in last)])


def _largest(value: Any) -> float:
    array = np.asarray(value)
    sizes = (
        [abs(number) for number in array.ravel().tolist() if np.isfinite(number)] if array.dtype.kind in "iuf" else []
    )
    return float(max(sizes, default=0.0))


def _load(case: str) -> Case:
    try:
        return corpus.load_case(case, capture=corpus.find_capture())
    except (corpus.BadCaptureFolder, corpus.CaptureNotAtHand, corpus.UnknownCase, BrokenCase) as reason:
        raise worker.Refused(str(reason)) from None


def _working_estimator() -> Any:
    """scikit-learn's class, once it has shown that it can be imported and can fit.

    An older or newer ``sklearn/mixture`` laid over a release may be imported
    and call what that release does not have.
    """
    samples = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [5.0, 5.0], [5.0, 6.0], [6.0, 5.0]])
    doing = "be imported"
    try:
        from sklearn.mixture import GaussianMixture  # noqa: PLC0415  (so that a failure is an answer)

        doing = "fit six samples"
        for covariance_type in ("full", "tied", "diag", "spherical"):
            fitted = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(samples)
            fitted.score_samples(samples)
    except Exception as error:  # a broken commit may raise anything
        words = "sklearn.mixture cannot {}: {}: {}"
        raise worker.Refused(words.format(doing, type(error).__name__, _first_line(str(error)))) from None
    return GaussianMixture


def _without_numbers(text: str) -> str:
    """The first line of what a fit raised; it may count what a smaller case has fewer of."""
    return _first_line(text).translate(DIGITS)


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0]


def main(arguments: List[str]) -> None:
    """Answer requests about scikit-learn's class, or about the one that ``MODULE:CLASS`` names."""
    warnings.simplefilter("ignore")  # the warnings of a fit are in its outcome
    space_for, paths = array_namespace.asked_for(arguments)
    probe = Probe(import_estimator(paths[0]) if paths else None, space_for)
    requests = ("names", "failure", "alike", "starts", "exact", "judge", "outcome", "outcomes", "ends")
    worker.serve({"under_test": probe.versions, **{name: getattr(probe, name) for name in requests}})


if __name__ == "__main__":
    main(sys.argv[1:])
