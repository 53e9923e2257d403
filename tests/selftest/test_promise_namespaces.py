"""What is promised of arrays of another library: a fake that keeps it all, one for each promise that breaks it."""

from __future__ import annotations

from typing import Any

import array_api_strict
import numpy as np
import pytest
from sklearn import get_config

from tests.selftest.promise_fakes import CONVERGES, RELEASE, ExactMixture, Fault, name_of, subject_of
from tests.support import array_namespace, check
from tests.support.array_namespace import STARTS, Space
from tests.support.check import UnderTest
from tests.support.estimator import ARRAY_API_VARIABLE
from tests.support.findings import Finding
from tests.support.judgement import BROKEN, KEPT, NOT_JUDGED, Judgement
from tests.support.refusals import FITTED

STRICT = "array_api_strict"
SPACE = Space(STRICT, array_api_strict, array_api_strict.Device("CPU_DEVICE"))
NARROW = Space(STRICT, array_api_strict, array_api_strict.Device("no_float64"), "no_float64", widest="float32")
ARRAY_PROMISES = {name: one for name, one in check.every().items() if one.of_arrays}
FLOATS = CONVERGES._replace(name="hand-made, of floats", frames=(CONVERGES.frame.astype(np.float64),))


class TakesArrays(ExactMixture):
    """Exact EM of numpy's arrays, and of those of array_api_strict where dispatch is on: it leaves what went in."""

    inner: ExactMixture | None = None

    def fit(self, X: Any) -> TakesArrays:  # noqa: N803
        self.require(X)
        self.fitted_in = X
        settings = {name: SPACE.numbers(value) for name, value in self.get_params().items()}
        self.inner = (self.inner if self.warm_start else None) or ExactMixture(**settings)
        self.inner.fit(SPACE.numbers(X))
        for name in FITTED:
            setattr(self, name, self.left(name, getattr(self.inner, name)))
        return self

    def require(self, samples: Any) -> None:
        """Refuse starts of one library with samples of another."""
        arrays = [array for array in (*(getattr(self, name) for name in STARTS), samples) if hasattr(array, "dtype")]
        if get_config()["array_api_dispatch"] and len({SPACE.is_own(array) for array in arrays}) > 1:
            raise ValueError("numpy and array_api_strict in one fit")

    def left(self, name: str, value: Any) -> Any:  # noqa: ARG002
        """What a fit leaves as an attribute: numbers, and arrays of the samples' library, device and dtype."""
        samples = self.fitted_in
        if not isinstance(value, np.ndarray) or not get_config()["array_api_dispatch"] or not SPACE.is_own(samples):
            return value
        xp = array_api_strict
        kind = samples.dtype if xp.isdtype(samples.dtype, "real floating") else xp.float32
        small = value.astype(np.float32) if kind == xp.float32 and value.dtype.kind == "f" else value
        return xp.asarray(small, device=samples.device)

    def asked(self, method: str, X: Any) -> Any:  # noqa: N803
        """What a method of the estimator that was fitted gives."""
        if get_config()["array_api_dispatch"] and SPACE.is_own(X) != SPACE.is_own(self.fitted_in):
            raise ValueError(self.other_library())
        return self.left(method, getattr(self.inner, method)(SPACE.numbers(X)))

    def other_library(self) -> str:
        """The message about samples of another library than those of the fit."""
        return "samples of numpy, and a fit of array_api_strict"

    def predict(self, X: Any) -> Any:  # noqa: N803
        return self.asked("predict", X)

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        return self.asked("predict_proba", X)

    def score_samples(self, X: Any) -> Any:  # noqa: N803
        return self.asked("score_samples", X)

    def score(self, X: Any) -> Any:  # noqa: N803
        return self.asked("score", X)

    def bic(self, X: Any) -> Any:  # noqa: N803
        return self.asked("bic", X)

    def aic(self, X: Any) -> Any:  # noqa: N803
        return self.asked("aic", X)

    def sample(self, n_samples: int = 1) -> Any:
        assert self.inner is not None
        return tuple(self.left("sample", array) for array in self.inner.sample(n_samples))


class LeavesNumpysMeans(TakesArrays):
    """The means of a fit are numpy's."""

    def left(self, name: str, value: Any) -> Any:
        return value if name == "means_" else super().left(name, value)


class PredictsOnAnotherDevice(TakesArrays):
    """Labels are on another device than the samples."""

    def left(self, name: str, value: Any) -> Any:
        kept = super().left(name, value)
        return kept.to_device(array_api_strict.Device("device1")) if name == "predict" and SPACE.is_own(kept) else kept


class LeavesFloat32(TakesArrays):
    """Weights are left in float32, whatever the samples are in."""

    def left(self, name: str, value: Any) -> Any:
        return super().left(name, value.astype(np.float32) if name == "weights_" else value)


class LeavesABoundOfNoDimension(TakesArrays):
    """The lower bound is an array, as in scikit-learn."""

    def left(self, name: str, value: Any) -> Any:
        is_bound = name == "lower_bound_" and SPACE.is_own(self.fitted_in)
        return array_api_strict.asarray(value) if is_bound else super().left(name, value)


class FitsElsewhere(TakesArrays):
    """Samples of the library are fitted as if they were moved."""

    def left(self, name: str, value: Any) -> Any:
        is_moved = name == "means_" and SPACE.is_own(self.fitted_in) and get_config()["array_api_dispatch"]
        return super().left(name, value + 1 if is_moved else value)


class MixesNoDtypes(TakesArrays):
    """Starts in another dtype than the samples raise, as in scikit-learn."""

    def require(self, samples: Any) -> None:
        super().require(samples)
        dtypes = {samples.dtype, self.means_init.dtype}
        if SPACE.is_own(samples) and dtypes == {array_api_strict.float32, array_api_strict.float64}:
            raise TypeError("two dtypes")


class MixesNoLibraries(TakesArrays):
    """Starts of numpy raise with samples of the library, and no ValueError."""

    def require(self, samples: Any) -> None:
        try:
            super().require(samples)
        except ValueError as error:
            raise TypeError(str(error)) from None


class NamesDevices(TakesArrays):
    """Samples of another library are refused for the device that they are on, as in scikit-learn."""

    def other_library(self) -> str:
        return "different devices: cpu, cpu"


class ConvertsNothingBack(TakesArrays):
    """Without dispatch the means are left in the library of the samples."""

    def left(self, name: str, value: Any) -> Any:
        kept = super().left(name, value)
        is_own = name == "means_" and isinstance(kept, np.ndarray) and SPACE.is_own(self.fitted_in)
        return array_api_strict.asarray(kept) if is_own else kept


class NeedsFloat64(TakesArrays):
    """Integers become float64, which the device has not, as in scikit-learn."""

    def require(self, samples: Any) -> None:
        super().require(samples)
        if SPACE.is_own(samples) and samples.device == NARROW.device and "int" in str(samples.dtype):
            raise ValueError("the device has no float64")


SPACES: dict[type[ExactMixture], Space] = {NeedsFloat64: NARROW}
FAULTS = (
    Fault(
        LeavesNumpysMeans, "test_results_are_arrays_of_the_library",
        what="means_", aspect="library", seen="numpy", should_be=STRICT,
    ),
    Fault(PredictsOnAnotherDevice, "test_results_are_arrays_of_the_library", what="predict", aspect="device"),
    Fault(LeavesFloat32, "test_results_are_arrays_of_the_library", what="weights_", aspect="dtype"),
    Fault(LeavesABoundOfNoDimension, "test_numbers_are_numbers", what="lower_bound_", aspect="type", seen="Array"),
    Fault(FitsElsewhere, "test_the_fit_is_that_of_numpy", what="means_"),
    Fault(MixesNoDtypes, "test_starts_in_another_dtype_are_taken", what="fit", seen="TypeError: two dtypes"),
    Fault(
        MixesNoLibraries, "test_two_libraries_in_a_fit_are_taken_or_refused",
        what="fit", seen="TypeError: numpy and array_api_strict in one fit",
    ),
    Fault(
        NamesDevices, "test_samples_of_another_library_are_refused_by_its_name",
        what="predict", seen="ValueError: different devices: cpu, cpu",
    ),
    Fault(ConvertsNothingBack, "test_without_dispatch_the_fit_is_numpys", what="means_"),
    Fault(
        NeedsFloat64, "test_integers_are_fitted_on_any_device",
        what="fit", seen="ValueError: the device has no float64",
    ),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _scipy_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ARRAY_API_VARIABLE, "1")


def judged(estimator: type[ExactMixture], space: Space = SPACE) -> dict[str, Judgement]:
    """How each promise about arrays ends."""
    made = array_namespace.in_namespace(estimator, space)
    case = space.case(FLOATS)
    asked = [one for one in ARRAY_PROMISES.values() if one.applies(case.traits, UnderTest(made, RELEASE))]
    return {one.name: one.judge(subject_of(case, made)) for one in asked}


@pytest.mark.parametrize("space", [SPACE, NARROW], ids=str)
def test_a_class_that_takes_arrays_keeps_every_promise(space: Space) -> None:
    ends = judged(TakesArrays, space)
    assert {name: (one.end(), one.findings, one.missing) for name, one in ends.items() if one.end() != KEPT} == {}
    assert set(ARRAY_PROMISES) - set(ends) <= {
        "test_starts_in_another_dtype_are_taken", "test_without_dispatch_the_fit_is_numpys",
    }  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_fake_breaks_what_it_is_made_to_break(fault: Fault) -> None:
    ends = judged(fault.estimator, SPACES.get(fault.estimator, SPACE))
    assert [name for name, one in ends.items() if one.end() == BROKEN] == list(fault.breaks)
    first: Finding = ends[fault.breaks[0]].findings[0]
    assert {name: getattr(first, name) for name in fault.first} == fault.first, first


class Raises(TakesArrays):
    """No fit succeeds."""

    def require(self, samples: Any) -> None:  # noqa: ARG002
        raise ValueError("no fit succeeds")


def test_where_no_fit_succeeds_nothing_is_judged() -> None:
    assert {name: one.end() for name, one in judged(Raises).items() if one.end() != NOT_JUDGED} == {}
