"""Where the seconds of a run go. conftest.py imports this before anything heavy.

Runs inside old environments: Python 3.6 syntax, standard library and scikit-learn.
"""

import contextlib
import time
import warnings
from typing import Iterator

# When the process began, as nearly as a portable clock can say: until here the
# interpreter and pytest have kept one core busy.
_STARTED = time.perf_counter() - time.process_time()

_BEFORE_IMPORT = time.perf_counter()
with warnings.catch_warnings():
    # Old releases warn of themselves when imported; that is not what is tested.
    warnings.simplefilter("ignore")
    import sklearn.mixture  # noqa: F401  (its import is what is being timed)
IMPORT_SECONDS = time.perf_counter() - _BEFORE_IMPORT


_inside = [0.0]  # seconds inside the estimator under test


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
    needed = IMPORT_SECONDS + _inside[0]
    return (
        "{:.2f} s in all, of them {:.2f} s importing scikit-learn and {:.2f} s inside the estimator:"
        " overhead ratio {:.2f} (should be at most {})".format(
            wall, IMPORT_SECONDS, _inside[0], wall / needed, promised
        )
    )
