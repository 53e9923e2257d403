"""A judgement ends in one of three ways, and a pass is a comparison that was made."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.selftest.hand_made import case_of
from tests.selftest.promise_fakes import ExactMixture, subject_of
from tests.support.check import Check
from tests.support.findings import Finding
from tests.support.judgement import BROKEN, KEPT, NOT_JUDGED, Defect, Judgement, NotJudged
from tests.support.replay import Raised
from tests.support.subject import Subject

FINDING = Finding("means_", 1.0, 2.0)
ERROR = Raised("ValueError", "no")


@pytest.fixture
def judgement() -> Judgement:
    return Judgement("full")


@pytest.fixture
def subject() -> Subject:
    return subject_of(case_of(), ExactMixture)


def check_of(function: Callable[[Subject, Judgement], None]) -> Check:
    return Check(function, headline="it is wrong")


def test_nothing_compared_is_not_judged(judgement: Judgement) -> None:
    assert (judgement.end(), judgement.reason()) == (NOT_JUDGED, "nothing was compared")


def test_what_is_missing_is_the_reason_each_once(judgement: Judgement) -> None:
    for reason in ("no n_iter_", "no mean", "no n_iter_"):
        judgement.cannot(reason)
    assert (judgement.end(), judgement.reason()) == (NOT_JUDGED, "no n_iter_; no mean")


def test_a_comparison_that_holds_is_kept(judgement: Judgement) -> None:
    assert judgement.expect(True, "means_", 1.0, 1.0)
    assert judgement.end() == KEPT


def test_a_comparison_that_does_not_hold_is_broken(judgement: Judgement) -> None:
    assert not judgement.expect(False, "means_", 1.0, 2.0)
    assert (judgement.end(), judgement.findings) == (BROKEN, [FINDING])


def test_a_part_that_is_missing_leaves_the_rest_to_decide(judgement: Judgement) -> None:
    judgement.cannot("no n_iter_")
    judgement.expect(True, "means_", 1.0, 1.0)
    assert (judgement.end(), judgement.missing) == (KEPT, ["no n_iter_"])


def test_a_finding_wins_over_what_is_missing(judgement: Judgement) -> None:
    judgement.cannot("no n_iter_")
    judgement.add(FINDING)
    assert judgement.end() == BROKEN


@pytest.mark.parametrize(
    "check",
    [
        lambda judgement: judgement.expect_no_error(None, "fit", "a fit"),
        lambda judgement: judgement.has_shape("means_", np.ones((3, 2)), (3, 2)),
        lambda judgement: judgement.condition(True, "predict", "int64", "numbers"),
        lambda judgement: judgement.aside().expect(True, "means_", 1.0, 1.0),
    ],
    ids=["no error", "shape", "condition", "aside"],
)
def test_a_condition_that_holds_is_no_judgement(judgement: Judgement, check: Callable[[Judgement], bool]) -> None:
    assert check(judgement)
    assert judgement.end() == NOT_JUDGED


@pytest.mark.parametrize(
    ("check", "found"),
    [
        (
            lambda judgement: judgement.expect_no_error(ERROR, "fit", "a fit"),
            Finding("fit", "ValueError: no", "a fit", aspect="ValueError"),
        ),
        (
            lambda judgement: judgement.has_shape("means_", np.ones((2, 2)), (3, 2)),
            Finding("means_", "(2, 2)", "(3, 2)", aspect="shape"),
        ),
        (
            lambda judgement: judgement.condition(False, "predict", "object", "numbers", aspect="dtype"),
            Finding("predict", "object", "numbers", aspect="dtype"),
        ),
        (lambda judgement: judgement.aside().expect(False, "means_", 1.0, 2.0), FINDING),
    ],
    ids=["error", "shape", "condition", "aside"],
)
def test_a_condition_that_does_not_hold_is_a_finding(
    judgement: Judgement, check: Callable[[Judgement], bool], found: Finding
) -> None:
    assert not check(judgement)
    assert judgement.end() == BROKEN
    assert judgement.findings == [found]


def test_a_finding_has_the_place_that_it_was_made_at(judgement: Judgement) -> None:
    judgement.at(way="explicit", frame=2).at(step=3).expect(False, "means_", 1.0, 2.0)
    judgement.expect(False, "means_", 1.0, 2.0)
    assert judgement.findings == [FINDING._replace(way="explicit", frame=2, step=3), FINDING]


def test_the_element_that_is_furthest_off_is_found_with_component_and_feature(judgement: Judgement) -> None:
    should_be = np.arange(6.0).reshape(3, 2)
    seen = should_be + np.array([[0.0, 0.1], [0.0, 0.0], [0.5, 0.0]])
    assert not judgement.close("means_", seen, should_be, 0.01)
    assert judgement.findings == [Finding("means_", 4.5, 4.0, tolerance=0.01, component=2, feature=0)]


def test_nan_is_never_close(judgement: Judgement) -> None:
    assert not judgement.close("weights_", [0.5, np.nan], [0.5, 0.5], 1e9)
    (found,) = judgement.findings
    assert (found.component, found.should_be) == (1, 0.5)
    assert np.isnan(found.seen)


def test_the_element_of_a_tied_covariance_is_of_no_component() -> None:
    judgement = Judgement("tied")
    judgement.close("covariances_", [[1.0, 0.5], [0.5, 1.0]], np.eye(2), [[0.1, 0.1], [1.0, 0.1]])
    (found,) = judgement.findings
    assert (found.component, found.feature) == (None, (0, 1))


def test_components_that_do_not_count_are_left_out(judgement: Judgement) -> None:
    assert judgement.close("weights_", [0.5, 0.9], [0.5, 0.5], 0.1, np.array([True, False]))


def test_a_check_that_stops_after_a_finding_is_broken(subject: Subject) -> None:
    def test(_: Subject, judgement: Judgement) -> None:
        judgement.add(FINDING)
        judgement.stop("no more")

    with pytest.raises(Defect) as caught:
        check_of(test).require_kept(subject)
    assert caught.value.findings == (FINDING,)


def test_a_check_that_stops_before_it_compares_is_not_judged(subject: Subject) -> None:
    def test(_: Subject, judgement: Judgement) -> None:
        judgement.stop("no more")

    with pytest.raises(NotJudged, match=r"^no more$"):
        check_of(test).require_kept(subject)


def test_a_check_that_only_returns_is_not_judged(subject: Subject) -> None:
    with pytest.raises(NotJudged, match=r"^nothing was compared$"):
        check_of(lambda *_: None).require_kept(subject)


def test_a_check_that_is_kept_in_part_says_what_is_missing(subject: Subject) -> None:
    def test(_: Subject, judgement: Judgement) -> None:
        judgement.expect(True, "means_", 1.0, 1.0)
        judgement.cannot("the fit left no n_iter_")

    check_of(test).require_kept(subject)
    assert subject.partly == ["the fit left no n_iter_"]
