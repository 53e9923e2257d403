"""What a fit leaves - parameters and predictions: a fake for each promise, and who notices it."""

from __future__ import annotations

import numpy as np
import pytest

from tests import test_prediction
from tests.selftest.promise_fakes import CONVERGES, Arguments, ExactMixture, Fault, name_of, require
from tests.support.messages import Defect
from tests.support.reference import Trajectory


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
        self.covariances_[:, wide, 1 - wide] *= 1.01


class ForgetsTheFloor(ExactMixture):
    """Half of ``reg_covar`` is added to the covariances."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
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
        self.means_, means = self.means_.astype(X.dtype), self.means_
        joint = super().log_joint(X)
        self.means_ = means
        return joint


class RefusesIntegers(ExactMixture):
    """Integer samples are not predicted."""

    def log_joint(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        if X.dtype.kind != "f":
            raise TypeError("no integers")
        return super().log_joint(X)


class LabelsIntegersWrong(ExactMixture):
    """Integer samples get other labels than the same numbers as floats."""

    def predict(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return super().predict(X) if X.dtype.kind == "f" else (super().predict(X) + 1) % self.n_components


FAULTS = (
    Fault(WeightsDoNotSumToOne, "mixture", r"seen weights_ that sum to 1\.00000000\d+; should be 1 within"),
    # What was rounded does not sum to one as closely as float64 does.
    Fault(LeavesWeightsInFloat32, "dtype, mixture", r"seen weights_ in float32; should be float64"),
    Fault(AsymmetricCovariance, "mixture", r"seen covariances_ that differ by \S+ from their transpose; should be"),
    Fault(ForgetsTheFloor, "mixture", r"seen the eigenvalue \S+ of covariance 2; should be at least reg_covar, 1e-06"),
    Fault(
        PrecisionsAreNotTheInverse, "mixture", r"seen precisions_ times covariances_ of component 0 off by 1e-06; sh"
    ),
    Fault(CholeskyOff, "mixture", r"seen precisions_cholesky_ of component 0 whose square is off .*; should be equal"),
    Fault(CholeskyOfWrongShape, "mixture", r"precisions_cholesky_ of shape \(2, 2, 2\); should be \(3, 2, 2\)"),
    Fault(RowsDoNotSumToOne, "predictions", r"seen rows of predict_proba\(X\) that do not sum to 1; should"),
    Fault(ProbabilitiesExchanged, "predictions", r"seen predict_proba\(X\) off by \S+; should be off by at most"),
    Fault(LabelsAreNotTheLikeliest, "predictions", r"seen labels of predict\(X\) that are not the likeliest"),
    Fault(SamplesScoredWrong, "predictions", r"seen score_samples\(X\) off by \S+; should be off by at most"),
    Fault(ScoreIsTheSum, "predictions", r"seen score\(X\) off by \S+; should be off by at most"),
    # A score that is nan for integers too is not equal to itself.
    Fault(ScoreIsNotANumber, "predictions, integers", r"seen score\(X\) off by nan; should be off by at most"),
    Fault(BicCountsAParameterTooMany, "predictions", r"seen bic\(X\) off by 3.64; should be off by at most"),
    Fault(AicCountsAParameterTooMany, "predictions", r"seen aic\(X\) off by 2; should be off by at most"),
    Fault(TruncatesMeansForIntegers, "integers", r"int32 are not .*\n  seen score_samples\(X\) off by \S+; should be"),
    Fault(RefusesIntegers, "integers", r"seen TypeError: no integers from score_samples\(X\); should predict"),
    Fault(LabelsIntegersWrong, "integers", r"predict"),
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


def with_a_weightless_component(estimator_class: type[ExactMixture]) -> Arguments:
    """One step on a case whose last component starts 25 standard deviations and more away from all samples."""
    means = CONVERGES.means.copy()
    means[1:] = [58, 36], [58 + 50, 36]
    settings = CONVERGES.settings._replace(max_iter=1)
    return Arguments(CONVERGES._replace(means=means, settings=settings), estimator_class)


def test_a_component_without_mass_may_be_there() -> None:
    arguments = with_a_weightless_component(ExactMixture)
    assert arguments.replays["explicit"][0].estimator.weights_[2] < 1e-40
    arguments.call(test_prediction.test_predictions_follow_from_the_parameters)


def test_a_component_without_mass_that_attracts_a_sample_is_found() -> None:
    arguments = with_a_weightless_component(GivesTheFirstSampleToTheLightest)
    with pytest.raises(Defect, match="seen component 2 without mass as the label of a sample; should attract none"):
        arguments.call(test_prediction.test_predictions_follow_from_the_parameters)
