"""GaussianMixture with a relative error of known size in one quantity, to find out which error the checks notice.

What is spoiled is what a fit computes on its way (``_estimate_log_prob``,
``_e_step``, ``_m_step``: scikit-learn calls them at the same points on every
release) or what it leaves or predicts (public methods). Neighbouring elements
are spoiled with opposite signs: what divides by a sum would undo the same error
of all.

Runs inside old environments: Python 3.6 syntax.
"""

from typing import Any, Callable, Dict

import numpy as np
from sklearn.mixture import GaussianMixture


def alternately_off(values: Any, size: float) -> Any:
    """Values times ``1 + size`` and ``1 - size`` in turn, along every axis; what is symmetric stays so."""
    array = np.asarray(values)
    return (array * (1 + size * _signs(array))).astype(array.dtype)


def _signs(array: np.ndarray) -> np.ndarray:
    """1 and -1 in turn, along every axis."""
    return 1 - 2 * (np.indices(array.shape).sum(axis=0) % 2)


def _after_m_step(attribute: str) -> Callable[[float], Any]:
    def make(size: float) -> Any:
        class Spoiled(GaussianMixture):  # type: ignore[misc]  # scikit-learn has no types
            def _m_step(self, *arguments: Any, **named: Any) -> None:
                super()._m_step(*arguments, **named)
                setattr(self, attribute, alternately_off(getattr(self, attribute), size))

        return Spoiled

    return make


def _returned(method: str) -> Callable[[float], Any]:
    def make(size: float) -> Any:
        def spoiled(self: Any, *arguments: Any, **named: Any) -> Any:
            return alternately_off(getattr(GaussianMixture, method)(self, *arguments, **named), size)

        return type("Spoiled", (GaussianMixture,), {method: spoiled})

    return make


def _responsibilities(size: float) -> Any:
    class Spoiled(GaussianMixture):  # type: ignore[misc]
        def _e_step(self, *arguments: Any, **named: Any) -> Any:
            bound, log_resp = super()._e_step(*arguments, **named)
            # Of the responsibilities; of their logarithms it would vanish where one is near 1.
            return bound, (log_resp + np.log1p(size * _signs(log_resp))).astype(log_resp.dtype)

    return Spoiled


def _lower_bound(size: float) -> Any:
    class Spoiled(GaussianMixture):  # type: ignore[misc]
        def fit(self, X: Any, y: Any = None) -> Any:  # noqa: N803
            super().fit(X, y)
            self.lower_bound_ *= 1 + size
            return self

    return Spoiled


# By what is spoiled; each makes a class of the size of the error.
SPOILED: Dict[str, Callable[[float], Any]] = {
    "log densities": _returned("_estimate_log_prob"),
    "responsibilities": _responsibilities,
    "weights_": _after_m_step("weights_"),
    "means_": _after_m_step("means_"),
    "covariances_": _after_m_step("covariances_"),
    "precisions_cholesky_": _after_m_step("precisions_cholesky_"),
    "lower_bound_": _lower_bound,
    "score_samples": _returned("score_samples"),
    "predict_proba": _returned("predict_proba"),
}
