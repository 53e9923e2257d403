"""The record of the capture's fit: it is what the reporter printed, and the check that uses it can fail."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fixtures import corpus
from fixtures.validation import BrokenCase
from tests import test_capture
from tests.selftest.hand_made import case_of, outcome_of
from tests.selftest.promise_fakes import ExactMixture
from tests.support import check
from tests.support.findings import Finding
from tests.support.judgement import KEPT, NOT_JUDGED, Judgement
from tests.support.replay import Outcome, Raised
from tests.support.subject import Subject

HOW_TO_GET = (
    "the figures that the reporter printed are not at hand; name the folder that holds printed_means.csv and"
    " printed_covariances.csv with GMM_CAPTURE (`nox -s selftest -- --capture DIR`)"
)
RECORD = test_capture.read_published_fit()


def printed(name: str) -> list[list[str]]:
    """The figures that the reporter's notebook printed, digit by digit."""
    folder = corpus.find_capture()
    if folder is None or not (folder / name).is_file():
        pytest.skip(HOW_TO_GET)
    with (folder / name).open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return rows


def units_off(figures: list[list[str]], values: np.ndarray) -> Decimal:
    """The largest difference between figures and values, in units of the last digit of each figure."""
    pairs = zip((Decimal(text) for row in figures for text in row), values.ravel().tolist(), strict=True)
    return max(abs(Decimal(value) - figure).scaleb(-unit_of(figure)) for figure, value in pairs)


def unit_of(figure: Decimal) -> int:
    """The exponent of the last digit that a figure has."""
    exponent = figure.as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent


def test_the_recorded_means_are_the_printed_ones() -> None:
    figures = printed("printed_means.csv")
    assert len(figures) == 37
    assert units_off(figures, RECORD.means) <= 1


def test_the_recorded_covariances_are_the_printed_ones() -> None:
    figures = printed("printed_covariances.csv")
    assert len(figures) == 37
    assert units_off(figures, RECORD.covariances) <= 1


def test_two_components_of_the_record_are_collapsed() -> None:
    """Or else the record would be of another fit than the reporter's."""
    at_origin = np.flatnonzero(np.abs(RECORD.means).max(axis=1) < 1e-8)
    np.testing.assert_array_equal(at_origin, [35, 36])
    np.testing.assert_allclose(RECORD.covariances[at_origin], [1e-6 * np.eye(2)] * 2, atol=1e-14)


@pytest.mark.parametrize(("digits", "unit"), [("1.00000000", -8), ("2.90552838e+01", -7), ("1.00000000e-06", -14)])
def test_a_unit_of_the_last_digit_is_read_from_the_figure(digits: str, unit: int) -> None:
    assert unit_of(Decimal(digits)) == unit


@pytest.mark.parametrize(
    ("value", "scientific", "unit"),
    [
        (481.7, False, 1e-8),
        (0.0, False, 1e-8),
        (29.05, True, 1e-7),
        (1e-6, True, 1e-14),
        (-116.9, True, 1e-6),
        (0.0, True, 1e-8),
    ],
)
def test_a_unit_of_the_last_digit_follows_the_way_of_printing(value: float, scientific: bool, unit: float) -> None:
    assert test_capture.last_printed_digit(np.array([value]), scientific)[0] == pytest.approx(unit, rel=1e-12)


def outcome_of_the_record(
    attribute: str = "means", where: tuple[int, ...] = (0, 0), value: float | None = None
) -> Outcome:
    """The recorded fit, with one number replaced."""
    arrays = {"means": RECORD.means.copy(), "covariances": RECORD.covariances.copy()}
    if value is not None:
        arrays[attribute][where] = value
    return outcome_of(np.full(37, 1 / 37), arrays["means"], arrays["covariances"])


def judge(outcome: Outcome) -> Judgement:
    """Run the check of the capture on an outcome."""

    class Fitted(ExactMixture):
        """What it leaves is what the outcome holds."""

        def fit(self, X: np.ndarray) -> ExactMixture:  # noqa: ARG002, N803
            if outcome.error is not None:
                raise ValueError(outcome.error.message)
            vars(self).update({f"{name}_": getattr(outcome, name) for name in ("weights", "means", "covariances")})
            return self

    case = case_of(weights=np.full(37, 1 / 37), means=RECORD.means)
    return check.every()["test_fit_gives_the_published_figures"].judge(Subject(case, Fitted, "1.9.1"))


def test_the_check_passes_on_the_recorded_fit() -> None:
    assert judge(outcome_of_the_record()).end() == KEPT


def test_the_check_passes_within_one_unit() -> None:
    assert judge(outcome_of_the_record("means", (3, 1), RECORD.means[3, 1] + 0.9e-8)).end() == KEPT


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("attribute", "where", "feature"), [("means", (3, 1), 1), ("covariances", (36, 0, 1), (0, 1))])
def test_the_check_accepts_no_number_that_is_not_finite(
    attribute: str, where: tuple[int, ...], feature: Any, value: float
) -> None:
    (found,) = judge(outcome_of_the_record(attribute, where, value)).findings
    assert (found.what, found.aspect, found.should_be) == (f"{attribute}_", "value", "a finite number")
    assert (found.component, found.feature) == (where[0], feature)
    assert repr(found.seen) == repr(value)


@pytest.mark.parametrize("where", [(0, 0), (3, 1), (20, 1), (36, 1)])
def test_the_check_says_what_was_seen_where_and_what_should_be(where: tuple[int, int]) -> None:
    should_be = float(RECORD.means[where])
    found = judge(outcome_of_the_record("means", where, should_be + 2e-8)).findings
    assert found == [
        Finding("means_", should_be + 2e-8, should_be, tolerance=1e-8, component=where[0], feature=where[1])
    ]


def test_a_deviation_of_a_covariance_is_measured_by_its_exponent() -> None:
    """The unit of 1e-6 is 1e-14: what is a deviation there is none elsewhere."""
    should_be = float(RECORD.covariances[36, 0, 0])
    (found,) = judge(outcome_of_the_record("covariances", (36, 0, 0), should_be + 3e-14)).findings
    assert (found.what, found.component, found.feature, found.should_be) == ("covariances_", 36, (0, 0), should_be)
    assert found.tolerance == pytest.approx(1e-14, rel=1e-9)
    assert judge(outcome_of_the_record("covariances", (0, 0, 0), RECORD.covariances[0, 0, 0] + 3e-14)).end() == KEPT


def test_the_check_fails_on_a_fit_that_raised() -> None:
    (found,) = judge(outcome_of_the_record()._replace(error=Raised("ValueError", "no"))).findings
    assert found == Finding("fit", "ValueError: no", "a fitted estimator", aspect="ValueError")


@pytest.mark.parametrize("changes", [{"means": np.zeros((36, 2))}, {"covariances": np.zeros((37, 2))}])
def test_the_check_fails_on_a_fit_that_left_something_else(changes: dict[str, Any]) -> None:
    (found,) = judge(outcome_of_the_record()._replace(**changes)).findings
    assert found.aspect == "shape"


@pytest.mark.parametrize("name", ["weights", "means", "covariances"])
def test_the_check_does_not_judge_a_fit_that_left_too_little(name: str) -> None:
    changes: dict[str, Any] = {name: None}
    judgement = judge(outcome_of_the_record()._replace(**changes))
    assert (judgement.end(), judgement.reason()) == (NOT_JUDGED, f"the fit left no {name}_")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"means": NaN, "covariances": []}',
        json.dumps({"means": [[1, 2]], "covariances": [[[1, 0], [0, 1]]]}),
        json.dumps({"means": [[1, 2], [3]], "covariances": []}),
        json.dumps({"means": "37", "covariances": []}),
    ],
)
def test_a_malformed_record_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    path = tmp_path / "published_fit.json"
    path.write_text(content, encoding="utf-8")
    monkeypatch.setattr(test_capture, "RECORD", path)
    with pytest.raises(BrokenCase, match=r"nox -s record-published-fit|37 components"):
        test_capture.read_published_fit()


def test_a_missing_record_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_capture, "RECORD", tmp_path / "published_fit.json")
    with pytest.raises(BrokenCase, match="No such file"):
        test_capture.read_published_fit()
