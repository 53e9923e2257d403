"""Fake estimators, each right, wrong, or wrong in one way.

They take GaussianMixture's parameters and leave its fitted attributes, with
numpy alone: what the suite says of them cannot depend on a release of
scikit-learn. Named on the command line: ``--estimator tests.selftest.fakes:NAME``.
"""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np

ERROR = "the fake estimator raises, as it says"
WARNING = "the fake estimator warns, as it says"


def shaped_like(covariance_type: str, matrices: np.ndarray) -> np.ndarray:
    """One covariance matrix for each component, in the shape that the covariance type has.

    Parameters
    ----------
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
    matrices : ndarray of shape (n_components, n_features, n_features)
    """
    diagonals = np.einsum("kii->ki", matrices)
    return {
        "full": matrices,
        "tied": matrices.mean(axis=0),
        "diag": diagonals.copy(),
        "spherical": diagonals.mean(axis=1),
    }[covariance_type]


class Parameters:
    """The constructor of ``GaussianMixture``, as far as a replay uses it."""

    def __init__(
        self,
        *,
        n_components: int,
        covariance_type: str,
        reg_covar: float,
        tol: float,
        max_iter: int,
        weights_init: Any = None,
        means_init: Any = None,
        precisions_init: Any = None,
        random_state: Any,
        warm_start: bool = False,
        n_init: int = 1,
        init_params: str = "kmeans",
        verbose: int = 0,
        verbose_interval: int = 10,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.reg_covar = reg_covar
        self.tol = tol
        self.max_iter = max_iter
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.n_init = n_init
        self.init_params = init_params
        self.verbose = verbose
        self.verbose_interval = verbose_interval


class NeverCollapses(Parameters):
    """Keeps every promise: each component has mass, and its mean lies inside the data."""

    def fit(self, samples: np.ndarray) -> NeverCollapses:
        """Leave components of equal mass where they started, moved into the data."""
        n_features = samples.shape[1]
        start = self.means_ if self.warm_start and hasattr(self, "means_") else self.means_init
        self._leave(
            weights=np.full(self.n_components, 1 / self.n_components),
            means=np.clip(start, samples.min(axis=0), samples.max(axis=0)),
            covariance=np.cov(samples.T).reshape(n_features, n_features) + self.reg_covar * np.eye(n_features),
        )
        return self

    def _leave(self, *, weights: np.ndarray, means: np.ndarray, covariance: np.ndarray) -> None:
        self.weights_ = weights
        self.means_ = means
        self.covariances_ = shaped_like(self.covariance_type, np.stack([covariance] * self.n_components))
        precision = np.linalg.inv(covariance)
        self.precisions_ = shaped_like(self.covariance_type, np.stack([precision] * self.n_components))
        self.n_iter_ = 2
        self.converged_ = True
        self.lower_bound_ = -7.25


class AlwaysCollapses(NeverCollapses):
    """Every component loses its mass, as the M-step of scikit-learn leaves it."""

    def fit(self, samples: np.ndarray) -> AlwaysCollapses:
        """Leave every component at the origin."""
        n_features = samples.shape[1]
        self._leave(
            weights=np.full(self.n_components, 10 * np.finfo(np.float64).eps / len(samples)),
            means=np.zeros((self.n_components, n_features)),
            covariance=self.reg_covar * np.eye(n_features),
        )
        return self


class Drags(NeverCollapses):
    """The last component keeps some mass, and its mean is where no weighted mean can be."""

    def fit(self, samples: np.ndarray) -> Drags:
        """Leave the last mean below the smallest coordinates."""
        super().fit(samples)
        self.means_[-1] = samples.min(axis=0) - 3.5
        self.weights_[-1] = 30 * np.finfo(np.float64).eps / len(samples)
        return self


class Pins(NeverCollapses):
    """Every component is alive, with its covariance at the floor: that is no collapse."""

    def fit(self, samples: np.ndarray) -> Pins:
        """Leave covariances of ``reg_covar``."""
        super().fit(samples)
        self._leave(weights=self.weights_, means=self.means_, covariance=self.reg_covar * np.eye(samples.shape[1]))
        return self


class Raises(NeverCollapses):
    """The fit raises when half of its attributes are set."""

    def fit(self, samples: np.ndarray) -> Raises:
        """Raise."""
        self.weights_ = np.full(self.n_components, 1 / len(samples))
        raise RuntimeError(ERROR)


class ReturnsNan(NeverCollapses):
    """One coordinate of the last mean is not a number."""

    def fit(self, samples: np.ndarray) -> ReturnsNan:
        """Leave a nan."""
        super().fit(samples)
        self.means_[-1, 0] = np.nan
        return self


class ReturnsWrongShape(NeverCollapses):
    """One component has been forgotten in the weights."""

    def fit(self, samples: np.ndarray) -> ReturnsWrongShape:
        """Leave too few weights."""
        super().fit(samples)
        self.weights_ = self.weights_[1:]
        return self


class LeavesNothing(NeverCollapses):
    """The fit returns, and sets no attribute."""

    def fit(self, samples: np.ndarray) -> LeavesNothing:  # noqa: ARG002  (the signature is scikit-learn's)
        """Do nothing."""
        return self


class Warns(NeverCollapses):
    """The fit is right, and warns."""

    def fit(self, samples: np.ndarray) -> Warns:
        """Warn, then fit."""
        warnings.warn(WARNING, UserWarning, stacklevel=2)
        super().fit(samples)
        return self


class WritesIntoItsArguments(NeverCollapses):
    """The fit is right, and spoils every array that it was given."""

    def fit(self, samples: np.ndarray) -> WritesIntoItsArguments:
        """Fit, then overwrite the samples and the initial parameters."""
        super().fit(samples)
        samples[...] = 0
        for array in (self.weights_init, self.means_init, self.precisions_init):
            array[...] = np.nan
        return self


class CountsItsFits(NeverCollapses):
    """The fit is right; the class knows how many there have been in this process."""

    fits: ClassVar[int] = 0

    def fit(self, samples: np.ndarray) -> CountsItsFits:
        """Fit, and count it."""
        CountsItsFits.fits += 1
        super().fit(samples)
        return self


class TakesNoParameters:
    """The constructor is Python's own: nothing can be passed to it."""

    def fit(self, samples: np.ndarray) -> TakesNoParameters:  # noqa: ARG002
        """Do nothing."""
        return self
