"""A difference from the baseline is found, in each thing that is compared; rounding is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from fixtures import corpus
from fixtures.validation import BrokenCase
from tests.selftest.hand_made import COVARIANCE, MEANS, WEIGHTS, case_of, outcome_of
from tests.support import baseline, check
from tests.support.findings import Finding
from tests.support.judgement import BROKEN, KEPT, Judgement
from tests.support.replay import Outcome, Raised
from tests.support.subject import Subject

CASE = case_of()
OUTCOME = outcome_of(WEIGHTS, MEANS, np.stack([COVARIANCE] * 3))


def recorded() -> list[dict[str, Any]]:
    """The baseline of the hand-made outcome, as it comes back from its file."""
    return json.loads(json.dumps(baseline.record_of((OUTCOME,))))


def differences(outcome: Outcome) -> dict[str, list[Finding]]:
    """What each comparison with the baseline finds; kinds that find nothing are left out."""
    records, outcomes = recorded(), (outcome,)
    found = {kind: Judgement("full") for kind in ("ends", "bounds", "parameters", "dtypes")}
    baseline.compare_ends(found["ends"], records, outcomes)
    baseline.compare_bounds(found["bounds"], records, outcomes, CASE)
    baseline.compare_parameters(found["parameters"], records, outcomes, CASE)
    baseline.compare_dtypes(found["dtypes"], records, outcomes)
    assert all(judgement.compared for judgement in found.values())
    return {kind: judgement.findings for kind, judgement in found.items() if judgement.findings}


def test_the_same_outcome_does_not_differ() -> None:
    assert differences(OUTCOME) == {}


def test_rounding_does_not_differ() -> None:
    rounded = OUTCOME._replace(means=MEANS * (1 + 1e-12), weights=WEIGHTS * (1 - 1e-12), lower_bound=-7.25 - 1e-12)
    assert differences(rounded) == {}


@pytest.mark.parametrize(
    ("change", "kind", "first"),
    [
        ({"n_iter": 3}, "ends", {"what": "n_iter_", "seen": 3, "should_be": 2}),
        ({"converged": False}, "ends", {"what": "converged_", "seen": False, "should_be": True}),
        (
            {"error": Raised("ValueError", "no")},
            "ends",
            {"what": "fit", "aspect": "error", "seen": "ValueError: no", "should_be": "no error"},
        ),
        ({"lower_bound": -7.26}, "bounds", {"what": "lower_bound_", "seen": -7.26, "should_be": -7.25}),
        ({"lower_bound": float("nan")}, "bounds", {"what": "lower_bound_", "should_be": -7.25}),
        (
            {"weights": WEIGHTS[::-1].copy()},
            "parameters",
            {"what": "weights_", "seen": 0.25, "should_be": 0.5, "component": 0},
        ),
        (
            {"means": MEANS + [[0, 0], [0.01, 0], [0, 0]]},
            "parameters",
            {"what": "means_", "component": 1, "feature": 0},
        ),
        ({"means": MEANS * np.nan}, "parameters", {"what": "means_", "component": 0, "feature": 0}),
        (
            {"covariances": np.stack([COVARIANCE * 1.001] * 3)},
            "parameters",
            {"what": "covariances_", "component": 0, "feature": (1, 1)},
        ),
        (
            {"means": MEANS.astype(np.float32)},
            "dtypes",
            {"what": "means_", "aspect": "dtype", "seen": "float32", "should_be": "float64"},
        ),
    ],
)
def test_a_difference_is_found(change: dict[str, Any], kind: str, first: dict[str, Any]) -> None:
    found = differences(OUTCOME._replace(**change))
    assert set(found) == {kind}
    seen = found[kind][0]._asdict()
    assert {name: seen[name] for name in first} == first


def test_a_fit_that_is_missing_is_a_difference() -> None:
    judgement = Judgement("full")
    baseline.compare_ends(judgement, recorded() * 2, (OUTCOME,))
    (found,) = judgement.findings
    assert (found.what, found.aspect, found.seen, found.should_be) == ("fit", "number of frames that were fitted", 1, 2)


def test_a_covariance_that_is_no_difference_of_moments_gets_no_slack_for_cancellation() -> None:
    far = case_of(samples=np.array([[10**7, 20], [10**7 + 4, 26], [10**7, 22]]))
    judgement = Judgement("full")
    other = OUTCOME._replace(covariances=np.stack([COVARIANCE + 0.1] * 3))
    baseline.compare_parameters(judgement, recorded(), (other,), far)
    assert [finding.what for finding in judgement.findings] == ["covariances_"]


class CountsOneMore(GaussianMixture):  # type: ignore[misc]
    """``n_iter_`` is one more."""

    def fit(self, X: np.ndarray, y: None = None) -> CountsOneMore:  # noqa: N803
        super().fit(X, y)
        self.n_iter_ += 1
        return self


class BoundIsHigher(GaussianMixture):  # type: ignore[misc]
    """``lower_bound_`` is a little higher."""

    def fit(self, X: np.ndarray, y: None = None) -> BoundIsHigher:  # noqa: N803
        super().fit(X, y)
        self.lower_bound_ += 0.01
        return self


class MeansAreMoved(GaussianMixture):  # type: ignore[misc]
    """Every mean is somewhat to the right."""

    def fit(self, X: np.ndarray, y: None = None) -> MeansAreMoved:  # noqa: N803
        super().fit(X, y)
        self.means_[:, 0] += 0.01
        return self


class WeightsAreRounded(GaussianMixture):  # type: ignore[misc]
    """Weights are left in float32."""

    def fit(self, X: np.ndarray, y: None = None) -> WeightsAreRounded:  # noqa: N803
        super().fit(X, y)
        self.weights_: np.ndarray = np.asarray(self.weights_, np.float32)
        return self


REAL = "control-around-the-origin"
FAKES: dict[str, tuple[Any, str]] = {
    "test_fit_ends_as_recorded": (CountsOneMore, "n_iter_"),
    "test_lower_bound_is_as_recorded": (BoundIsHigher, "lower_bound_"),
    "test_parameters_are_as_recorded": (MeansAreMoved, "means_"),
    "test_dtypes_are_as_recorded": (WeightsAreRounded, "weights_"),
}
RECORDS = [one for one in check.every().values() if one.is_baseline and not one.cases]


def test_every_record_of_all_cases_has_a_fake() -> None:
    assert {one.name for one in RECORDS} == set(FAKES)


@pytest.mark.parametrize("name", FAKES)
def test_a_record_fails_on_its_own_fake_alone(name: str) -> None:
    fake, what = FAKES[name]
    subject = Subject(corpus.load_case(REAL), fake, "1.9.1")
    ends = {one.name: one.judge(subject) for one in RECORDS}
    assert {other for other, judgement in ends.items() if judgement.end() == BROKEN} == {name}
    assert ends[name].findings[0].what == what


@pytest.mark.parametrize("one", RECORDS, ids=lambda one: one.name)
def test_a_record_is_kept_by_scikit_learn(one: check.Check) -> None:
    judgement = one.judge(Subject(corpus.load_case(REAL), GaussianMixture, "1.9.1"))
    assert judgement.end() == KEPT, judgement.findings


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"recorded_with": {}, "ways": {}}', '{"ways": NaN}'])
def test_a_malformed_baseline_is_refused_by_its_path(tmp_path: Path, text: str) -> None:
    (tmp_path / "some-case").mkdir()
    (tmp_path / "some-case" / "baseline.json").write_text(text, encoding="utf-8")
    with pytest.raises(BrokenCase) as caught:
        baseline.read("some-case", tmp_path)
    assert str(tmp_path / "some-case" / "baseline.json") in str(caught.value)
    assert "should be what `nox -s record-baseline` writes" in str(caught.value)


def test_a_missing_baseline_is_refused_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(BrokenCase, match="is missing"):
        baseline.read("some-case", tmp_path)
