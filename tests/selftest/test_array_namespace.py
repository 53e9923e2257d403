"""Array namespaces: what goes into a fit is of the library, and what comes out is numpy's; the ledger knows which."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import array_api_strict
import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from fixtures.corpus import PROJECT
from tests.selftest.fakes import Parameters
from tests.selftest.suite_runs import LEDGER, environment_of_a_run
from tests.support import array_namespace, ledger
from tests.support.array_namespace import Space, UnknownNamespace
from tests.support.check import UnderTest
from tests.support.estimator import ARRAY_API_VARIABLE

STRICT = "array_api_strict"
SPACE = Space(STRICT, array_api_strict, array_api_strict.Device("device1"), "device1")
SETTINGS = {"n_components": 1, "covariance_type": "full", "reg_covar": 0.0, "tol": 0.0, "max_iter": 1}
STARTS = {
    "weights_init": np.ones(1, np.float32), "means_init": np.ones((1, 2)), "precisions_init": np.eye(2)[np.newaxis],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _scipy_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ARRAY_API_VARIABLE, "1")


class Seen(Parameters):
    """Keeps what a fit sees, and leaves a mean of the samples' library."""

    seen: dict[str, Any] = {}

    def fit(self, X: Any) -> Seen:  # noqa: N803
        Seen.seen = {**vars(self), "X": X}
        self.means_ = X
        self.lower_bound_ = X[0, 0]
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803
        Seen.seen = {**vars(self), "X": X}
        return X


SEEN = array_namespace.in_namespace(Seen, SPACE)


def fitted(**changes: Any) -> Any:
    """An estimator after the fit of four samples in float32."""
    settings: dict[str, Any] = {**SETTINGS, **STARTS, "random_state": 0, **changes}
    return SEEN(**settings).fit(np.ones((4, 2), np.float32))


def test_what_is_fitted_is_of_the_library_its_device_and_the_dtype_of_the_samples() -> None:
    fitted()
    for name in ("X", *STARTS):
        array = Seen.seen[name]
        assert (SPACE.is_own(array), array.dtype, array.device) == (True, array_api_strict.float32, SPACE.device), name


def test_what_a_fit_leaves_is_numpys_and_what_was_given_is_as_it_was() -> None:
    model = fitted()
    assert isinstance(model.means_, np.ndarray)
    assert isinstance(model.lower_bound_, np.float32)
    assert all(getattr(model, name) is given for name, given in STARTS.items())


def test_integers_are_predicted_as_integers() -> None:
    labels = fitted().predict(np.arange(6).reshape(3, 2))
    assert Seen.seen["X"].dtype == array_api_strict.int64
    assert (labels == np.arange(6).reshape(3, 2)).all()
    assert SPACE.is_own(Seen.seen["means_"])


@pytest.mark.parametrize(
    ("changes", "init_params"),
    [({}, "random"), ({"init_params": "at will"}, "at will"), ({"means_init": None}, "kmeans")],
    ids=["all is given", "unknown", "one is not given"],
)
def test_init_params_that_are_not_used_are_not_passed_on(changes: dict[str, Any], init_params: str) -> None:
    model = fitted(**changes)
    assert Seen.seen["init_params"] == init_params
    assert model.init_params == changes.get("init_params", "kmeans")


def test_a_copy_by_pickle_is_of_the_same_class() -> None:
    copied = pickle.loads(pickle.dumps(fitted()))  # noqa: S301  (our own)
    assert type(copied) is SEEN
    assert (copied.means_ == 1).all()


@pytest.mark.parametrize(
    ("name", "device", "release", "says"),
    [
        (STRICT, None, "1.7.2", r"takes arrays of numpy only; should be a release from 1\.8 on"),
        ("no_such_library", None, "1.9.1", "cannot be imported"),
        (STRICT, "gpu", "1.9.1", "'gpu' is no device of array_api_strict here"),
        ("numpy", "cpu", "1.9.1", "should come with --array-namespace"),
    ],
)
def test_what_cannot_be_fitted_with_is_refused(name: str, device: str | None, release: str, says: str) -> None:
    with pytest.raises(UnknownNamespace, match=says):
        array_namespace.open_space(name, device, release)


def test_scipy_has_to_know_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ARRAY_API_VARIABLE, raising=False)
    with pytest.raises(UnknownNamespace, match="SCIPY_ARRAY_API should be 1"):
        array_namespace.open_space(STRICT, None, "1.9.1")


def ledger_of(folder: Path, arrays: Any) -> ledger.Ledger:
    """A ledger whose only defect is there with some arrays."""
    content = json.loads(json.dumps(LEDGER))
    content["defects"][0]["found"][0]["arrays"] = arrays
    path = folder / "ledger.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return ledger.read_ledger(path)


def test_a_defect_is_listed_for_the_arrays_that_it_names(tmp_path: Path) -> None:
    known = ledger_of(tmp_path, ["torch", STRICT])
    assert [bool(known.listed_for("1.9.1", name)) for name in ("numpy", "torch", STRICT)] == [False, True, True]
    assert [bool(ledger_of(tmp_path, ["numpy"]).listed_for("1.9.1", name)) for name in ("numpy", "torch")] == [
        True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("arrays", [[], "torch", [1], ["torch", "torch"], ["a\nb"], ["\u0661"]])
def test_arrays_that_are_no_names_are_refused(arrays: Any, tmp_path: Path) -> None:
    with pytest.raises(ledger.BadLedger, match="arrays"):
        ledger_of(tmp_path, arrays)


def test_the_suite_is_green_with_arrays_of_another_library() -> None:
    words = ["-q", "-p", "no:cacheprovider", "-p", "no:benchmark", "-k", "control-around-the-origin"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "-v", "--array-namespace", STRICT, "--device", "device1"],
        cwd=PROJECT, env=environment_of_a_run(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    assert "arrays: array_api_strict on device1; ledger" in run.stdout
    assert "array-init-params-refused" in run.stdout


def test_a_message_names_the_class_and_the_arrays() -> None:
    said = [UnderTest(one, "1.9.1").words for one in (Seen, SEEN, GaussianMixture)]
    assert said == [
        "Seen on scikit-learn 1.9.1",
        "Seen on scikit-learn 1.9.1 and arrays of array_api_strict on device1",
        "scikit-learn 1.9.1",
    ]
