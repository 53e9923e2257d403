"""What a fit leaves - parameters and predictions: a fake for each promise, and who notices it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.selftest.promise_fakes import (
    CONVERGES,
    CRITERIA,
    PROMISES,
    STARTS,
    ExactMixture,
    Fault,
    name_of,
    require,
    subject_of,
)
from tests.support.judgement import KEPT
from tests.support.reference import Trajectory
from tests.support.states import EMPTY
from tests.support.subject import Subject

EPS = float(np.finfo(np.float64).eps)


class LosesTheLastComponent(ExactMixture):
    """The last component is left as the M-step of scikit-learn leaves one without responsibilities."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        others = self.weights_[:-1].sum()
        self.weights_[:-1] /= others
        self.weights_[-1] = 10 * EPS / len(samples)
        self.means_[-1] = 0


class WeightsDoNotSumToOne(ExactMixture):
    """All weights are a billionth too large."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.weights_ *= 1 + 1e-9


class LeavesWeightsInFloat32(ExactMixture):
    """Rounds the weights to float32."""

    def fit(self, samples: np.ndarray) -> ExactMixture:
        super().fit(samples)
        self.weights_ = self.weights_.astype(np.float32)
        return self


class AsymmetricCovariance(ExactMixture):
    """One of two covariances that should be equal is off."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        wide = int(samples.var(axis=0).argmax())
        if self.covariance_type == "full":
            self.covariances_[:, wide, 1 - wide] *= 1.01


class ForgetsTheFloor(ExactMixture):
    """Half of ``reg_covar`` is added to the covariances."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        if self.covariance_type == "full":
            self.set_covariances(self.covariances_ - 0.5 * self.reg_covar * np.eye(2))


class PrecisionsAreNotTheInverse(ExactMixture):
    """Precisions and their factors belong together, and not to the covariances."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.precisions_ *= 1 + 1e-6
        self.precisions_cholesky_ *= np.sqrt(1 + 1e-6)


class CholeskyOff(ExactMixture):
    """The factors are not those of the precisions."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.precisions_cholesky_ *= 1 + 1e-6


class CholeskyOfWrongShape(ExactMixture):
    """The factor of one component is missing."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.precisions_cholesky_ = self.precisions_cholesky_[1:]


class ForgetsTheNumberOfFeatures(ExactMixture):
    """``n_features_in_`` is not left."""

    def fit(self, samples: np.ndarray) -> ExactMixture:
        super().fit(samples)
        del self.n_features_in_
        return self


class RowsDoNotSumToOne(ExactMixture):
    """Probabilities sum to a little more than one."""

    def predict_proba(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return 1.001 * super().predict_proba(X)


class ProbabilitiesExchanged(ExactMixture):
    """Rows of probabilities sum to one, and are those of other components; labels go with them."""

    def predict_proba(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return super().predict_proba(X)[:, ::-1]


class LabelsAreNotTheLikeliest(ExactMixture):
    """The label is the next component."""

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return (super().predict(X) + 1) % self.n_components


class SamplesScoredWrong(ExactMixture):
    """Densities are without the weights."""

    def score_samples(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return (super().log_joint(X) - np.log(self.weights_)).max(axis=1)


class ScoreIsTheSum(ExactMixture):
    """``score`` is not the mean."""

    def score(self, X: np.ndarray) -> float:  # noqa: N803
        return super().score(X) * len(X)


class ScoreIsNotANumber(ExactMixture):
    """``score`` is nan."""

    def score(self, X: np.ndarray) -> float:  # noqa: N803, ARG002
        return float("nan")


class BicCountsAParameterTooMany(ExactMixture):
    """All weights count as free."""

    def bic(self, X: np.ndarray) -> float:  # noqa: N803
        return super().bic(X) + float(np.log(len(X)))


class AicCountsAParameterTooMany(ExactMixture):
    """All weights count as free."""

    def aic(self, X: np.ndarray) -> float:  # noqa: N803
        return super().aic(X) + 2


class TruncatesMeansForIntegers(ExactMixture):
    """Integer samples are compared with the means in their own type."""

    def log_joint(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        if X.dtype.kind not in "iu":
            return super().log_joint(X)
        self.means_, means = self.means_.astype(X.dtype), self.means_
        joint = super().log_joint(X)
        self.means_ = means
        return joint


class RefusesIntegers(ExactMixture):
    """Integer samples are not predicted."""

    def log_joint(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        if X.dtype.kind in "iu":
            raise TypeError("no integers")
        return super().log_joint(X)


class LabelsIntegersWrong(ExactMixture):
    """Integer samples get other labels than the same numbers as floats."""

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return super().predict(X) if X.dtype.kind not in "iu" else (super().predict(X) + 1) % self.n_components


class StartsMoreOften(ExactMixture):
    """A fit has two starts unless another number is asked for."""

    def __init__(self, *, n_init: int = 2, **settings: Any) -> None:
        super().__init__(n_init=n_init, **settings)


FAULTS = (
    # The better of two starts is another one than the only start.
    Fault(
        StartsMoreOften,
        "test_defaults_are_those_documented",
        *STARTS,
        what="n_init",
        seen="2",
        should_be="1",
    ),
    Fault(
        ForgetsTheNumberOfFeatures,
        "test_nothing_of_scikit_learns_class_is_missing",
        what="n_features_in_",
        seen="nothing",
    ),
    # It is not where EM ends, is the last one in any order, and the origin does not move with the data.
    Fault(
        LosesTheLastComponent,
        "test_no_component_collapses",
        "test_components_end_where_exact_em_puts_them",
        "test_order_of_components_does_not_matter",
        "test_fit_moves_with_a_translation",
        what="means_",
        seen=[0.0, 0.0],
        should_be="a mean inside the data, 14..58 x 28..39",
        component=2,
        state=EMPTY,
    ),
    Fault(
        WeightsDoNotSumToOne,
        "test_parameters_are_a_mixture",
        "test_components_end_where_exact_em_puts_them",
        what="weights_",
        should_be=1.0,
        aspect="sum",
    ),
    # What was rounded is not as exact as float64 is, and the next step starts from it.
    Fault(
        LeavesWeightsInFloat32,
        "test_dtype_is_kept",
        "test_parameters_are_a_mixture",
        "test_components_end_where_exact_em_puts_them",
        "test_first_step_uses_the_parameters_given",
        "test_lower_bound_is_what_the_parameters_give",
        "test_lower_bounds_are_those_of_the_iterations",
        "test_predictions_follow_from_the_parameters",
        "test_a_frame_of_another_kind_is_fitted_like_any",
        "test_no_iterations_leave_the_start",
        "test_a_start_has_the_dtype_of_the_samples",
        *STARTS,
        what="weights_",
        seen="float32",
        should_be="float64",
        aspect="dtype",
    ),
    Fault(
        AsymmetricCovariance,
        "test_parameters_are_a_mixture",
        "test_components_end_where_exact_em_puts_them",
        what="covariances_",
        should_be=0.0,
        aspect="difference from the transpose",
    ),
    Fault(
        ForgetsTheFloor,
        "test_parameters_are_a_mixture",
        "test_components_end_where_exact_em_puts_them",
        what="covariances_",
        should_be="at least reg_covar, 1e-06",
        aspect="smallest eigenvalue",
        component=2,
    ),
    # The next frame starts from them.
    Fault(
        PrecisionsAreNotTheInverse,
        "test_parameters_are_a_mixture",
        "test_components_end_where_exact_em_puts_them",
        what="precisions_",
        should_be=0.0,
        aspect="difference of its product with covariances_ from the identity",
        component=0,
    ),
    Fault(
        CholeskyOff,
        "test_parameters_are_a_mixture",
        what="precisions_cholesky_",
        should_be=0.0,
        aspect="difference of its square from precisions_",
        component=0,
    ),
    Fault(
        CholeskyOfWrongShape,
        "test_parameters_are_a_mixture",
        what="precisions_cholesky_",
        seen="(2, 2, 2)",
        should_be="(3, 2, 2)",
        aspect="shape",
    ),
    Fault(
        RowsDoNotSumToOne,
        "test_predictions_follow_from_the_parameters",
        what="predict_proba",
        should_be=0.0,
        aspect="largest error",
    ),
    Fault(
        ProbabilitiesExchanged,
        "test_predictions_follow_from_the_parameters",
        what="predict_proba",
        seen=1.0,
        should_be=0.0,
        aspect="largest error",
    ),
    Fault(
        LabelsAreNotTheLikeliest,
        "test_predictions_follow_from_the_parameters",
        what="predict",
        seen="38 of 38 labels differ from the likeliest component of predict_proba",
        should_be="no difference",
        aspect="labels",
    ),
    Fault(
        SamplesScoredWrong,
        "test_predictions_follow_from_the_parameters",
        *CRITERIA,
        what="score_samples",
        should_be=0.0,
        aspect="largest error",
    ),
    Fault(
        ScoreIsTheSum,
        "test_predictions_follow_from_the_parameters",
        *CRITERIA,
        what="score",
        should_be=0.0,
        aspect="largest error",
    ),
    # A score that is nan for integers too is not equal to itself.
    Fault(
        ScoreIsNotANumber,
        "test_predictions_follow_from_the_parameters",
        *CRITERIA,
        "test_what_cannot_be_predicted_is_refused",
        "test_integers_are_predicted_like_floats",
        what="score",
        should_be=0.0,
        aspect="largest error",
    ),
    Fault(
        BicCountsAParameterTooMany,
        "test_predictions_follow_from_the_parameters",
        *CRITERIA,
        what="bic",
        should_be=0.0,
        aspect="largest error",
    ),
    Fault(
        AicCountsAParameterTooMany,
        "test_predictions_follow_from_the_parameters",
        *CRITERIA,
        what="aic",
        seen=2.0,
        should_be=0.0,
        aspect="largest error",
    ),
    Fault(
        TruncatesMeansForIntegers,
        "test_integers_are_predicted_like_floats",
        what="score_samples",
        should_be=0.0,
        aspect="largest error",
    ),
    Fault(
        RefusesIntegers,
        "test_integers_are_predicted_like_floats",
        what="score_samples",
        seen="TypeError: no integers",
        should_be="predictions",
        aspect="TypeError",
    ),
    Fault(
        LabelsIntegersWrong,
        "test_integers_are_predicted_like_floats",
        what="predict",
        seen="38 of 38 labels differ from predict of floats",
        should_be="no difference",
        aspect="labels",
    ),
)


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_fault_is_found_by_its_own_check(fault: Fault) -> None:
    require(fault)


class GivesTheFirstSampleToTheLightest(ExactMixture):
    """The component of least mass gets the first sample."""

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        labels = super().predict(X)
        labels[0] = self.weights_.argmin()
        return labels


def with_a_weightless_component(estimator_class: type[ExactMixture]) -> Subject:
    """One step on a case whose last component starts 25 standard deviations and more away from all samples."""
    means = CONVERGES.means.copy()
    means[1:] = [58, 36], [58 + 50, 36]
    settings = CONVERGES.settings._replace(max_iter=1)
    return subject_of(CONVERGES._replace(means=means, settings=settings), estimator_class)


PREDICTIONS = PROMISES["test_predictions_follow_from_the_parameters"]


def test_a_component_without_mass_may_be_there() -> None:
    subject = with_a_weightless_component(ExactMixture)
    assert subject.first.estimator.weights_[2] < 1e-40
    assert PREDICTIONS.judge(subject).end() == KEPT


def test_a_component_without_mass_that_attracts_a_sample_is_found() -> None:
    found = PREDICTIONS.judge(with_a_weightless_component(GivesTheFirstSampleToTheLightest)).findings
    (one,) = (finding for finding in found if finding.component is not None)
    assert (one.what, one.component, one.seen) == ("predict", 2, "1 samples")
    assert one.should_be == "none: it has no mass"
