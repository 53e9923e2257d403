"""Where the seconds of a run go. conftest.py imports this before anything heavy.

Runs inside old environments: Python 3.6 syntax, standard library and scikit-learn.
"""

import time
import warnings

# When the process began, as nearly as a portable clock can say: until here the
# interpreter and pytest have kept one core busy.
_STARTED = time.perf_counter() - time.process_time()

_BEFORE_IMPORT = time.perf_counter()
with warnings.catch_warnings():
    # Old releases warn of themselves when imported; that is not what is tested.
    warnings.simplefilter("ignore")
    import sklearn.mixture  # noqa: F401  (its import is what is being timed)
IMPORT_SECONDS = time.perf_counter() - _BEFORE_IMPORT


def wall_seconds() -> float:
    """Seconds since this process began."""
    return time.perf_counter() - _STARTED


def summary(fit_seconds: float, promised: float) -> str:
    """The line that compares a run's wall time with what it cannot do without.

    Parameters
    ----------
    fit_seconds : float
        Seconds spent inside ``fit``.
    promised : float
        What the ratio should be at most.
    """
    wall = wall_seconds()
    needed = IMPORT_SECONDS + fit_seconds
    return (
        "{:.2f} s in all, of them {:.2f} s importing scikit-learn and {:.2f} s inside fit:"
        " overhead ratio {:.2f} (should be at most {})".format(
            wall, IMPORT_SECONDS, fit_seconds, wall / needed, promised
        )
    )
