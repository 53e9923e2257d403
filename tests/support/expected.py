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
from tests.support.density import full_matrices
from tests.support.diagnosis import at_floor
from tests.support.reference import DegenerateCovariance, exact_replay
from tests.support.states import HEALTHY, PINNED

DIGITS = 9
MAX_BYTES = 1 << 20


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
        if "degenerate" not in expected and not {"states", "means", "log_masses", "frames"} <= set(expected):
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
        ``states`` and ``means`` of each component after the last frame,
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
        "means": _rounded(final.means),
        "log_masses": _rounded(trajectories[-1].log_masses[-1]),
        "frames": [
            {"n_iter": trajectory.n_iter, "lower_bound": _rounded(np.array(trajectory.lower_bounds[-1]))}
            for trajectory in trajectories
        ],
    }


def _rounded(array: np.ndarray) -> Any:
    """Nested lists of floats with so many digits that every platform gives the same."""
    if array.ndim:
        return [_rounded(row) for row in array]
    return float("{:.{}g}".format(float(array), DIGITS))
