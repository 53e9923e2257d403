"""Replay: fit a case with the estimator at hand and keep all that it left.

This is the one module that calls the estimator, and it uses scikit-learn's
public API only. A fit that raises is an outcome too.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

import importlib
import time
import warnings
from typing import Any, List, NamedTuple, Optional, Tuple

import numpy as np

from fixtures.corpus import Case
from fixtures.fault import Fault
from tests.support import stopwatch

EXPLICIT, WARM_START = "explicit", "warm_start"
# A frame with more samples is fitted as few times as can be.
LARGE_FRAME = 50000

DEFAULT_ESTIMATOR = "sklearn.mixture:GaussianMixture"


class UnknownEstimator(Fault):
    """The estimator that the user named cannot be imported."""


class Start(NamedTuple):
    """The parameters that a fit starts from, in the shapes of ``weights_init``, ``means_init``, ``precisions_init``."""

    weights: np.ndarray
    means: np.ndarray
    precisions: np.ndarray


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
    error : str or None
        Type and message of the exception that ``fit`` raised.
    seconds : float
        Wall time inside ``fit``.
    frame : int
        Which frame of the case was fitted.
    estimator : object
        The fitted estimator; a warm-started one goes on to the next frame.
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
    error: Optional[str]
    seconds: float
    frame: int
    estimator: Any = None


def import_estimator(path: str) -> Any:
    """The class that ``MODULE:CLASS`` names.

    Raises
    ------
    UnknownEstimator
        There is no such module, or no such class in it.
    """
    module_name, separator, class_name = path.partition(":")
    if not separator or not module_name or not class_name:
        raise UnknownEstimator("--estimator is {!r}; should be MODULE:CLASS, like {}".format(path, DEFAULT_ESTIMATOR))
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # a module may raise anything when it is imported
        raise UnknownEstimator(
            "--estimator names the module {!r}, which cannot be imported ({});"
            " should be importable from this environment".format(module_name, error)
        ) from None
    estimator = getattr(module, class_name, None)
    if not isinstance(estimator, type):
        raise UnknownEstimator(
            "--estimator names {!r}, which {} does not define; should be a class with GaussianMixture's"
            " parameters".format(class_name, module_name)
        )
    return estimator


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
        One for each frame; it ends with the first fit that raises.
    """
    outcomes: List[Outcome] = []
    start = initial(case)
    estimator = make_estimator(case, start, estimator_class, warm_start=True) if way == WARM_START else None
    for number in range(len(case.frames)):
        fitted = estimator if way == WARM_START else make_estimator(case, start, estimator_class)
        outcome = fit_frame(case, number, start, fitted)
        outcomes.append(outcome)
        if outcome.weights is None or outcome.means is None or outcome.precisions is None:
            if not outcome.error and len(outcomes) < len(case.frames):
                outcomes[-1] = outcome._replace(error="nothing, but left no parameters to start the next frame from")
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
    error = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clock = time.perf_counter()
        try:
            with stopwatch.inside_estimator():
                estimator.fit(frame)
        except Exception as raised:  # whatever the estimator raises is its outcome
            error = "{}: {}".format(type(raised).__name__, raised)
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
    )


def _fitted(estimator: Any, attribute: str, error: Optional[str]) -> Any:
    # A fit that raised may leave parameters half way: they mean nothing.
    value = None if error else getattr(estimator, attribute, None)
    # A warm-started estimator writes over what it left before.
    return value.copy() if isinstance(value, np.ndarray) else value
