"""The fix is written as a patch that applies, does what the remedy does, and brings a test that notices its absence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.mixture
from sklearn.mixture import GaussianMixture

from fixtures.fault import Fault
from tests.support.remedies import WarmStartMixture
from tests.tools import release_environment, remedies, remedy_patch
from tests.tools.sources import tree

INSTALLED = release_environment.read_folder(Path(sklearn.mixture.__file__).parent)
CODE = INSTALLED[remedy_patch.CODE].decode("utf-8")
KINDS = ("full", "tied", "diag", "spherical")
LONGEST_LINE = 88  # of scikit-learn
OF_1_7 = """
class GaussianMixture:
    def _m_step(self, X, log_resp):
        self.weights_, self.means_, self.covariances_ = _estimate_gaussian_parameters(
            X, np.exp(log_resp), self.reg_covar, self.covariance_type
        )
        self.weights_ /= self.weights_.sum()
        self.precisions_cholesky_ = 0

    def _estimate_log_prob(self, X):
        pass
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of scikit-learn with the installed ``sklearn/mixture``."""
    folder = tmp_path / "scikit-learn"
    for name, content in INSTALLED.items():
        place = folder / "sklearn" / "mixture" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    (folder / "sklearn" / "__init__.py").write_text('__version__ = "1.9.1"\n', encoding="utf-8")
    return folder


def test_the_patch_applies_and_leaves_the_source_with_the_fix(checkout: Path, tmp_path: Path) -> None:
    change = remedy_patch.change_of("WarmStartMixture", str(checkout))
    written = tmp_path / "fix.patch"
    written.write_text(change.patch, encoding="utf-8")
    patched = tree.apply_patch(written, INSTALLED, "the installed release")
    assert patched[remedy_patch.CODE].decode("utf-8") == remedy_patch.with_fix(CODE, "it")
    added = [line[1:] for line in change.patch.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert max(map(len, added)) <= LONGEST_LINE
    assert not [line for line in change.patch.splitlines() if line.startswith("-") and not line.startswith("---")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_patched_source_fits_as_the_remedy_does(kind: str, dtype: Any) -> None:
    names: dict[str, Any] = {"__name__": "sklearn.mixture._patched"}
    exec(remedy_patch.with_fix(CODE, "it"), names)  # noqa: S102
    samples = np.array([[2, 1], [2, 3], [5, 5], [7, 4]], dtype=dtype)
    start = {"means_init": np.array([[3, 3], [900, 2]], dtype=dtype), "max_iter": 3, "tol": 1e3}
    precisions = np.array({"full": [np.eye(2)] * 2, "tied": np.eye(2), "diag": np.ones((2, 2))}.get(kind, np.ones(2)))
    start |= {"weights_init": np.array([0.5, 0.5], dtype=dtype), "precisions_init": precisions.astype(dtype)}
    one, other = (
        made(2, covariance_type=kind, **start).fit(samples) for made in (names["GaussianMixture"], WarmStartMixture)
    )
    for attribute in ("weights_", "means_", "covariances_", "precisions_cholesky_"):
        np.testing.assert_allclose(getattr(one, attribute), getattr(other, attribute), rtol=1e-6, atol=0)
    assert one.means_[1].min() > 1


def test_a_source_without_array_namespaces_gets_the_fix_without_them() -> None:
    fixed = remedy_patch.with_fix(OF_1_7, "1.7.2")
    compile(fixed, "patched", "exec")
    assert "self._estimate_lost_components(X, log_resp)\n" in fixed
    assert "xp" not in fixed.replace(".exp(", "").replace("np.exp", "")
    assert "private" not in fixed


@pytest.mark.parametrize("source", [OF_1_7.replace("/=", "="), remedy_patch.with_fix(OF_1_7, "it"), "x = 1\n"])
def test_a_source_with_another_m_step_is_refused(source: str) -> None:
    with pytest.raises(Fault, match=r"of it does not normalise weights_ once, or has the fix; should be as in 1.7"):
        remedy_patch.with_fix(source, "it")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_regression_test_fails_without_the_fix_and_passes_with_it(kind: str, dtype: Any) -> None:
    names: dict[str, Any] = {"np": np, "pytest": pytest, "GaussianMixture": GaussianMixture}
    exec(remedy_patch.TEST, names)  # noqa: S102
    with pytest.raises(AssertionError):
        names["test_lost_component"](kind, dtype)
    names["GaussianMixture"] = WarmStartMixture
    names["test_lost_component"](kind, dtype)


def test_array_namespaces_are_tested_where_the_source_tests_them() -> None:
    tests = INSTALLED[remedy_patch.TESTS].decode("utf-8")
    made = remedy_patch.with_test(tests)
    compile(made, "tests", "exec")
    assert made.count("def test_lost_component") == (2 if remedy_patch.COMPLIANCE in tests else 1)
    assert remedy_patch.with_test("import numpy\n").count("def test_lost_component") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["KeepLastParameters", "1.9.1"], "not a change of one method; should be WarmStartMixture"),
        (
            ["WarmStartMixture", "nightly"],
            "--patch is for a release, a checkout or REPO@REV; 'nightly' should be one of",
        ),
    ],
)
def test_what_cannot_be_patched_is_reported(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert remedies.main(["--patch", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_the_command_writes_a_patch_and_the_text_of_a_pull_request(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(remedies, "RESULTS", tmp_path / "results")
    assert remedies.main(["--patch", "WarmStartMixture", str(checkout)]) == 0
    written = sorted((tmp_path / "results").iterdir())
    assert [path.name for path in written] == [f"WarmStartMixture-scikit-learn{end}" for end in (".md", ".patch")]
    assert capsys.readouterr().out.count("written: ") == len(written)
    text = written[0].read_text(encoding="utf-8")
    assert "| `test_no_component_collapses` |" in text
    assert "| seconds of a fit" in text
