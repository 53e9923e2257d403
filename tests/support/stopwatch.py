"""Where the seconds of a run go. conftest.py imports this before anything heavy.

Runs inside old environments: Python 3.6 syntax, standard library; scikit-learn where it is asked to import it.
"""

import contextlib
import importlib
import time
import warnings
from typing import Iterator

# When the process began, as nearly as a portable clock can say: until here the
# interpreter and pytest have kept one core busy.
_STARTED = time.perf_counter() - time.process_time()

_importing = [0.0]  # seconds of importing scikit-learn
_inside = [0.0]  # seconds inside the estimator under test


def import_scikit_learn() -> None:
    """Import what is under test, and keep how long that takes."""
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


def wall_seconds() -> float:
    """Seconds since this process began."""
    return time.perf_counter() - _STARTED


def summary(promised: float) -> str:
    """The line that compares a run's wall time with what it cannot do without.

    Parameters
    ----------
    promised : float
        What the ratio should be at most.
    """
    wall = wall_seconds()
    needed = _importing[0] + _inside[0]
    return (
        "{:.2f} s in all, of them {:.2f} s importing scikit-learn and {:.2f} s inside the estimator:"
        " overhead ratio {:.2f} (should be at most {})".format(wall, _importing[0], _inside[0], wall / needed, promised)
    )
