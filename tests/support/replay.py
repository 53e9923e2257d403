"""Replay: fit a case with the estimator at hand and keep all that it left.

Only scikit-learn's public API is used. A fit that raises is an outcome too.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

import time
import warnings
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from fixtures.corpus import Case
from tests.support.estimator import inside_estimator

LONGEST_BRIEF = 100
EXPLICIT, WARM_START = "explicit", "warm_start"


class Start(NamedTuple):
    """The parameters that a fit starts from, in the shapes of ``weights_init``, ``means_init``, ``precisions_init``."""

    weights: np.ndarray
    means: np.ndarray
    precisions: np.ndarray


class Raised(NamedTuple):
    """The exception that a fit raised.

    Attributes
    ----------
    type : str
        Name of its class.
    message : str
    """

    type: str
    message: str

    def __str__(self) -> str:
        return "{}: {}".format(self.type, self.message)

    @property
    def brief(self) -> str:
        """The type and the message on one line, cut where it is long."""
        text = " ".join(str(self).split()).rstrip(".")
        return text if len(text) <= LONGEST_BRIEF else text[: LONGEST_BRIEF - 3] + "..."


class Outcome(NamedTuple):
    """All that one fit left.

    The fitted attributes are None where the fit raised, or where the release
    or estimator does not have them.

    Attributes
    ----------
    start : Start
        What the fit started from.
    weights : ndarray of shape (n_components,) or None
    means : ndarray of shape (n_components, n_features) or None
    covariances, precisions : ndarray or None
        Shaped like the precisions of the case's ``covariance_type``.
    n_iter : int or None
    converged : bool or None
    lower_bound : float or None
        ``lower_bound_``: mean log-likelihood of a sample, in nats.
    warnings : tuple of (str, str)
        Category and message of each warning.
    error : Raised or None
        What ``fit`` raised.
    seconds : float
        Wall time inside ``fit``.
    frame : int
        Which frame of the case was fitted.
    estimator : object
        The fitted estimator; a warm-started one goes on to the next frame.
    attributes : mapping of str to object
        Every public fitted attribute, by name; empty where the fit raised.
    """

    start: Start
    weights: Optional[np.ndarray]
    means: Optional[np.ndarray]
    covariances: Optional[np.ndarray]
    precisions: Optional[np.ndarray]
    n_iter: Optional[int]
    converged: Optional[bool]
    lower_bound: Optional[float]
    warnings: Tuple[Tuple[str, str], ...]
    error: Optional[Raised]
    seconds: float
    frame: int
    estimator: Any = None
    attributes: Mapping[str, Any] = {}


def ways(case: Case) -> Tuple[str, ...]:
    """The ways in which a case is replayed: a chain both ways, one frame explicitly."""
    return (EXPLICIT, WARM_START) if len(case.frames) > 1 else (EXPLICIT,)


def initial(case: Case) -> Start:
    """What the fit of a case's first frame starts from."""
    return Start(case.weights, case.means, case.precisions)


def make_estimator(case: Case, start: Optional[Start], estimator_class: Any, **parameters: Any) -> Any:
    """An unfitted estimator with the settings of a case, to start from given parameters, or cold.

    The estimator gets copies, so that one that writes into its arguments
    cannot spoil the case for the checks that follow.
    """
    if start is not None:
        parameters["weights_init"] = start.weights.copy()
        parameters["means_init"] = start.means.copy()
        parameters["precisions_init"] = start.precisions.copy()
    return estimator_class(
        n_components=case.n_components,
        covariance_type=case.settings.covariance_type,
        reg_covar=case.settings.reg_covar,
        tol=case.settings.tol,
        max_iter=case.settings.max_iter,
        # Releases before 1.4 draw a k-means start even where the parameters
        # are all given, and then do not use it.
        random_state=0,
        **parameters,
    )


def replay(case: Case, estimator_class: Any, way: str = EXPLICIT) -> Tuple[Outcome, ...]:
    """Fit every frame of a case in turn, each from what the last one left.

    Parameters
    ----------
    case : Case
    estimator_class : type
        ``GaussianMixture`` or a class with the same parameters and fitted
        attributes.
    way : {'explicit', 'warm_start'}
        Whether each frame gets a new estimator with ``weights_init``,
        ``means_init`` and ``precisions_init``, or all are fitted by one
        estimator with ``warm_start=True``.

    Returns
    -------
    tuple of Outcome
        One for each frame; it ends with the first fit that raises, or leaves
        no parameters that the next could start from.
    """
    outcomes: List[Outcome] = []
    start = initial(case)
    estimator = make_estimator(case, start, estimator_class, warm_start=True) if way == WARM_START else None
    for number in range(len(case.frames)):
        fitted = estimator if way == WARM_START else make_estimator(case, start, estimator_class)
        outcome = fit_frame(case, number, start, fitted)
        outcomes.append(outcome)
        if outcome.weights is None or outcome.means is None or outcome.precisions is None:
            break
        start = Start(outcome.weights, outcome.means, outcome.precisions)
    return tuple(outcomes)


def replay_steps(case: Case, estimator_class: Any, n_steps: int) -> Tuple[Outcome, ...]:
    """Fit a case's first frame one EM step at a time.

    Each step is a fit with ``max_iter=1``; all but the first start warm, that
    is, from the very parameters that the step before left.

    Returns
    -------
    tuple of Outcome
        One for each step; it ends with the first that raises.
    """
    start = initial(case)
    one_step = case._replace(settings=case.settings._replace(max_iter=1))
    estimator = make_estimator(one_step, start, estimator_class, warm_start=True)
    outcomes: List[Outcome] = []
    for _ in range(n_steps):
        outcome = fit_frame(one_step, 0, start, estimator)
        outcomes.append(outcome)
        if outcome.weights is None or outcome.means is None or outcome.precisions is None:
            break
        start = Start(outcome.weights, outcome.means, outcome.precisions)
    return tuple(outcomes)


def fit_frame(case: Case, number: int, start: Start, estimator: Any) -> Outcome:
    """Fit one frame of a case with an estimator that is set to start there, and keep all that it leaves."""
    frame = case.frames[number].copy()
    caught: List[Any] = []
    clock = time.perf_counter()
    _, error = call(estimator.fit, frame, caught=caught)
    seconds = time.perf_counter() - clock
    return Outcome(
        start=start,
        weights=_fitted(estimator, "weights_", error),
        means=_fitted(estimator, "means_", error),
        covariances=_fitted(estimator, "covariances_", error),
        precisions=_fitted(estimator, "precisions_", error),
        n_iter=_fitted(estimator, "n_iter_", error),
        converged=_fitted(estimator, "converged_", error),
        lower_bound=_fitted(estimator, "lower_bound_", error),
        warnings=tuple((warning.category.__name__, str(warning.message)) for warning in caught),
        error=error,
        seconds=seconds,
        frame=number,
        estimator=estimator,
        attributes=_attributes(estimator, error),
    )


def call(
    function: Callable[..., Any], *arguments: Any, caught: Optional[List[Any]] = None
) -> Tuple[Any, Optional[Raised]]:
    """Call a method of an estimator: what it returns, and what it raised.

    Parameters
    ----------
    function : callable
    *arguments
    caught : list, optional
        Gets the warnings; without it they are left out.
    """
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        try:
            with inside_estimator():
                return function(*arguments), None
        except Exception as raised:  # whatever it raises is its outcome
            return None, Raised(type(raised).__name__, str(raised))
        finally:
            if caught is not None:
                caught.extend(found)


def _attributes(estimator: Any, error: Optional[Raised]) -> Dict[str, Any]:
    names = [name for name in vars(estimator) if name.endswith("_") and not name.startswith("_")]
    return {} if error else {name: _fitted(estimator, name, error) for name in names}


def _fitted(estimator: Any, attribute: str, error: Optional[Raised]) -> Any:
    # A fit that raised may leave parameters half way: they mean nothing.
    value = None if error else getattr(estimator, attribute, None)
    # A warm-started estimator writes over what it left before.
    return value.copy() if isinstance(value, np.ndarray) else value
