"""Benchmark: the seconds of a warm-started fit, by case.

Not part of the suite; ``nox -s bench`` runs it. A fit is timed on its own: the
estimator is made anew for each round, outside the clock.
"""

from typing import Any

import pytest

from fixtures.corpus import Case
from tests.support import environment, replay

pytest.importorskip("pytest_benchmark", reason="needs pytest-benchmark: pip install pytest-benchmark")

SECONDS_FOR_ONE_CASE = 2.0
FEWEST_ROUNDS = 3
MOST_ROUNDS = 100


def test_fit_time(benchmark: Any, case: Case, estimator_class: Any) -> None:
    """Time ``fit`` from the case's initial parameters."""
    outcome = replay.replay(case, estimator_class)[0]  # warms up, and says how many rounds fit
    if outcome.error or outcome.n_iter is None:
        pytest.fail("case {}: the fit raised {}; nothing to time".format(case.name, outcome.error), pytrace=False)
    benchmark.extra_info.update(environment.describe())
    benchmark.extra_info.update(
        n_iter=outcome.n_iter,
        n_samples=len(case.frame),
        n_features=case.frame.shape[1],
        n_components=case.n_components,
        covariance_type=case.settings.covariance_type,
        dtype=case.frame.dtype.name,
    )
    rounds = int(SECONDS_FOR_ONE_CASE / max(outcome.seconds, 1e-6))
    benchmark.pedantic(
        lambda estimator, frame: estimator.fit(frame),
        setup=lambda: ((replay.make_estimator(case, replay.initial(case), estimator_class), case.frame), {}),
        rounds=min(max(rounds, FEWEST_ROUNDS), MOST_ROUNDS),
    )
