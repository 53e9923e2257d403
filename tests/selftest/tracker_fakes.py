"""Estimators that follow a video as scikit-learn's does, but for one thing."""

from __future__ import annotations

import numpy as np
from sklearn.mixture import GaussianMixture

ERROR = "the fake raises, as it says"


class RaisesWhenWarm(GaussianMixture):  # type: ignore[misc]  # scikit-learn has no types
    """Only the first frame can be fitted."""

    def fit(self, samples: np.ndarray) -> RaisesWhenWarm:
        """Fit once, then raise."""
        if hasattr(self, "means_"):
            raise RuntimeError(ERROR)
        return super().fit(samples)


class RaisesAtOnce(GaussianMixture):  # type: ignore[misc]
    """Not even the first frame can be fitted."""

    def fit(self, samples: np.ndarray) -> RaisesAtOnce:  # noqa: ARG002  (the signature is scikit-learn's)
        """Raise, on two lines."""
        raise RuntimeError("first line\nsecond line")


class BreaksOnlyWhenWarm(GaussianMixture):  # type: ignore[misc]
    """Throws a component out of the data, unless it is given its initial parameters explicitly."""

    def fit(self, samples: np.ndarray) -> BreaksOnlyWhenWarm:
        """Fit, and from the second time on move the last mean."""
        warm = hasattr(self, "means_")
        super().fit(samples)
        if warm:
            self.means_[-1] = samples.min(axis=0) - 50.0
        return self
