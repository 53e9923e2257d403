"""Benchmark: the seconds of a fit, by case; and how they grow with the size of the frame.

Not part of the suite; ``nox -s bench`` runs it. A fit is timed on its own: the
estimators are made anew for each round, outside the clock.
"""

from typing import Any, Tuple

import pytest

from fixtures.corpus import Case
from tests.support import environment, replay
from tests.workers import fit_timer

pytest.importorskip("pytest_benchmark", reason="needs pytest-benchmark: pip install pytest-benchmark")

SECONDS_FOR_ONE_CASE = 1.0
FEWEST_ROUNDS = 3
MOST_ROUNDS = 100

# The capture; then by samples, components, features, covariance type and dtype.
FRAMES = (
    "capture-frame-44", "control-still-scene", "control-still-scene-float32", "control-still-scene-diag",
    "control-still-scene-tied", "control-still-scene-spherical", "control-16d", "control-64-objects",
    "issue-10122-slow-convergence", "object-leaves-frame", "object-leaves-20000-samples",
)  # fmt: skip
CHAINS = ("chain-control-slow-pan", "chain-object-leaves")
STARTS = [(name, start) for name in FRAMES for start in (fit_timer.COLD, replay.EXPLICIT)]
STARTS += [(name, replay.WARM_START) for name in CHAINS]

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
# samples, components, features: each grows alone, from where calls no longer take longer than arithmetic.
SIZES = [(n_samples, 5, 2) for n_samples in (4000, 16000, 64000)]
SIZES += [(4000, n_components, 2) for n_components in (10, 20, 40)]
SIZES += [(4000, 5, n_features) for n_features in (8, 16, 32)]


@pytest.mark.parametrize(("case_name", "start"), STARTS)
def test_fit_time(benchmark: Any, case: Case, start: str, estimator_class: Any) -> None:
    """Time the fits of a case's frames, started cold, from its parameters, or warm."""
    benchmark.group = case.name
    run(benchmark, fit_timer.Subject(case, start, estimator_class))


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("size", SIZES, ids="{0[0]}-{0[1]}-{0[2]}".format)
def test_scaling(benchmark: Any, size: Tuple[int, int, int], covariance_type: str, estimator_class: Any) -> None:
    """Time a fixed number of EM iterations on a made frame."""
    benchmark.group = covariance_type
    case = fit_timer.made_case(size, covariance_type)
    run(benchmark, fit_timer.Subject(case, replay.EXPLICIT, estimator_class))


def run(benchmark: Any, subject: fit_timer.Subject) -> None:
    """Time a subject for about a second, and note what it is and what it needs."""
    with fit_timer.held_still(environment.threads_asked()):
        try:
            n_iter, seconds = fit_timer.first_fits(subject)  # warms up too
        except Exception as error:  # whatever the estimator raises: there is nothing to time
            raised = "{}: {}".format(type(error).__name__, error)
            pytest.fail("case {}: the fit raised {}; nothing to time".format(subject.case.name, raised), pytrace=False)
        # Before the clock: to count what is allocated makes a fit slower.
        peak = fit_timer.peak_memory(subject)
        rounds = int(SECONDS_FOR_ONE_CASE / max(seconds, 1e-6))
        benchmark.extra_info.update(environment.describe())
        rounds = min(max(rounds, FEWEST_ROUNDS), MOST_ROUNDS)
        benchmark.pedantic(subject.fit, setup=lambda: ((subject.estimators(),), {}), rounds=rounds)
    case = subject.case
    benchmark.extra_info.update(
        start=subject.way, n_iter=n_iter, n_samples=sum(len(frame) for frame in case.frames),
        n_features=case.frame.shape[1], n_components=case.n_components, dtype=case.frame.dtype.name,
        covariance_type=case.settings.covariance_type, peak_memory_bytes=peak,
    )  # fmt: skip
    if benchmark.stats:  # none with --benchmark-disable
        benchmark.extra_info["seconds_per_iteration"] = benchmark.stats.stats.median / max(n_iter, 1)
