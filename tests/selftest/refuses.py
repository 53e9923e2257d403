"""The part of the estimator that keeps every promise which refuses what it cannot fit or predict."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError

from fixtures.validation import precisions_shape
from tests.selftest.fakes import Parameters
from tests.support.density import full_matrices

LEAST = {
    "n_components": 1, "tol": 0, "reg_covar": 0, "max_iter": 0, "n_init": 1, "verbose": 0, "verbose_interval": 1,
}  # fmt: skip
WORDS = {
    "covariance_type": ("full", "tied", "diag", "spherical"),
    "init_params": ("kmeans", "random", "k-means++", "random_from_data"),
}


class Refuses(Parameters):
    """Settings by name, and a ValueError for each that is invalid."""

    means_: np.ndarray

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002  (the signature is scikit-learn's)
        return {name: getattr(self, name) for name in inspect.signature(Parameters).parameters}

    def set_params(self, **settings: Any) -> Refuses:
        vars(self).update(settings)
        return self

    def require_settings(self) -> None:
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}")
        for name, words in WORDS.items():
            if getattr(self, name) not in words:
                raise ValueError(f"{name} is {getattr(self, name)!r}")
        if not isinstance(self.random_state, int | np.random.RandomState | None):
            raise ValueError(f"random_state is {self.random_state!r}")
        if self.warm_start not in (False, True):
            raise ValueError(f"warm_start is {self.warm_start!r}")

    def require_samples(self, samples: np.ndarray) -> None:
        require_numbers("samples", samples)
        if samples.ndim != 2 or samples.shape[1] == 0:
            raise ValueError("the samples are not of two dimensions")
        if len(samples) < max(2, self.n_components):
            raise ValueError(f"there are fewer samples (n_samples = {len(samples)}) than components")

    def require_parameters(self, n_features: int) -> None:
        n_components, kind = self.n_components, self.covariance_type
        shapes = {
            "weights": (n_components,),
            "means": (n_components, n_features),
            "precisions": precisions_shape(kind, n_components, n_features),
        }
        for name, shape in shapes.items():
            given = getattr(self, name + "_init")
            if given is not None:
                self.require_parameter(name, self.as_numbers(name, given), shape)

    def as_numbers(self, name: str, given: Any) -> np.ndarray:
        try:
            return np.array(given, np.float64)
        except ValueError as error:
            raise ValueError(f"{name}_init: {error}") from None

    def require_parameter(self, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
        require_numbers(name, array)
        if array.shape != shape:
            raise ValueError(f"{name}_init is of shape {array.shape}")
        rounding = 1e-6 if getattr(self.weights_init, "dtype", None) == np.float32 else 1e-8
        if name == "weights" and (array.min() < 0 or abs(array.sum() - 1) > rounding):
            raise ValueError(f"{name}_init is {array}: {self.range_of(array)}")
        if name == "precisions":
            full = full_matrices(array, self.covariance_type, *self.require_shape(array))
            symmetric = np.allclose(full, np.transpose(full, (0, 2, 1)))
            if not symmetric or np.linalg.eigvalsh(full).min() <= 0:
                raise ValueError(f"{name}_init is not positive definite")

    def range_of(self, weights: np.ndarray) -> str:
        """The part of a message that tells the largest and the smallest weight."""
        return f"max value {weights.max():.5f}, min value {weights.min():.5f}"

    def require_shape(self, precisions: np.ndarray) -> tuple[int, int]:
        return self.n_components, 1 if self.covariance_type == "spherical" else precisions.shape[-1]

    def require_fitted(self, samples: np.ndarray) -> None:
        if not hasattr(self, "means_"):
            raise NotFittedError("there was no fit")
        require_numbers("samples", samples)
        if samples.shape[1:] != self.means_.shape[1:]:
            raise ValueError(f"the samples have not {self.means_.shape[1]} features")


def require_numbers(name: str, array: np.ndarray) -> None:
    if not np.isfinite(array).all():
        raise ValueError(f"{name} contain nan or infinity")
