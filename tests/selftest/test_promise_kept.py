"""Estimators that keep every promise pass every check, and nothing of it is left unjudged."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from sklearn.mixture import GaussianMixture

from fixtures.corpus import load_case, traits_of
from tests.selftest.promise_fakes import (
    CHAIN,
    CONVERGES,
    PROMISES,
    RELEASE,
    STOPS,
    ExactMixture,
    broken,
    judgements,
    many_samples_of,
    promise_case,
    subject_of,
)
from tests.support import remedies
from tests.support.check import UnderTest
from tests.support.judgement import KEPT, Judgement
from tests.support.ledger import read_ledger
from tests.support.replay import WARM_START
from tests.support.subject import Subject

KINDS = ("full", "tied", "diag", "spherical")
# Known defects of every release that has what they need.
NEVER_KEPT = {
    "test_a_fit_that_raises_leaves_the_last_one",
    "test_a_refusal_names_the_initial_parameter",
    "test_a_start_at_samples_has_weights_that_sum_to_one",
    "test_a_warm_fit_of_no_iterations_leaves_the_lower_bound",
    "test_another_covariance_type_is_not_ignored",
    "test_another_number_of_components_is_not_ignored",
    "test_another_number_of_features_is_named",
    "test_no_iterations_leave_what_was_given",
    "test_the_range_of_weights_is_told",
    "test_the_number_of_samples_that_is_refused_is_named",
}
CONTROLS = (
    "control-16d",
    "control-around-the-origin",
    "control-still-scene-diag",
    "control-1d-one-component",
    "control-flicker-and-noise",
)
CHAIN_CONTROL = "chain-control-slow-pan"


def applying(name: str) -> list[str]:
    """The promises that can be asked about a case of the corpus."""
    under_test = UnderTest(GaussianMixture, RELEASE)
    return [one.name for one in PROMISES.values() if one.applies(traits_of(name), under_test)]


FOR_OTHER_CLASSES = ["test_nothing_of_scikit_learns_class_is_missing"]
LISTED = {(entry.case, entry.check) for entry in read_ledger().listed_for(sklearn.__version__)}
ASKED = [
    (control, name)
    for control in CONTROLS
    for name in applying(control)
    if name not in NEVER_KEPT and (control, name) not in LISTED
]


@pytest.fixture(scope="module", params=KINDS)
def exact(request: pytest.FixtureRequest) -> dict[tuple[str, str], Judgement]:
    one = promise_case(request.param)
    return judgements(ExactMixture, (one, promise_case(request.param, n_frames=3), many_samples_of(one)))


@pytest.fixture(scope="module")
def controls() -> dict[str, Subject]:
    return {name: subject_of(load_case(name), GaussianMixture) for name in CONTROLS}


@pytest.mark.parametrize("name", PROMISES)
def test_a_check_passes_on_exact_em(exact: dict[tuple[str, str], Judgement], name: str) -> None:
    ends = [judgement for (check_name, _), judgement in exact.items() if check_name == name]
    assert {judgement.end() for judgement in ends} == {KEPT}, [judgement.findings for judgement in ends]
    assert [reason for judgement in ends for reason in judgement.missing] == []


@pytest.mark.parametrize(("control", "name"), ASKED)
def test_a_check_passes_on_scikit_learn_where_nothing_is_hard(
    controls: dict[str, Subject], control: str, name: str
) -> None:
    judgement = PROMISES[name].judge(controls[control])
    assert judgement.end() == KEPT, (judgement.findings, judgement.missing)


def test_a_check_of_chains_passes_on_a_remedy() -> None:
    subject = subject_of(load_case(CHAIN_CONTROL), remedies.LogDomainMixture)
    judgement = PROMISES["test_warm_start_equals_explicit_replays"].judge(subject)
    assert judgement.end() == KEPT, (judgement.findings, judgement.missing)


@pytest.mark.parametrize("name", FOR_OTHER_CLASSES)
def test_a_check_of_other_classes_passes_on_a_remedy(name: str) -> None:
    judgement = PROMISES[name].judge(subject_of(load_case(PROMISES[name].cases[0]), remedies.LogDomainMixture))
    assert judgement.end() == KEPT, (judgement.findings, judgement.missing)


def test_every_promise_is_asked_of_scikit_learn_or_a_remedy() -> None:
    asked = {name for _, name in ASKED} | {*NEVER_KEPT, *applying(CHAIN_CONTROL), *FOR_OTHER_CLASSES}
    assert asked == set(PROMISES)


def test_the_right_estimator_breaks_nothing() -> None:
    assert broken(ExactMixture) == {}


def test_the_cases_are_what_the_fakes_need() -> None:
    converged, stopped = (subject_of(case, ExactMixture).first for case in (CONVERGES, STOPS))
    warm = subject_of(CHAIN, ExactMixture).replays[WARM_START]
    assert converged.converged
    assert not stopped.converged
    assert 3 < (converged.n_iter or 0) <= 20
    assert all((outcome.n_iter or 0) > 2 for outcome in warm)
    assert np.issubdtype(CONVERGES.frame.dtype, np.integer)
