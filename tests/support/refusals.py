"""Refusals: what an estimator raises where it should, and what it may not have done before.

Runs inside old environments: Python 3.6 syntax, numpy only.
"""

from typing import Any, Dict

import numpy as np

# ValueError and what scikit-learn derives from it; others, like LinAlgError, are no refusal of an argument.
TYPES = ("ValueError", "InvalidParameterError", "NotFittedError")
FITTED = (
    "weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_",
    "lower_bound_", "lower_bounds_", "n_iter_", "converged_",
)  # fmt: skip


def is_refusal(error: Any) -> bool:
    """Whether what a call raised is a ValueError.

    Parameters
    ----------
    error : Raised or None
    """
    return error is not None and error.type in TYPES


def fitted(model: Any) -> Dict[str, Any]:
    """What a fit has left in an estimator, by the names of attributes."""
    return {name: copied(getattr(model, name)) for name in FITTED if getattr(model, name, None) is not None}


def copied(value: Any) -> Any:
    """An array that a fit cannot write into, or what is no array."""
    return value.copy() if isinstance(value, np.ndarray) else value
