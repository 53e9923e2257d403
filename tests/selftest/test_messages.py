"""A message says what was seen, what should be, where, and what to do next."""

from __future__ import annotations

import numpy as np
import pytest

from tests.selftest.hand_made import EPS, FLOOR, case_of, outcome_with
from tests.selftest.promise_fakes import CHAIN, ExactMixture, subject_of
from tests.support.check import Check
from tests.support.diagnosis import diagnose, finding_of
from tests.support.findings import READ_MORE, Finding, as_json, from_json, numbers, raised, render, sentence
from tests.support.judgement import Judgement
from tests.support.replay import Raised, initial

PLACE = "scikit-learn 1.9.1, case one"
COLLAPSE = f"""\
{PLACE}: components collapsed (1 empty)

  component 1 is empty: no responsibility mass is left; it sits at the origin
    seen       mean (0, 0), covariance ((1e-06, 0), (0, 1e-06)), mass 2.22e-15 samples
    should be  a mean inside the data, 10..14 x 20..26
    started    at (600, -300); nearest sample (14, 20) at a Mahalanobis distance of 775.7
    first E-step  log mass -300829: every responsibility underflows to 0

what to do: try this; {READ_MORE}"""


def collapse(**place: object) -> Finding:
    means = np.array([[11.0, 22.0], [600.0, -300.0], [12.5, 24.5]])
    case = case_of(means=means)
    outcome = outcome_with(mass=10 * EPS, mean=(0, 0), covariance=FLOOR)._replace(start=initial(case))
    diagnosis = diagnose(case, outcome)
    return finding_of(diagnosis, diagnosis.components[1])._replace(**place)  # type: ignore[arg-type]


def test_a_collapse_is_reported_with_its_evidence() -> None:
    assert render(PLACE, "components collapsed", [collapse()], "try this") == COLLAPSE


def test_a_message_that_was_recorded_reads_the_same() -> None:
    assert render(PLACE, "components collapsed", from_json(as_json([collapse()])), "try this") == COLLAPSE


def test_a_collapse_in_a_chain_is_reported_with_way_and_frame() -> None:
    message = render(PLACE, "components collapsed", [collapse(way="warm_start", frame=3)], "try this")
    assert "\n  warm_start, frame 3: component 1 is empty: " in message


def test_a_component_that_collapses_in_both_ways_is_named_once_in_the_headline() -> None:
    findings = [collapse(way=way, frame=3) for way in ("explicit", "warm_start")]
    message = render(PLACE, "components collapsed", findings, "try this")
    assert message.splitlines()[0] == f"{PLACE}: components collapsed (1 empty)"


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        (Finding("n_iter_", 2, 3), "seen n_iter_ 2; should be 3"),
        (
            Finding("means_", 1.25, 2.5, tolerance=1e-6, component=2, feature=0),
            "seen means_ of component 2, feature 0 1.25; should be 2.5 within 1e-06",
        ),
        (
            Finding("covariances_", 1.25, 2.5, tolerance=0.0125, component=1, feature=(0, 1)),
            "seen covariances_ of component 1, feature (0, 1) 1.25; should be 2.5 within 0.0125",
        ),
        (
            Finding("covariances_", 1.25, 2.5, tolerance=0.5, feature=(0, 1)),
            "seen covariances_ of feature (0, 1) 1.25; should be 2.5 within 0.5",
        ),
        (
            Finding("weights_", 1.5, 1.0, aspect="sum", tolerance=1e-15),
            "seen weights_ (sum) 1.5; should be 1.0 within 1e-15",
        ),
        (
            Finding("weights_", "float32", "float64", aspect="dtype", way="explicit", frame=2),
            "explicit, frame 2: seen weights_ (dtype) float32; should be float64",
        ),
        (Finding("lower_bound_", -3.5, "at least -3.25", step=2), "step 2: seen lower_bound_ -3.5; should be at least"),
        (
            Finding("predict", "ValueError: no", "predictions", aspect="ValueError"),
            "seen ValueError: no from predict; should be predictions",
        ),
    ],
)
def test_a_finding_is_one_line(finding: Finding, words: str) -> None:
    assert sentence(finding).startswith(words)
    assert len(sentence(finding).splitlines()) == 1


def test_a_message_has_place_headline_findings_and_what_to_do() -> None:
    findings = [Finding("n_iter_", 2, 3), Finding("converged_", False, True)]
    assert render(PLACE, "it does not end", findings, "try this").splitlines() == [
        f"{PLACE}: it does not end",
        "  seen n_iter_ 2; should be 3",
        "  seen converged_ False; should be True",
        f"what to do: try this; {READ_MORE}",
    ]


@pytest.mark.parametrize(("is_baseline", "command"), [(False, "`nox -s reduce -- "), (True, "`nox -s bisect -- ")])
def test_a_promise_is_reduced_and_a_record_is_searched(is_baseline: bool, command: str) -> None:
    def test_something(subject: object, judgement: Judgement) -> None:  # noqa: ARG001
        judgement.expect(False, "n_iter_", 2, 3)

    subject = subject_of(CHAIN, ExactMixture)
    one = Check(test_something, headline="it is wrong", is_baseline=is_baseline)
    message = one.message(subject, one.judge(subject))
    assert message.startswith(f"ExactMixture on scikit-learn 1.9.1, case {CHAIN.name}: it is wrong\n")
    last = message.splitlines()[-1]
    assert last.startswith("what to do: " + command)
    assert f"--case {CHAIN.name}" in last or f"-- {CHAIN.name} --check" in last
    assert "--check test_something`" in last


@pytest.mark.parametrize(
    ("array", "words"),
    [(1.5, "1.5"), ([314.0, 173.5], "(314, 173.5)"), ([[1e-6, 0], [0, 1e-6]], "((1e-06, 0), (0, 1e-06))")],
)
def test_an_array_is_on_one_line(array: object, words: str) -> None:
    assert numbers(array) == words


def test_the_headline_of_a_fit_that_raised_is_that_it_raised() -> None:
    """The check's own words are about a fit that returned."""
    error = raised("fit", Raised("ValueError", "no"), "a fitted estimator")
    assert render(PLACE, "components collapsed", [error], "ask").splitlines()[0] == f"{PLACE}: the call raised"
    other = Finding("means_", 1.0, 2.0)
    said = render(PLACE, "the fit is another one", [error, other], "ask")
    assert said.splitlines()[0] == f"{PLACE}: the fit is another one"
