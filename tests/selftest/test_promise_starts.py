"""What a fit starts from, and where it stops - a fake for each promise, and who notices it."""

from __future__ import annotations

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
        self.max_iter = self.max_iter or 1
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
        try:
            return super().fit(samples)
        except ValueError as error:
            if "of exact EM" not in str(error):
                raise
        self.precisions_ = np.full_like(self.precisions_, np.nan)
        return self


class SingularIsArithmetic(ExactMixture):
    """A singular covariance raises another error than it should."""

    def fit(self, samples: np.ndarray) -> ExactMixture:
        try:
            return super().fit(samples)
        except ValueError as error:
            raise (ZeroDivisionError if "of exact EM" in str(error) else ValueError)(str(error)) from None


FAULTS = (
    Fault(
        LowerTriangularFactors,
        "test_factors_are_those_of_the_precisions_given",
        what="precisions_cholesky_",
        should_be=0.0,
        aspect="largest element below the diagonal",
        component=0,
    ),
    Fault(
        PrecisionsAsFactors,
        "test_factors_are_those_of_the_precisions_given",
        what="precisions_cholesky_",
        should_be=0.0,
        aspect="difference of its square from precisions_init",
        component=0,
    ),
    Fault(
        FactorIsMissing,
        "test_factors_are_those_of_the_precisions_given",
        what="precisions_cholesky_",
        seen="(2, 2, 2)",
        should_be="(3, 2, 2)",
        aspect="shape",
    ),
    Fault(
        RefusesLists,
        "test_lists_are_as_good_as_arrays",
        what="fit",
        seen="TypeError: no lists",
        should_be="the fit that arrays start",
        aspect="TypeError",
    ),
    Fault(
        RoundsLists,
        "test_lists_are_as_good_as_arrays",
        what="weights_",
        seen="other numbers",
        should_be="those of the fit that arrays start",
    ),
    Fault(
        AlwaysIterates,
        "test_no_iterations_leave_what_was_given",
        "test_a_start_at_samples_has_weights_that_sum_to_one",
        "test_a_warm_fit_of_no_iterations_leaves_the_lower_bound",
        "test_a_warm_fit_of_no_iterations_leaves_the_parameters",
        "test_no_iterations_leave_the_start",
        "test_no_iterations_leave_the_means_given",
        what="n_iter_",
        seen=1,
        should_be=0,
    ),
    Fault(
        RaisesWithoutIterations,
        "test_no_iterations_leave_what_was_given",
        "test_a_warm_fit_of_no_iterations_leaves_the_lower_bound",
        "test_a_warm_fit_of_no_iterations_leaves_the_parameters",
        what="fit",
        seen="AttributeError: no covariances_",
        should_be="a fit of no iterations",
        aspect="AttributeError",
    ),
    Fault(
        MovesMeansWithoutPrecisions,
        "test_no_iterations_leave_the_means_given",
        "test_no_iterations_leave_the_start",
        what="means_",
        seen=25.0,
        should_be=24.0,
        component=0,
        feature=0,
    ),
    Fault(StopsAtTol, "test_a_change_of_tol_does_not_stop", what="n_iter_", seen=3, should_be=4),
    Fault(
        BeginsWithABoundOfZero,
        "test_a_first_lower_bound_of_zero_does_not_stop",
        what="n_iter_",
        seen=1,
        should_be=11,
        aspect="in a unit in which the first lower bound is 0",
    ),
    Fault(KeepsTheLastStart, "test_the_best_of_several_starts_is_kept", what="weights_", component=2),
    Fault(
        CountsIterationsOfTheLastStart,
        "test_the_best_of_several_starts_is_kept",
        "test_a_warm_fit_has_one_start",
        what="n_iter_",
        seen=9,
        should_be=8,
    ),
    Fault(
        LabelsAStepBehind,
        "test_fit_predict_labels_like_predict",
        what="fit_predict",
        seen="1 of 38 labels differ from predict",
        should_be="no difference",
        aspect="labels",
    ),
    Fault(
        LabelsOfTheLastStart,
        "test_fit_predict_labels_like_the_best_start",
        what="fit_predict",
        seen="38 of 38 labels differ from predict",
        should_be="no difference",
        aspect="labels",
    ),
    Fault(
        SingularIsNoNumber,
        "test_a_singular_covariance_is_refused",
        what="precisions_",
        seen="not finite",
        should_be="ValueError where all samples are at 0.0",
        aspect="value",
    ),
    Fault(
        SingularIsArithmetic,
        "test_a_singular_covariance_is_refused",
        what="fit",
        seen="ZeroDivisionError: a covariance of exact EM is not positive definite; increase reg_covar",
        should_be="ValueError where all samples are at 0.0",
        aspect="ZeroDivisionError",
    ),
)


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_fault_is_found_by_its_own_check(fault: Fault) -> None:
    require(fault)
