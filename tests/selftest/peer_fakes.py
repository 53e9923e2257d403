"""Peers that are exact EM, and peers that are wrong in one way each."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tests.workers.peers import exact_em
from tests.workers.peers.base import Can, Fit, Start


class Right(exact_em.Mixture):
    """Exact EM that adds no ``reg_covar``, and has one covariance type and float64 only."""

    can = Can(covariance_types=("full",), dtypes=("float64",), has_reg_covar=False)


class FullOnly(exact_em.Mixture):
    can = Can(covariance_types=("full",))


class Float32Only(exact_em.Mixture):
    can = Can(dtypes=("float32",))


class MeansOnly(exact_em.Mixture):
    can = Can(start="means")


class NoStep(exact_em.Mixture):
    can = Can(takes_one_step=False)


class Shifted(exact_em.Mixture):
    """The adapter passes another start on: every mean is off."""

    def em(self, samples: np.ndarray, start: Start, n_iter: int) -> Fit:
        left = super().em(samples, start, n_iter)
        return left._replace(means=left.means + 1.0)


class Raising(exact_em.Mixture):
    def em(self, samples: np.ndarray, start: Start, n_iter: int) -> Fit:  # noqa: ARG002
        raise ArithmeticError("singular")


class Losing(exact_em.Mixture):
    """The last component is put elsewhere by `put`; the others are where exact EM puts them."""

    put: ClassVar[float | None] = 0.0  # every coordinate, or where it started

    def em(self, samples: np.ndarray, start: Start, n_iter: int) -> Fit:
        left = super().em(samples, start, n_iter)
        left.means[-1] = start.means[-1] if self.put is None else self.put
        return left


class ToOrigin(Losing):
    pass


class ToNan(Losing):
    put = np.nan


class Staying(Losing):
    put = None


class Dragging(Losing):
    put = 1e6


class Elsewhere(Losing):
    """Into the data of `object-leaves-frame`, far from where EM puts it."""

    put = 60.0
