"""scikit-learn's own tests on each remedy: how they ended, and why some fail that pass on scikit-learn's class."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support.estimator import ARRAY_API_VARIABLE
from tests.tools import release_environment
from tests.tools.release_table import Release
from tests.tools.worker_process import WorkerProcess

SUITES = ("sklearn.mixture.tests", "check_estimator")
SECONDS_OF_A_RUN = 1800.0
Ends = dict[str, dict[str, str]]  # how each test ended, by suite and by test

_RESET = "a warm start measures its first change from nothing, so fits of one iteration each never converge"
_NUMPY = "it takes numpy arrays only"
EXPLAINED = {
    "LogDomainMixture": {
        "test_convergence_detected_with_warm_start": _RESET,
        "test_monotonic_likelihood": _RESET,
        "test_gaussian_mixture_array_api_compliance": _NUMPY,
        "test_gaussian_mixture_all_init_does_not_estimate_gaussian_parameters": (
            "it has an M-step of its own, and never calls the function that is counted"
        ),
        "test_gaussian_mixture_setting_best_params": (
            "the fit ends in a singular covariance (reg_covar is 0), which the rounding of the release just avoids"
        ),
    },
    "KeepLastParameters": {
        "test_convergence_detected_with_warm_start": _RESET,
        "test_monotonic_likelihood": _RESET,
        "test_gaussian_mixture_array_api_compliance": _NUMPY,
    },
}


@contextlib.contextmanager
def environment(release: Release) -> Iterator[Path]:
    """An environment of a release that has array_api_strict, too."""
    steps = [*release_environment.steps_of(release), release_environment.group("own-tests")]
    with release_environment.private_folder() as scratch:
        yield release_environment.make_of(release.python, steps, scratch / "environment")


def ends_of(estimator: str, python: Path, name: str) -> Ends:
    """Run both suites on the class of a path, in a process of its own."""
    variables = {ARRAY_API_VARIABLE: "1", "PYTEST_ADDOPTS": ""}  # without the first, array namespaces are skipped
    with WorkerProcess(python, "tests.workers.own_tests", name, variables) as worker:
        ends: Ends = worker.ask("run", timeout=SECONDS_OF_A_RUN, path=estimator)
    return ends


def newly_failing(ends: Ends, before: Ends) -> list[str]:
    """Tests, without their parameters, that fail and did not before."""
    failed = [
        test.partition("[")[0].rpartition("::")[2]
        for suite, found in ends.items()
        for test, end in found.items()
        if end == "failed" and before[suite].get(test) != "failed"
    ]
    return sorted(set(failed))


def unexplained(name: str, failing: list[str]) -> list[str]:
    """What should be put right: tests that fail unexplained, and explanations of tests that do not fail."""
    explained = EXPLAINED.get(name, {})
    unknown, gone = set(failing) - set(explained), set(explained) - set(failing)
    return [
        *(f"{name} fails {test}, which GaussianMixture passes; should pass it" for test in sorted(unknown)),
        *(f"{name} passes {test}; should not be in EXPLAINED" for test in sorted(gone)),
    ]


def explanations(failing: Mapping[str, list[str]]) -> str:
    """Every test that fails on a remedy only, with the reason, as a Markdown list."""
    return "\n".join(
        f"- `{name}` fails `{test}`: {EXPLAINED.get(name, {}).get(test, 'not explained')}."
        for name, tests in failing.items()
        for test in tests
    )
