"""The estimator class under test: imported by its name, refused where it cannot be judged, and timed.

conftest.py imports this before anything heavy. Runs inside old environments:
Python 3.6 syntax, standard library and packaging; scikit-learn where it is asked to import it.
"""

import contextlib
import importlib
import inspect
import os
import time
import warnings
from typing import Any, Iterator, List, NamedTuple, Sequence, Tuple

from packaging.version import Version

from fixtures.fault import Fault

# When the process began, as nearly as a portable clock can say: until here the
# interpreter and pytest have kept one core busy.
_STARTED = time.perf_counter() - time.process_time()

_importing = [0.0]  # seconds of importing scikit-learn
_inside = [0.0]  # seconds inside the estimator under test

# scikit-learn takes arrays of other libraries from here on, and scipy has to be told before it is imported.
ARRAYS_SINCE = "1.8"
ARRAY_NAMESPACE = "--array-namespace"
OPTION_OF_DEVICE = "--device"
BESIDE = "--beside"  # for a worker: where the library is, if not in its environment
ARRAY_API_VARIABLE = "SCIPY_ARRAY_API"
DEFAULT_ESTIMATOR = "sklearn.mixture:GaussianMixture"
# What a replay, a start at random and a warm start pass to the constructor.
PARAMETERS = (
    "n_components", "covariance_type", "tol", "reg_covar", "max_iter", "n_init", "init_params",
    "weights_init", "means_init", "precisions_init", "random_state", "warm_start",
)  # fmt: skip
# Nothing in scikit-learn calls these.
CALLED_BY_THE_SUITE = ("__init__", "fit")


class UnknownEstimator(Fault):
    """The estimator that the user named cannot be imported, or has not GaussianMixture's interface."""


def import_estimator(path: str) -> Any:
    """The class that ``MODULE:CLASS`` names.

    Raises
    ------
    UnknownEstimator
        There is no such module, or no such class in it, or it lacks ``fit`` or
        a parameter of ``GaussianMixture``, or overrides a method that this
        release calls otherwise.
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
    estimator_class = getattr(module, class_name, None)
    if not isinstance(estimator_class, type):
        raise UnknownEstimator(
            "--estimator names {!r}, which {} does not define; should be a class with GaussianMixture's"
            " parameters".format(class_name, module_name)
        )
    if not callable(getattr(estimator_class, "fit", None)):
        raise UnknownEstimator("--estimator names {}, which has no method fit; should have one".format(path))
    _require_parameters(path, estimator_class)
    _require_hooks(path, estimator_class)
    return estimator_class


def takes_arrays(release: str) -> bool:
    """Whether a release of scikit-learn, or what a development version leads to, takes arrays of other libraries."""
    return Version(Version(release).base_version) >= Version(ARRAYS_SINCE)


def import_scikit_learn(words: Sequence[str] = ()) -> None:
    """Import what is under test, and keep how long that takes.

    Parameters
    ----------
    words : sequence of str
        Of the command line: where arrays of another library are asked for, scipy has to be told before.
    """
    if any(word.partition("=")[0] == ARRAY_NAMESPACE for word in words):
        os.environ.setdefault(ARRAY_API_VARIABLE, "1")
    start = time.perf_counter()
    with warnings.catch_warnings():
        # Old releases warn of themselves when imported; that is not what is tested.
        warnings.simplefilter("ignore")
        importlib.import_module("sklearn.mixture")
    _importing[0] += time.perf_counter() - start


@contextlib.contextmanager
def inside_estimator() -> Iterator[None]:
    """Count what happens here as the work of the estimator under test."""
    start = time.perf_counter()
    try:
        yield
    finally:
        _inside[0] += time.perf_counter() - start


class Seconds(NamedTuple):
    """Wall time of a process: in all, and of that importing scikit-learn and inside the estimator."""

    wall: float
    importing: float
    inside: float


def seconds() -> Seconds:
    """Where the time of this process went until now."""
    return Seconds(time.perf_counter() - _STARTED, _importing[0], _inside[0])


def summary(processes: Sequence[Seconds] = ()) -> str:
    """The line that tells where a run's wall time went: in other processes, where it was they that ran the tests."""
    wall, importing, inside = (sum(of_one) for of_one in zip(*(processes or [seconds()])))
    in_all = "{:.2f} s in all".format(seconds().wall)
    if processes:
        in_all += "; {} processes together".format(len(processes))
    words = "{}: {:.2f} s importing scikit-learn, {:.2f} s inside the estimator, {:.2f} s pytest and checks"
    return words.format(in_all, importing, inside, wall - importing - inside)


def _require_parameters(path: str, estimator_class: Any) -> None:
    is_own = inspect.isfunction(estimator_class.__init__)  # what Python gives to every class takes nothing
    if is_own and _takes_any(estimator_class.__init__):
        return
    taken = _names(estimator_class.__init__) if is_own else []
    missing = [name for name in PARAMETERS if name not in taken]
    if missing:
        words = "--estimator names {}, which has no parameter {}; should have those of GaussianMixture"
        raise UnknownEstimator(words.format(path, ", ".join(missing)))


def _require_hooks(path: str, estimator_class: Any) -> None:
    """Refuse a subclass whose methods do not take what this release passes to them, like ``xp`` from 1.8 on."""
    for name in sorted(dir(estimator_class)):
        own, theirs = _override(estimator_class, name)
        if theirs is None or not inspect.isfunction(own) or _takes_any(own) or name in CALLED_BY_THE_SUITE:
            continue
        # One that comes at the same place may have another name.
        there = _names(own)
        lacks = [one for place, one in enumerate(_names(theirs)) if one not in there and place >= len(there)]
        if lacks:
            raise UnknownEstimator(
                "--estimator names {}, whose {}({}) does not take {}, which this release of scikit-learn passes"
                " to it; should take it, too".format(path, name, ", ".join(_names(own)), ", ".join(lacks))
            )


def _override(estimator_class: Any, name: str) -> Tuple[Any, Any]:
    """A method that is not scikit-learn's, and that of scikit-learn's mixture which it overrides; else None."""
    found = [base for base in estimator_class.__mro__ if name in vars(base)]
    theirs = [base for base in found if str(base.__module__).startswith("sklearn.mixture")]
    if not theirs or found[0] is theirs[0] or not inspect.isfunction(vars(theirs[0])[name]):
        return None, None
    return vars(found[0])[name], vars(theirs[0])[name]


def _names(function: Any) -> List[str]:
    """Parameters by name, as the function itself has them; of a wrapped one, those of what it wraps."""
    parameters = inspect.signature(function).parameters.values()
    return [one.name for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]


def _takes_any(function: Any) -> bool:
    return any(one.kind == one.VAR_KEYWORD for one in inspect.signature(function).parameters.values())
