"""Whatever an estimator leaves, a check ends in one of its three ways: it never raises an error of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.selftest.promise_fakes import CHAIN, CONVERGES, PROMISES, ExactMixture, asked_about, subject_of
from tests.support.findings import as_json, from_json
from tests.support.judgement import BROKEN, NOT_JUDGED
from tests.support.reference import Trajectory


class Rubbish(ExactMixture):
    """Every fit leaves one attribute as it should not be."""

    attribute = ""

    def change(self) -> Any:
        """Give what is left in place of the attribute."""
        return None

    def leave_whole(self, trajectory: Trajectory, samples: np.ndarray) -> None:  # noqa: ARG002
        setattr(self, self.attribute, self.change())

    leave_step = leave_whole


def left(attribute: str, value: Any) -> type[Rubbish]:
    """A fake that leaves an attribute as given, or as a function of what is right."""

    class Fake(Rubbish):
        def change(self) -> Any:
            return value(getattr(self, attribute)) if callable(value) else value

    Fake.attribute = attribute
    return Fake


def method(name: str, value: Any) -> type[ExactMixture]:
    """A fake whose method gives something else: a function of what is right."""

    class Fake(ExactMixture):
        pass

    right = getattr(ExactMixture, name)
    setattr(Fake, name, lambda self, X: value(right(self, X)))  # noqa: N803
    return Fake


class LeavesNothing(ExactMixture):
    """The fit returns, and sets no attribute."""

    def fit(self, X: np.ndarray) -> ExactMixture:  # noqa: ARG002, N803
        return self


class Raises(ExactMixture):
    """No fit succeeds."""

    def read(self, X: np.ndarray) -> np.ndarray:  # noqa: ARG002, N803
        raise ValueError("no")


MIXTURE = "test_parameters_are_a_mixture"
END = "test_components_end_where_exact_em_puts_them"
BOUND = "test_lower_bound_is_what_the_parameters_give"
PREDICTIONS = "test_predictions_follow_from_the_parameters"
CONVERGENCE = "test_convergence_is_as_said"

RUBBISH: dict[str, tuple[Any, str]] = {
    "an error": (Raises, END),
    "a negative weight": (left("weights_", lambda weights: weights - [0.6, 0, -0.6]), MIXTURE),
    "a mean that is nan": (left("means_", lambda means: means * [1, np.nan]), MIXTURE),
    "means of wrong shape": (left("means_", lambda means: means[1:]), MIXTURE),
    "an indefinite covariance": (left("covariances_", lambda covariances: -covariances), MIXTURE),
    "indefinite precisions": (left("precisions_", lambda precisions: -precisions), MIXTURE),
    "precisions that are nan": (left("precisions_", lambda precisions: precisions * np.nan), MIXTURE),
    "precisions of wrong shape": (left("precisions_", lambda precisions: precisions[1:]), MIXTURE),
    "factors that are nan": (left("precisions_cholesky_", lambda factors: factors * np.nan), MIXTURE),
    "a lower bound that is nan": (left("lower_bound_", float("nan")), BOUND),
    "probabilities of wrong shape": (method("predict_proba", lambda rows: rows[:, 1:]), PREDICTIONS),
    "probabilities that are nan": (method("predict_proba", lambda rows: rows * np.nan), PREDICTIONS),
    "negative labels": (method("predict", lambda labels: -1 - labels), PREDICTIONS),
    "labels that are not integers": (method("predict", lambda labels: labels + 0.5), PREDICTIONS),
    "densities of wrong shape": (method("score_samples", lambda density: density[1:]), PREDICTIONS),
    "densities as a column": (method("score_samples", lambda density: density[:, np.newaxis]), PREDICTIONS),
    "no score": (method("score", lambda _: None), PREDICTIONS),
}

# What is not there is not rubbish: nobody can say what is wrong with it.
NOTHING: dict[str, tuple[Any, str]] = {
    "nothing": (LeavesNothing, MIXTURE),
    "no covariances": (left("covariances_", None), MIXTURE),
    "no precisions": (left("precisions_", None), PREDICTIONS),
    "no n_iter_": (left("n_iter_", None), CONVERGENCE),
    "no lower_bound_": (left("lower_bound_", None), BOUND),
    "no converged_": (left("converged_", None), CONVERGENCE),
}


@pytest.mark.parametrize("name", RUBBISH)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # nan
def test_rubbish_is_found(name: str) -> None:
    fake, check_name = RUBBISH[name]
    judgement = PROMISES[check_name].judge(subject_of(CONVERGES, fake))
    assert judgement.end() == BROKEN
    assert all(finding.what and finding.should_be not in (None, "") for finding in judgement.findings)


@pytest.mark.parametrize("name", NOTHING)
def test_what_is_not_there_is_not_judged(name: str) -> None:
    fake, check_name = NOTHING[name]
    judgement = PROMISES[check_name].judge(subject_of(CONVERGES, fake))
    assert judgement.end() == NOT_JUDGED
    assert "the fit left no " in judgement.reason()


@pytest.mark.parametrize("name", [*RUBBISH, *NOTHING])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # nan
def test_a_check_raises_no_error_of_its_own(name: str) -> None:
    fake, _ = {**RUBBISH, **NOTHING}[name]
    errors = {}
    for case in (CONVERGES, CHAIN):
        subject = subject_of(case, fake)
        for one in asked_about(case):
            try:
                judgement = one.judge(subject)
                assert one.message(subject, judgement)
                assert len(from_json(as_json(judgement.findings))) == len(judgement.findings)
            except Exception as error:  # which is what must not be
                errors[one.name] = f"{type(error).__name__}: {error}"
    assert errors == {}
