"""Expected outcome of each case: what exact EM makes of it.

``expected.json`` beside a case says which diagnosis is right for each component
and where it should be. It does not depend on any release of scikit-learn.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

import functools
from pathlib import Path
from typing import Any, Dict

import numpy as np

from fixtures import corpus, npy, strict_json
from fixtures.validation import BrokenCase
from tests.support import comparison, rounding
from tests.support.density import full_matrices
from tests.support.diagnosis import at_floor
from tests.support.reference import DegenerateCovariance, exact_replay
from tests.support.states import HEALTHY, PINNED

MAX_BYTES = 1 << 20
WHOLE = {"states", "means", "covariances", "log_masses", "frames", "rounding", "rounding_moved"}


def path_of(case: str, root: Path = corpus.CASES) -> Path:
    """Where the expected outcome of a case is."""
    return root / case / "expected.json"


@functools.lru_cache(maxsize=None)
def read(case: str, root: Path = corpus.CASES) -> Dict[str, Any]:
    """Read the expected outcome of a case.

    Raises
    ------
    BrokenCase
        It is missing or is not what ``nox -s record-baseline`` writes.
    """
    path = path_of(case, root)
    content = npy.read_bytes(path, MAX_BYTES)
    try:
        expected = strict_json.parse(content.decode("utf-8"))
        if "degenerate" not in expected and not set(expected) >= WHOLE:
            raise ValueError("an entry is missing")
    except (ValueError, TypeError) as error:
        written = "what `nox -s record-baseline` writes"
        raise BrokenCase(path, "cannot be read ({})".format(error), written) from None
    return expected


def of(case: corpus.Case) -> Dict[str, Any]:
    """The expected outcome of a case: read where the corpus has it, else computed.

    Raises
    ------
    BrokenCase
        The corpus has the case, and its expected outcome is missing or broken.
    """
    return read(case.name) if (corpus.CASES / case.name).is_dir() else expectation(case)


def expectation(case: corpus.Case) -> Dict[str, Any]:
    """What exact EM makes of a case.

    Returns
    -------
    dict
        ``states``, ``means`` and ``covariances`` after the last frame,
        ``log_masses`` at the E-step before (0 is one sample), and for each
        frame ``n_iter`` and ``lower_bound``; or ``degenerate``: why there is
        no such outcome.
    """
    try:
        trajectories = exact_replay(case)
    except DegenerateCovariance as error:
        return {"degenerate": str(error)}
    final = trajectories[-1].final
    covariances = full_matrices(final.covariances, case.settings.covariance_type, *final.means.shape)
    eps = float(np.finfo(np.float64).eps)
    return {
        "states": [PINNED if at_floor(matrix, case.settings.reg_covar, eps) else HEALTHY for matrix in covariances],
        "means": final.means.tolist(),
        "covariances": final.covariances.tolist(),
        "log_masses": trajectories[-1].log_masses[-1].tolist(),
        "frames": [
            {"n_iter": trajectory.n_iter, "lower_bound": trajectory.lower_bounds[-1]} for trajectory in trajectories
        ],
    }


def of_rounding(case: corpus.Case, *, is_moved: bool = False) -> Dict[str, Any]:
    """How far rounding may take the fit of a case from exact EM: read where the corpus has it, else computed.

    Parameters
    ----------
    case : Case
    is_moved : bool
        Whether the samples are moved by `rounding.SHIFT`.

    Returns
    -------
    dict
        See `rounding.of_fit`; infinite where rounding alone may end the fit.
    """
    if (corpus.CASES / case.name).is_dir():
        stored = read(case.name)["rounding_moved" if is_moved else "rounding"]
        return {name: np.array(values, dtype=float) for name, values in stored.items()}
    moved = rounding.moved(case) if is_moved else case
    return rounding.of_fit(moved, comparison.dtype_of(case), exact_replay(moved))


def with_rounding(case: corpus.Case) -> Dict[str, Any]:
    """`expectation`, and beside it what it takes long to compute: `of_rounding`."""
    expected = expectation(case)
    if "degenerate" not in expected:
        for name, form in (("rounding", case), ("rounding_moved", rounding.moved(case))):
            found = rounding.of_fit(form, comparison.dtype_of(case), exact_replay(form))
            expected[name] = {part: [_short(value) for value in values] for part, values in found.items()}
    return expected


def _short(value: float) -> Any:
    """A tolerance in two digits, not below what it was, as JSON can say it."""
    return float("{:.1e}".format(1.06 * value)) if np.isfinite(value) else "inf"
