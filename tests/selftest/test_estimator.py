"""A fault in the call of pytest, mostly an estimator that cannot be judged: one clear line and its exit code."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from tests.selftest.suite_runs import Run
from tests.support import remedies
from tests.support.estimator import DEFAULT_ESTIMATOR, PARAMETERS, UnknownEstimator, import_estimator

HAS_XP = "xp" in inspect.signature(GaussianMixture._estimate_log_prob).parameters
OPTIONS = {
    "no colon": "--estimator=GaussianMixture",
    "no module": "--estimator=no_such_module:GaussianMixture",
    "no class": "--estimator=tests.selftest.fakes:NoSuchFake",
    "other parameters": "--estimator=tests.selftest.fakes:TakesNoParameters",
    "no fit": "--estimator=builtins:dict",
    "no folder": "--capture-dir=no such folder",
}


@pytest.fixture(scope="module")
def runs(project: Path, start_run: Callable[..., Future[Run]]) -> dict[str, Future[Run]]:
    """A run with each of the wrong options, and one with a wrong environment variable."""
    started = {fault: start_run(project, option) for fault, option in OPTIONS.items()}
    return started | {"no folder in GMM_CAPTURE": start_run(project, GMM_CAPTURE="no such folder")}


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("no colon", "--estimator is 'GaussianMixture'; should be MODULE:CLASS, like sklearn.mixture:GaussianMixture"),
        ("no module", "--estimator names the module 'no_such_module', which cannot be imported (No module named"),
        ("no class", "--estimator names 'NoSuchFake', which tests.selftest.fakes does not define; should be a class"),
        ("other parameters", "has no parameter n_components, covariance_type, "),
        ("no fit", "--estimator names builtins:dict, which has no method fit; should have one"),
        ("no folder", "names 'no such folder', which is not a folder; should be the folder that holds"),
        ("no folder in GMM_CAPTURE", "GMM_CAPTURE names 'no such folder', which is not a folder; should be the folder"),
    ],
)
def test_a_wrong_call_is_refused_in_one_line(runs: dict[str, Future[Run]], fault: str, seen: str) -> None:
    assert seen in runs[fault].result().usage_error()


def test_the_line_names_the_option_that_was_typed(runs: dict[str, Future[Run]]) -> None:
    """Plain pytest has a --capture of its own, which means something else."""
    assert "--capture-dir names" in runs["no folder"].result().usage_error()


@pytest.mark.parametrize("path", ["", ":", "module:", ":Class", ".fakes:Raises", "..fakes:Raises"])
def test_an_estimator_that_is_no_module_and_class_is_refused(path: str) -> None:
    with pytest.raises(UnknownEstimator, match=r"should be "):
        import_estimator(path)


@pytest.mark.parametrize("path", ["tests.selftest.fakes:np", "tests.selftest.fakes:ERROR", "math:sqrt"])
def test_an_estimator_that_is_no_class_is_refused(path: str) -> None:
    with pytest.raises(UnknownEstimator, match=r"should be a class"):
        import_estimator(path)


def test_a_module_that_cannot_be_compiled_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_written_estimator.py").write_text("class Half(\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnknownEstimator, match=r"cannot be imported"):
        import_estimator("half_written_estimator:Half")


class NoInitParams:
    """GaussianMixture's parameters but one."""

    def __init__(  # noqa: PLR0917
        self, n_components: int = 1, covariance_type: str = "full", tol: float = 1e-3, reg_covar: float = 1e-6,
        max_iter: int = 100, n_init: int = 1, weights_init: Any = None, means_init: Any = None,
        precisions_init: Any = None, random_state: Any = None, warm_start: bool = False,
    ) -> None:  # fmt: skip
        raise NotImplementedError

    def fit(self, X: np.ndarray) -> NoInitParams:  # noqa: N803
        raise NotImplementedError


class TakesAnything:
    """Whatever it is given."""

    def __init__(self, **parameters: Any) -> None:
        raise NotImplementedError

    def fit(self, X: np.ndarray) -> TakesAnything:  # noqa: N803
        raise NotImplementedError


class OldHook(GaussianMixture):  # type: ignore[misc]
    """A method as it was before 1.8."""

    def _estimate_log_prob(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return super()._estimate_log_prob(X)


class InheritsOldHook(OldHook):
    """Overrides nothing itself."""


class HookOfAnyParameters(GaussianMixture):  # type: ignore[misc]
    """Passes on what it does not know."""

    def _estimate_log_prob(self, X: np.ndarray, **parameters: Any) -> np.ndarray:  # noqa: N803
        return super()._estimate_log_prob(X, **parameters)


class HookWithAnotherName(GaussianMixture):  # type: ignore[misc]
    """Takes what is passed by place under a name of its own."""

    def _estimate_log_prob(self, samples: np.ndarray, xp: Any = None) -> np.ndarray:
        return super()._estimate_log_prob(samples, xp=xp)

    def fit(self, samples: np.ndarray) -> HookWithAnotherName:
        return super().fit(samples)


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*arguments: Any, **parameters: Any) -> Any:
        return function(*arguments, **parameters)

    return call


class DecoratedOldHook(GaussianMixture):  # type: ignore[misc]
    """The decorator takes anything, and what it calls does not."""

    @decorated
    def _estimate_log_prob(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        return super()._estimate_log_prob(X)


class DecoratedHook(GaussianMixture):  # type: ignore[misc]
    """What the decorator calls takes all."""

    @decorated
    def _estimate_log_prob(self, X: np.ndarray, xp: Any = None) -> np.ndarray:  # noqa: N803
        return super()._estimate_log_prob(X, xp=xp)


def path_of(estimator_class: type) -> str:
    return f"{estimator_class.__module__}:{estimator_class.__name__}"


def refusal(path: str) -> str:
    """The one line with which an estimator is refused."""
    with pytest.raises(UnknownEstimator) as caught:
        import_estimator(path)
    message = str(caught.value)
    assert message.splitlines() == [message]
    assert message.startswith(f"--estimator names {path}, ")
    return message


@pytest.mark.parametrize(
    ("path", "lacks"),
    [
        ("sklearn.mixture:BayesianGaussianMixture", "weights_init, means_init, precisions_init"),
        (path_of(NoInitParams), "init_params"),
        ("tests.selftest.fakes:TakesNoParameters", ", ".join(PARAMETERS)),
    ],
)
def test_an_estimator_with_other_parameters_is_refused(path: str, lacks: str) -> None:
    assert refusal(path).endswith(f"which has no parameter {lacks}; should have those of GaussianMixture")


@pytest.mark.parametrize("estimator_class", [OldHook, InheritsOldHook, DecoratedOldHook])
@pytest.mark.skipif(not HAS_XP, reason="this release passes no xp")
def test_a_hook_of_an_old_release_is_refused(estimator_class: type) -> None:
    assert "whose _estimate_log_prob(self, X) does not take xp, which this release of scikit-learn" in refusal(
        path_of(estimator_class)
    )


@pytest.mark.parametrize(
    "estimator_class",
    [
        GaussianMixture,
        TakesAnything,
        HookOfAnyParameters,
        HookWithAnotherName,
        DecoratedHook,
        remedies.LogDomainMixture,
    ],
)
def test_an_estimator_that_can_be_called_is_accepted(estimator_class: type) -> None:
    assert import_estimator(path_of(estimator_class)) is estimator_class


def test_the_default_estimator_is_accepted() -> None:
    assert import_estimator(DEFAULT_ESTIMATOR) is GaussianMixture
