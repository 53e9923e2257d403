"""What a fit must not depend on - place, order, unit, threads, time: a fake for each promise, and who notices it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from tests.selftest.promise_fakes import MANY, PROMISES, ExactMixture, Fault, name_of, require, subject_of
from tests.support.judgement import BROKEN
from tests.support.reference import Trajectory


class SlightlyOff(ExactMixture):
    """Means are off, for some samples."""

    def minds(self, samples: np.ndarray) -> bool:  # noqa: ARG002
        """Whether these samples are among them."""
        return False

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        if self.minds(samples):
            self.means_ += 1e-2 * (self.means_ - samples.mean(axis=0))


class MindsTheOrigin(SlightlyOff):
    """Wrong for data that lie far from the origin."""

    def minds(self, samples: np.ndarray) -> bool:
        return bool(samples.min() >= 64)


class MindsTheSign(SlightlyOff):
    """Wrong for negative coordinates."""

    def minds(self, samples: np.ndarray) -> bool:
        return bool(samples.min() < 0)


class RefusesNegatives(ExactMixture):
    """Raises for negative coordinates."""

    def read(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        samples = super().read(X)
        if samples.size and samples.min() < 0:
            raise ValueError("no negative coordinates")
        return samples


class MindsTheAxes(SlightlyOff):
    """Wrong for data that are higher than wide."""

    def minds(self, samples: np.ndarray) -> bool:
        wide, high = samples.var(axis=0)
        return bool(high > wide)


class MindsTheOrderOfSamples(SlightlyOff):
    """Wrong where the first sample is farther from the origin than the last one."""

    def minds(self, samples: np.ndarray) -> bool:
        return bool(np.abs(samples[0]).sum() > np.abs(samples[-1]).sum())


class SortsComponents(ExactMixture):
    """The components are left in the order of their weights."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        order = np.argsort(self.weights_)[::-1]
        self.weights_, self.means_ = self.weights_[order], self.means_[order]
        self.set_covariances(self.covariances_ if self.covariance_type == "tied" else self.covariances_[order])


class CountsASampleMoreForEachComponent(ExactMixture):
    """Weights are smoothed by one sample, which weighs less among more."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        n_samples = len(samples)
        self.weights_ = (self.weights_ * n_samples + 1) / (n_samples + self.n_components)


class AddsToCovariances(ExactMixture):
    """A constant is added to the variances, whatever their unit."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        if self.covariance_type == "full":
            self.set_covariances(self.covariances_ + 1e-2 * np.eye(2))


class AddsToMeans(ExactMixture):
    """A constant is added to the means."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.means_ += 1e-3


class DragsToTheOrigin(ExactMixture):
    """Means are a little nearer to the origin, as ``10 * eps`` makes them."""

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        self.means_ *= 1 - 1e-4


class RoundsCoordinates(ExactMixture):
    """Large coordinates lose their last three binary digits."""

    def read(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        samples = super().read(X)
        return np.round(samples / 8) * 8 if samples.size and samples.max() > 3 * 64 else samples


class OtherLastBits(ExactMixture):
    """Each fit of the process leaves means that end in other bits."""

    fits: ClassVar[int] = 0

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        OtherLastBits.fits += 1
        self.means_ *= 1 + OtherLastBits.fits % 3 * 2.0**-52


class WritesIntoSamples(ExactMixture):
    """The samples are centred in place."""

    def read(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        samples = super().read(X)
        X[...] -= X.mean(axis=0).astype(X.dtype)
        return samples


class WritesIntoWeights(ExactMixture):
    """``weights_init`` is put in another order in place."""

    def leave_step(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        if self.weights_init is not None:
            self.weights_init[:] = self.weights_init[::-1].copy()


class WritesIntoMeans(ExactMixture):
    """``means_init`` gets what the step leaves."""

    def leave_step(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        if self.means_init is not None:
            self.means_init[:] = self.means_


class WritesIntoPrecisions(ExactMixture):
    """``precisions_init`` is doubled in place."""

    def leave_step(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        if self.precisions_init is not None:
            self.precisions_init *= 2


class MindsTheThreads(SlightlyOff):
    """Wrong with two BLAS threads."""

    def minds(self, samples: np.ndarray) -> bool:  # noqa: ARG002
        return max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas") == 2


class PrintsNothing(ExactMixture):
    """Progress is asked for, and nothing is printed."""

    def tell(self) -> None:
        pass


class MovesToTell(ExactMixture):
    """A fit that tells its progress leaves other means."""

    def tell(self) -> None:
        super().tell()
        if self.verbose:
            self.means_ = self.means_ + 1


FAULTS = (
    Fault(PrintsNothing, "test_progress_changes_nothing", what="fit", seen="nothing was printed"),
    Fault(MovesToTell, "test_progress_changes_nothing", what="means_", seen="other bits"),
    Fault(MindsTheOrigin, "test_fit_moves_with_a_translation", what="means_", should_be=58.0, component=2, feature=0),
    Fault(MindsTheSign, "test_fit_moves_with_a_reflection", what="means_", should_be=58.0, component=2, feature=0),
    Fault(
        RefusesNegatives,
        "test_fit_moves_with_a_reflection",
        what="fit",
        seen="ValueError: no negative coordinates",
        should_be="no error",
        aspect="ValueError",
    ),
    Fault(
        MindsTheAxes, "test_fit_moves_with_an_exchange_of_axes", what="means_", should_be=58.0, component=2, feature=0
    ),
    Fault(
        MindsTheOrderOfSamples,
        "test_order_of_samples_does_not_matter",
        what="means_",
        should_be=58.0,
        component=2,
        feature=0,
    ),
    Fault(SortsComponents, "test_order_of_components_does_not_matter", what="weights_", component=2),
    Fault(
        CountsASampleMoreForEachComponent,
        "test_every_sample_twice_changes_nothing",
        "test_components_end_where_exact_em_puts_them",
        what="weights_",
        component=2,
    ),
    Fault(
        AddsToCovariances,
        "test_fit_scales_with_the_unit",
        "test_components_end_where_exact_em_puts_them",
        what="covariances_",
        component=2,
        feature=(0, 0),
    ),
    Fault(RoundsCoordinates, "test_fit_scales_with_the_unit", what="weights_", component=0),
    # A constant has a sign and a unit, and what it is added to is not where EM ends.
    Fault(
        AddsToMeans,
        "test_fit_scales_with_the_unit",
        "test_fit_moves_with_a_reflection",
        "test_components_end_where_exact_em_puts_them",
        "test_no_component_collapses",
        what="means_",
        component=0,
        feature=0,
    ),
    Fault(
        DragsToTheOrigin,
        "test_fit_moves_with_a_translation",
        "test_components_end_where_exact_em_puts_them",
        what="means_",
        component=1,
        feature=1,
    ),
    Fault(
        OtherLastBits,
        "test_fitting_again_gives_the_same_bits",
        "test_progress_changes_nothing",
        what="means_",
        seen="other bits",
        should_be="those of the first fit",
    ),
    Fault(
        WritesIntoSamples,
        "test_fit_leaves_its_arguments_alone",
        what="X",
        seen="other numbers after the fit",
        should_be="those that were given",
    ),
    Fault(
        WritesIntoWeights,
        "test_fit_leaves_its_arguments_alone",
        "test_a_copy_goes_on_like_the_original",
        what="weights_init",
        seen="other numbers after the fit",
        should_be="those that were given",
    ),
    Fault(
        WritesIntoMeans,
        "test_fit_leaves_its_arguments_alone",
        "test_a_copy_goes_on_like_the_original",
        what="means_init",
        seen="other numbers after the fit",
        should_be="those that were given",
    ),
    Fault(
        WritesIntoPrecisions,
        "test_fit_leaves_its_arguments_alone",
        "test_a_copy_goes_on_like_the_original",
        what="precisions_init",
        seen="other numbers after the fit",
        should_be="those that were given",
    ),
    Fault(MindsTheThreads, "test_blas_threads_do_not_matter", what="means_", should_be=58.0, component=2, feature=0),
)


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_fault_is_found_by_its_own_check(fault: Fault) -> None:
    require(fault)


def test_threads_are_compared_where_two_are_the_default() -> None:
    """The replay is made with as many threads as the machine gives; two of them must not be compared with two."""
    with threadpool_limits(2, user_api="blas"):
        subject = subject_of(MANY, MindsTheThreads)
        assert subject.first.error is None
        assert PROMISES["test_blas_threads_do_not_matter"].judge(subject).end() == BROKEN
