"""Whatever an estimator leaves, a check passes or raises a Defect: it never stumbles itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.selftest.promise_fakes import CHAIN, CHECKS, CONVERGES, FOR_CHAINS, PLACE, SHORT, Arguments, ExactMixture
from tests.support.messages import Defect
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


RUBBISH: dict[str, tuple[Any, str]] = {
    "nothing": (LeavesNothing, "mixture"),
    "an error": (Raises, "end"),
    "a negative weight": (left("weights_", lambda weights: weights - [0.6, 0, -0.6]), "mixture"),
    "a mean that is nan": (left("means_", lambda means: means * [1, np.nan]), "mixture"),
    "means of wrong shape": (left("means_", lambda means: means[1:]), "mixture"),
    "an indefinite covariance": (left("covariances_", lambda covariances: -covariances), "mixture"),
    "no covariances": (left("covariances_", None), "mixture"),
    "no precisions": (left("precisions_", None), "mixture"),
    "indefinite precisions": (left("precisions_", lambda precisions: -precisions), "mixture"),
    "precisions that are nan": (left("precisions_", lambda precisions: precisions * np.nan), "mixture"),
    "precisions of wrong shape": (left("precisions_", lambda precisions: precisions[1:]), "mixture"),
    "factors that are nan": (left("precisions_cholesky_", lambda factors: factors * np.nan), "mixture"),
    "no n_iter_": (left("n_iter_", None), "convergence"),
    "no lower_bound_": (left("lower_bound_", None), "end"),
    "a lower bound that is nan": (left("lower_bound_", float("nan")), "bound"),
    "no converged_": (left("converged_", None), "convergence"),
    "probabilities of wrong shape": (method("predict_proba", lambda rows: rows[:, 1:]), "predictions"),
    "probabilities that are nan": (method("predict_proba", lambda rows: rows * np.nan), "predictions"),
    "negative labels": (method("predict", lambda labels: -1 - labels), "predictions"),
    "labels that are not integers": (method("predict", lambda labels: labels + 0.5), "predictions"),
    "densities of wrong shape": (method("score_samples", lambda density: density[1:]), "predictions"),
    "densities as a column": (method("score_samples", lambda density: density[:, np.newaxis]), "predictions"),
    "no score": (method("score", lambda _: None), "predictions"),
}


@pytest.mark.parametrize("name", RUBBISH)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # nan
def test_rubbish_is_found(name: str) -> None:
    fake, check_name = RUBBISH[name]
    with pytest.raises(Defect, match=rf"^{PLACE}.*: (.|\n)*should"):
        Arguments(CONVERGES, fake).call(CHECKS[SHORT[check_name]])


@pytest.mark.parametrize("name", RUBBISH)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # nan
def test_a_check_raises_nothing_but_a_defect(name: str) -> None:
    fake, _ = RUBBISH[name]
    stumbles = {}
    for case in (CONVERGES, CHAIN):
        arguments = Arguments(case, fake)
        for check_name, check in CHECKS.items():
            if (check_name in FOR_CHAINS) == (case is CHAIN):
                try:
                    arguments.call(check)
                except Defect:
                    pass
                except Exception as error:  # which is what must not be
                    stumbles[check_name] = f"{type(error).__name__}: {error}"
    assert stumbles == {}
