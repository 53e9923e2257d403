"""scikit-learn's own tests on the remedies: what fails newly is named, and explained or reported."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.tools import own_tests, remedies
from tests.tools.remedies import Count

STOCK = {
    "sklearn.mixture.tests": {"test_m.py::test_a[full]": "passed", "test_m.py::test_b": "failed"},
    "check_estimator": {},
}
RESET = "test_convergence_detected_with_warm_start"


def test_what_fails_newly_is_named_once_without_parameters() -> None:
    ends = {
        "sklearn.mixture.tests": dict.fromkeys(
            ["test_m.py::test_a[full]", "test_m.py::test_a[x::y]", "test_m.py::test_b"], "failed"
        ),
        "check_estimator": {"check_c": "failed", "check_d": "passed"},
    }
    assert own_tests.newly_failing(ends, STOCK) == ["check_c", "test_a"]


def test_ends_are_counted_as_rows_of_the_table() -> None:
    assert remedies.as_counts(STOCK)["sklearn.mixture.tests"] == Count(kept=1, broken=1)


def test_a_failure_that_is_not_explained_is_reported() -> None:
    assert own_tests.unexplained("WarmStartMixture", ["test_a"]) == [
        "WarmStartMixture fails test_a, which GaussianMixture passes; should pass it"
    ]


def test_an_explanation_of_a_test_that_passes_is_reported() -> None:
    explained = list(own_tests.EXPLAINED["KeepLastParameters"])
    assert own_tests.unexplained("KeepLastParameters", explained) == []
    (line,) = own_tests.unexplained("KeepLastParameters", [one for one in explained if one != RESET])
    assert line == f"KeepLastParameters passes {RESET}; should not be in EXPLAINED"


def test_a_check_that_the_fix_fails_more_often_than_scikit_learn_ends_with_1() -> None:
    good = {name: {"test_a": Count(5, 2)} for name in ("GaussianMixture", "WarmStartMixture")} | {
        "LogDomainMixture": {}
    }
    failing = {name: list(explained) for name, explained in own_tests.EXPLAINED.items()}
    assert remedies.verdict(good, failing) == 0
    assert remedies.verdict({**good, "WarmStartMixture": {"test_a": Count(4, 3)}}, failing) == 1
    assert remedies.verdict(good, {**failing, "WarmStartMixture": ["test_a"]}) == 1


def test_the_fix_fails_none_of_scikit_learns_own_tests_that_pass_without_it() -> None:
    stock, fix = (
        own_tests.ends_of(remedies.REMEDIES[name], Path(sys.executable), name)
        for name in ("GaussianMixture", "WarmStartMixture")
    )
    assert own_tests.newly_failing(fix, stock) == []
    assert all("passed" in found.values() for found in fix.values())
