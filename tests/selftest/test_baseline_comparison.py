"""A difference from the baseline is found, in each thing that is compared; rounding is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fixtures.validation import BrokenCase
from tests.selftest.hand_made import COVARIANCE, MEANS, WEIGHTS, case_of, outcome_of
from tests.support import baseline
from tests.support.replay import Outcome

CASE = case_of()
OUTCOME = outcome_of(WEIGHTS, MEANS, np.stack([COVARIANCE] * 3))


def recorded() -> list[dict[str, Any]]:
    """The baseline of the hand-made outcome, as it comes back from its file."""
    return json.loads(json.dumps(baseline.record_of((OUTCOME,))))


def differences(outcome: Outcome) -> dict[str, list[str]]:
    records = recorded()
    return {
        "ends": baseline.different_ends(records, (outcome,)),
        "bounds": baseline.different_bounds(records, (outcome,), CASE),
        "parameters": baseline.different_parameters(records, (outcome,), CASE),
        "dtypes": baseline.different_dtypes(records, (outcome,)),
    }


def kinds_of_difference(outcome: Outcome) -> set[str]:
    return {kind for kind, lines in differences(outcome).items() if lines}


def test_the_same_outcome_does_not_differ() -> None:
    assert kinds_of_difference(OUTCOME) == set()


def test_rounding_does_not_differ() -> None:
    rounded = OUTCOME._replace(means=MEANS * (1 + 1e-12), weights=WEIGHTS * (1 - 1e-12), lower_bound=-7.25 - 1e-12)
    assert kinds_of_difference(rounded) == set()


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"n_iter": 3}, "ends", "seen n_iter_ 3; recorded 2"),
        ({"converged": False}, "ends", "seen converged_ False; recorded True"),
        ({"error": "ValueError: no"}, "ends", "seen ValueError: no; recorded no error"),
        ({"lower_bound": -7.26}, "bounds", "seen lower_bound_ -7.26; recorded -7.25"),
        ({"lower_bound": float("nan")}, "bounds", "seen lower_bound_ nan"),
        ({"weights": WEIGHTS[::-1].copy()}, "parameters", "weights_ 0.25 at (0,); recorded 0.5"),
        ({"means": MEANS + 0.01}, "parameters", "means_ "),
        ({"means": MEANS * np.nan}, "parameters", "means_ nan"),
        ({"covariances": np.stack([COVARIANCE * 1.001] * 3)}, "parameters", "covariances_ "),
        ({"means": MEANS.astype(np.float32)}, "dtypes", "seen means_ in float32; recorded float64"),
    ],
)
def test_a_difference_is_found_and_told(change: dict[str, Any], kind: str, said: str) -> None:
    found = differences(OUTCOME._replace(**change))
    assert {name for name, lines in found.items() if lines} == {kind}
    assert said in found[kind][0]


def test_a_fit_that_is_missing_is_a_difference() -> None:
    assert baseline.different_ends(recorded() * 2, (OUTCOME,)) == ["seen 1 fits; recorded 2"]


def test_a_covariance_that_is_no_difference_of_moments_gets_no_slack_for_cancellation() -> None:
    far = case_of(samples=np.array([[10**7, 20], [10**7 + 4, 26], [10**7, 22]]))
    assert baseline.different_parameters(
        recorded(), (OUTCOME._replace(covariances=np.stack([COVARIANCE + 0.1] * 3)),), far
    )


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
