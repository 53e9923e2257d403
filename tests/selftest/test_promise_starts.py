"""What a fit starts from, and where it stops - a fake for each promise, and who notices it."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from tests.selftest.fakes import shaped_like
from tests.selftest.promise_fakes import ExactMixture, Fault, name_of, require
from tests.support.density import full_matrices
from tests.support.reference import Trajectory


class LowerTriangularFactors(ExactMixture):
    """The factors right after initialisation are of the other triangle, as in scikit-learn before 1.3.1 (#26415)."""

    def leave_start(self, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray) -> None:
        super().leave_start(weights, means, precisions)
        matrices = full_matrices(precisions, self.covariance_type, *means.shape)
        self.precisions_cholesky_ = shaped_like(self.covariance_type, np.linalg.cholesky(matrices))


class PrecisionsAsFactors(ExactMixture):
    """The factors right after initialisation are the precisions themselves."""

    def leave_start(self, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray) -> None:
        super().leave_start(weights, means, precisions)
        self.precisions_cholesky_ = np.triu(precisions)


class FactorIsMissing(ExactMixture):
    """One component has no factor before the first step is over."""

    def leave_start(self, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray) -> None:
        super().leave_start(weights, means, precisions)
        self.precisions_cholesky_ = self.precisions_cholesky_[1:]


class RefusesLists(ExactMixture):
    """Initial parameters must be arrays."""

    def begin(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if isinstance(self.means_init, list):
            raise TypeError("no lists")
        return super().begin(samples)


class RoundsLists(ExactMixture):
    """Numbers in lists are taken in float32."""

    def begin(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        weights, means, precisions = super().begin(samples)
        return weights, means, np.array(precisions, np.float32) if isinstance(precisions, list) else precisions


class AlwaysIterates(ExactMixture):
    """``max_iter=0`` is taken for 1."""

    def fit(self, samples: np.ndarray) -> ExactMixture:
        self.max_iter = max(1, self.max_iter)
        return super().fit(samples)


class RaisesWithoutIterations(ExactMixture):
    """``max_iter=0`` needs covariances, which nobody computes where the precisions are given."""

    def fit(self, samples: np.ndarray) -> ExactMixture:
        if self.max_iter == 0 and self.precisions_init is not None:
            raise AttributeError("no covariances_")
        return super().fit(samples)


class MovesMeansWithoutPrecisions(ExactMixture):
    """Where precisions come from the samples, so do the means."""

    def leave_start(self, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray) -> None:
        super().leave_start(weights, means, precisions)
        self.means_ = means + (self.precisions_init is None)


class StopsAtTol(ExactMixture):
    """A change of the lower bound by as much as ``tol`` is small enough."""

    def run(self, samples: np.ndarray, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray) -> Trajectory:
        given, self.tol = self.tol, float(np.nextafter(self.tol, np.inf))
        trajectory = super().run(samples, weights, means, precisions)
        self.tol = given
        return trajectory


class BeginsWithABoundOfZero(ExactMixture):
    """The lower bound before the first step is 0."""

    def run(self, samples: np.ndarray, weights: np.ndarray, means: np.ndarray, precisions: np.ndarray) -> Trajectory:
        trajectory = super().run(samples, weights, means, precisions)
        if abs(trajectory.lower_bounds[0]) >= self.tol:
            return trajectory
        return trajectory._replace(
            parameters=trajectory.parameters[:1], lower_bounds=trajectory.lower_bounds[:1], converged=True
        )


class KeepsTheLastStart(ExactMixture):
    """Of several starts the last one is kept."""

    def best(self, trajectories: list[Trajectory]) -> Trajectory:
        return trajectories[-1]


class CountsIterationsOfTheLastStart(ExactMixture):
    """Of several starts the best is kept, with the count and the end of another."""

    def warn(self) -> None:
        super().warn()
        if self.n_init > 1:
            self.n_iter_ += 1


class LabelsAStepBehind(ExactMixture):
    """The labels of ``fit_predict`` are those of the parameters before the last step."""

    def fit_predict(self, samples: np.ndarray) -> np.ndarray:
        if self.n_init > 1:
            return super().fit_predict(samples)
        self.leave_start(self.weights_init, self.means_init, self.precisions_init)
        labels = self.predict(samples)
        self.fit(samples)
        return labels


class LabelsOfTheLastStart(ExactMixture):
    """The labels of ``fit_predict`` are those of the last of several starts."""

    def fit_predict(self, samples: np.ndarray) -> np.ndarray:
        if self.n_init == 1:
            return super().fit_predict(samples)
        labels = KeepsTheLastStart(**vars(self)).fit(samples).predict(samples)
        self.fit(samples)
        return labels


class SingularIsNoNumber(ExactMixture):
    """A singular covariance is inverted to something that is no number."""

    def fit(self, samples: np.ndarray) -> ExactMixture:
        with contextlib.suppress(ValueError):
            return super().fit(samples)
        self.precisions_ = np.full_like(self.precisions_, np.nan)
        return self


class SingularIsArithmetic(ExactMixture):
    """A singular covariance raises another error than it should."""

    def fit(self, samples: np.ndarray) -> ExactMixture:
        try:
            return super().fit(samples)
        except ValueError as error:
            raise ZeroDivisionError(str(error)) from None


FAULTS = (
    Fault(LowerTriangularFactors, "factors", r"component 0 with \S+ below the diagonal; should be upper triangular"),
    Fault(PrecisionsAsFactors, "factors", r"component 0 whose square is off precisions_init by \S+; should be at most"),
    Fault(FactorIsMissing, "factors", r"seen precisions_cholesky_ of shape \(2, 2, 2\); should be \(3, 2, 2\)"),
    Fault(RefusesLists, "lists", r"seen other .* \(TypeError: no lists\) where the fit starts from lists; should be"),
    Fault(RoundsLists, "lists", r"seen other .* \(no error\) where the fit starts from lists; should be equal"),
    Fault(AlwaysIterates, "nothing, nothing but means", r"seen n_iter 1; should be 0\n(.*\n)*  seen means_ .*; should"),
    Fault(RaisesWithoutIterations, "nothing", r"seen error AttributeError: no covariances_; should be None"),
    Fault(MovesMeansWithoutPrecisions, "nothing but means", r"seen means_ \(\(25, 32\), .*; should be \(\(24, 31\), "),
    Fault(StopsAtTol, "tol", r"seen n_iter_ 3 with tol \S+, by which step 3 changes the lower bound; should be 4"),
    Fault(BeginsWithABoundOfZero, "zero", r"seen n_iter_ 1 in a unit in which the first lower bound is 0; should be"),
    Fault(KeepsTheLastStart, "starts", r"not the best of 5 starts\n(.*\n)*  seen lower_bound_ \S+; should be"),
    Fault(CountsIterationsOfTheLastStart, "starts", r"seen n_iter_ \d and converged_ \w+; should be \d and \w+"),
    Fault(LabelsAStepBehind, "labels", r"seen \d+ of 38 labels of fit_predict\(X\) that predict\(X\) does not give"),
    Fault(LabelsOfTheLastStart, "labels of starts", r"seen \d+ of 38 labels of fit_predict\(X\) that predict\(X\)"),
    Fault(SingularIsNoNumber, "singular", r"seen parameters that are no numbers where all samples are at 0\.0; sh"),
    Fault(SingularIsArithmetic, "singular", r"seen ZeroDivisionError: .* where .*; should be ValueError"),
)


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_fault_is_found_by_its_own_check(fault: Fault) -> None:
    require(fault)
