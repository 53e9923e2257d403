"""The inside end of a reduction: whether a check fails on a candidate case, and in which way.

Serves requests as ``python -m tests.workers.failure_probe``. A candidate is
judged by the very check of the suite: the function in ``tests/test_*.py`` is
called with what pytest's fixtures would give it.

Runs inside old environments: Python 3.6 syntax, numpy and pytest only.
"""

import importlib
import inspect
import re
import warnings
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np
import pytest

from fixtures.corpus import Case, Settings
from tests.support import environment, messages, replay
from tests.support.diagnosis import NotDiagnosable
from tests.support.fits import Fits
from tests.support.reference import DegenerateCovariance, exact_replay
from tests.support.replay import EXPLICIT
from tests.support.states import COLLAPSED, EMPTY
from tests.workers import worker

# Where the checks live that can be asked about a case that the corpus does not
# have, in the order in which they are asked. The others compare with a record.
MODULES = (
    "test_collapse",
    "test_initialisation",
    "test_parameters",
    "test_reference",
    "test_warm_start",
    "test_prediction",
    "test_likelihood",
    "test_equivariance",
    "test_purity",
)
COLLAPSE_CHECK = "test_no_component_collapses"
FOR_CHAINS = ("test_warm_start_equals_explicit_replays",)


_NotAskable = pytest.skip.Exception


class Way(NamedTuple):
    """In which way a check fails: what has to stay when a case gets smaller.

    Attributes
    ----------
    state : str or None
        What became of the chosen component, or how a fit raised; None where
        none is chosen and none raised.
    faults : tuple of str
        What the check saw that should not be, without its numbers: fitted
        attributes, methods, errors.
    """

    state: Optional[str]
    faults: Tuple[str, ...]


class Probe:
    """Answers requests about candidates, with one estimator class.

    Parameters
    ----------
    estimator_class : type
    release : str
        Version of scikit-learn.
    """

    def __init__(self, estimator_class: Any, release: str) -> None:
        self.estimator_class = estimator_class
        self.release = release
        self.checks = _checks()

    def names(self) -> List[str]:
        """Every check that can be asked, in the order of preference."""
        return list(self.checks)

    def failure(self, check: Optional[str], candidate: Dict[str, Any]) -> Optional[Dict[str, Any]]:
        """How a whole case fails.

        Parameters
        ----------
        check : str or None
            The check that is asked; without it the first one that fails.
        candidate : dict
            The case. Where it names no component, the one that the failure is
            about is chosen: the first one that collapses, or that the check names.

        Returns
        -------
        dict or None
            ``check``, ``component``, ``state`` and ``faults``, and the
            ``states`` of all components; None where nothing fails.
        """
        case, component = case_of(candidate)
        fits = Fits(self.estimator_class, self.release)
        for name in [check] if check else self.checks:
            message = self._message(name, case, fits)
            if message is None:
                continue
            states = [_state(case, number, fits) for number in range(case.n_components)]
            chosen = _chosen(name, message, states) if component is None else component
            way = _way(name, message, case, chosen, fits)
            if way is not None or check:
                found = way._asdict() if way else {"state": None, "faults": None}
                return dict(found, check=name, component=chosen, states=states)
        return None

    def ways(self, check: str, wanted: List[Any], candidates: List[Dict[str, Any]]) -> List[Any]:
        """In which way a check fails on candidates, up to the first that fails in the way that is wanted.

        Returns
        -------
        list
            For each candidate that was asked about None where the check passes,
            or the ``state`` and ``faults`` of its `Way`, and whether it is the
            ``same`` as the one wanted.
        """
        answers: List[Any] = []
        for candidate in candidates:
            case, component = case_of(candidate)
            try:
                fits = Fits(self.estimator_class, self.release)
                message = self._message(check, case, fits)
                way = None if message is None else _way(check, message, case, component, fits)
            except Exception:  # numbers that no check was made for: it cannot be said to fail
                way = None
            same = way is not None and is_same(way, Way(wanted[0], tuple(wanted[1])))
            answers.append(None if way is None else {"state": way.state, "faults": way.faults, "same": same})
            if same:
                break
        return answers

    def starts(self, candidate: Dict[str, Any]) -> List[Dict[str, Any]]:
        """The parameters from which an explicit replay fits each frame of a chain."""
        case, _ = case_of(candidate)
        outcomes = replay.replay(case, self.estimator_class)
        return [
            {name: getattr(outcome.start, name).astype(np.float64).tolist() for name in outcome.start._fields}
            for outcome in outcomes
        ]

    def exact(self, candidate: Dict[str, Any]) -> Dict[str, Any]:
        """What exact EM leaves after a candidate's last frame, or why it leaves nothing.

        Returns
        -------
        dict
            ``weights``, ``means``, ``covariances``, ``n_iter``, ``converged``
            and ``lower_bound``; or just ``degenerate``.
        """
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

    def _message(self, check: str, case: Case, fits: Fits) -> Optional[str]:
        if check in FOR_CHAINS and len(case.frames) == 1:
            return None
        return _defect(self.checks[check], case, fits)


def _way(check: str, message: str, case: Case, component: Optional[int], fits: Fits) -> Optional[Way]:
    """In which way a check has failed; None where it is not about the component that is chosen."""
    state = _state(case, component, fits)
    if check == COLLAPSE_CHECK and state is not None and not state.startswith((*COLLAPSED, "raised", "left")):
        return None
    return Way(state, _faults(message, component))


def _chosen(check: str, message: str, states: List[Optional[str]]) -> Optional[int]:
    """The component that a failure is about."""
    if check == COLLAPSE_CHECK:
        return next((number for number, state in enumerate(states) if (state or "").startswith(COLLAPSED)), None)
    named = re.search(r"seen \w+_ [^;\n]* at \((\d+),", message)
    return int(named.group(1)) if named else None


def is_same(way: Way, wanted: Way) -> bool:
    """Whether a failure is no other one: the component in the same state, and no fault that was not there before."""
    if way.state != wanted.state or bool(way.faults) != bool(wanted.faults):
        return False
    return set(way.faults) <= set(wanted.faults)


def case_of(candidate: Dict[str, Any]) -> Tuple[Case, Optional[int]]:
    """The case in a request, and the number of the chosen component."""
    arrays = {
        name: np.array(candidate[name]["values"], dtype=candidate[name]["dtype"])
        for name in ("weights", "means", "precisions")
    }
    case = Case(
        # No name of the corpus: nothing that is recorded there is about it.
        name="candidate",
        title="",
        flags=(),
        settings=Settings(**candidate["settings"]),
        frames=tuple(np.array(frame["values"], dtype=frame["dtype"]) for frame in candidate["frames"]),
        provenance={},
        **arrays,
    )
    return case, candidate["component"]


def _checks() -> Dict[str, Callable[..., None]]:
    """The checks by name; last those that the suite runs on a few cases, because they do not depend on the samples."""
    checks: Dict[str, Callable[..., None]] = {}
    for name in MODULES:
        module = importlib.import_module("tests." + name)
        functions = [function for name, function in vars(module).items() if name.startswith("test_")]
        own = [function for function in functions if getattr(function, "__module__", None) == module.__name__]
        checks.update({function.__name__: function for function in own})
    return dict(sorted(checks.items(), key=lambda item: _is_of_a_few_cases(item[1])))


def _is_of_a_few_cases(check: Callable[..., None]) -> bool:
    marks = getattr(check, "pytestmark", ())
    named = any(mark.name == "parametrize" and mark.args[0] == "case_name" for mark in marks)
    return named and check.__name__ not in FOR_CHAINS


def _defect(check: Callable[..., None], case: Case, fits: Fits) -> Optional[str]:
    """What a check says of a case, or None where it passes or does not apply."""
    given: Dict[str, Callable[[], Any]] = {
        "case": lambda: case,
        "replays": lambda: fits.replays(case),
        "steps": lambda: fits.steps(case),
        "fit_again": lambda: fits.again,
        "judge": lambda: fits.judge,
        "estimator_class": lambda: fits.estimator_class,
        "release": lambda: fits.release,
        "place": lambda: "scikit-learn {}, case {}".format(fits.release, case.name),
    }
    arguments = {name: given[name]() for name in inspect.signature(check).parameters}
    try:
        check(**arguments)
    except messages.Defect as defect:
        return str(defect)
    except _NotAskable:
        return None
    return None


def _state(case: Case, component: Optional[int], fits: Fits) -> Optional[str]:
    """What became of a component: how it collapsed, where it first did, or how the last fit left it."""
    state = None
    for outcome in fits.replays(case)[EXPLICIT]:
        if outcome.error:
            return "raised " + _without_numbers(outcome.error)
        try:
            diagnosis = fits.diagnosis(case, EXPLICIT, outcome)
        except NotDiagnosable as reason:
            return "left " + _without_numbers(str(reason))
        if component is None:
            continue
        found = diagnosis.components[component]
        outside = (found.mean < diagnosis.low).any() or (found.mean > diagnosis.high).any()
        state = found.state + (", outside the data" if outside else ", inside the data")
        if found.state == EMPTY and not found.mean.any():
            state += ", every responsibility 0"
        if found.state in COLLAPSED:
            return state
    return state


def _faults(message: str, component: Optional[int]) -> Tuple[str, ...]:
    """The first word of what was seen, of each fault that is of the chosen component or of none."""
    faults = set()
    for seen, rest in re.findall(r"seen\s+([^\s;]+)([^;\n]*)", message):
        place = re.search(r" at \((\d+),", rest)
        if place is None or component is None or int(place.group(1)) == component:
            faults.add(_without_numbers(seen.rstrip(":,")))
    return tuple(sorted(faults))


def _without_numbers(text: str) -> str:
    return re.sub(r"[-+]?\d+(\.\d*)?(e[-+]?\d+)?", "#", text.splitlines()[0])


def main() -> None:
    warnings.simplefilter("ignore")  # what a fit warns of is in its outcome
    release = environment.describe()["scikit-learn"]
    probe = Probe(replay.import_estimator(replay.DEFAULT_ESTIMATOR), release)
    worker.serve(
        {
            "names": probe.names,
            "failure": probe.failure,
            "ways": probe.ways,
            "starts": probe.starts,
            "exact": probe.exact,
        }
    )


if __name__ == "__main__":
    main()
