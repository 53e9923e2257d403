"""Numbers whose products leave the range of their dtype, or that no fit could start from, are a broken case."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from fixtures.validation import BrokenCase
from tests.selftest.case_files import FRAME, FULL, MEANS, PRECISIONS, StoredCase, store_case
from tests.support.reference import exact_replay
from tests.support.replay import replay


@pytest.fixture
def stored(tmp_path: Path) -> StoredCase:
    """The small case, whole."""
    return store_case(tmp_path / "cases")


IN_RANGE = ", so that no product leaves the range of "
SAMPLES = {"float64": "from -1.16e+77 to 1.16e+77", "float32": "from -4.29e+09 to 4.29e+09"}
PRECISE = {"float64": "from 7.46e-155 to 3.94e+115", "float32": "from 5.42e-20 to 2.81e+14"}


@pytest.mark.parametrize(("dtype", "value"), [("float64", 1e308), ("float64", -2e77), ("float32", 1e38)])
@pytest.mark.parametrize("file_name", ["frame.npy", "means.npy"])
def test_samples_and_means_whose_squares_overflow_are_refused(
    stored: StoredCase, file_name: str, dtype: str, value: float
) -> None:
    array = np.load(stored.folder / file_name).astype(dtype)
    array[1, 0] = value
    stored.put_array(file_name, array)
    seen = f"holds {array[1, 0]} at (1, 0)"
    assert stored.refusal(file_name) == f"{seen}; should be {SAMPLES[dtype]}{IN_RANGE}{dtype}"


@pytest.mark.parametrize(("dtype", "value"), [("float64", 1e308), ("float64", 1e-310), ("float32", 1e-40)])
@pytest.mark.parametrize("covariance_type", ["diag", "spherical"])
def test_a_precision_whose_products_or_inverse_overflow_is_refused(
    tmp_path: Path, covariance_type: str, dtype: str, value: float
) -> None:
    stored = store_case(tmp_path / "cases", covariance_type)
    precisions = PRECISIONS[covariance_type].astype(dtype)
    precisions.flat[-1] = value
    stored.put_array("precisions.npy", precisions)
    seen = f"holds the precision {precisions.flat[-1]} at {tuple(length - 1 for length in precisions.shape)}"
    assert stored.refusal("precisions.npy") == f"{seen}; should be {PRECISE[dtype]}{IN_RANGE}{dtype}"


@pytest.mark.parametrize(
    ("diagonal", "seen"), [((1e308, 1), "holds 1e+308"), ((1, 1e-310), "has the eigenvalue 1e-310")]
)
def test_a_precision_matrix_whose_products_or_inverse_overflow_is_refused(
    stored: StoredCase, diagonal: tuple[float, float], seen: str
) -> None:
    stored.put_array("precisions.npy", np.array([FULL[0], np.diag(diagonal), FULL[2]]))
    assert stored.refusal("precisions.npy") == f"matrix 1 {seen}; should be {PRECISE['float64']}{IN_RANGE}float64"


@pytest.mark.parametrize(("file_name", "value"), [("means.npy", 1e10), ("precisions.npy", 1e15)])
def test_parameters_in_float64_fit_the_range_of_float32_samples(tmp_path: Path, file_name: str, value: float) -> None:
    """The fit goes on in the dtype of the samples."""
    stored = store_case(tmp_path / "cases", "diag")
    array = np.load(stored.folder / file_name)
    array[0, 0] = value
    stored.put_array(file_name, array)
    stored.load()
    stored.put_array("frame.npy", FRAME.astype(np.float32))
    assert stored.refusal(file_name).endswith(f"{IN_RANGE}float32")


@pytest.mark.parametrize("reg_covar", [1e-15, 1e20])
def test_a_reg_covar_out_of_the_range_of_float32_samples_is_refused(stored: StoredCase, reg_covar: float) -> None:
    stored.describe(lambda description: description["settings"].update(reg_covar=reg_covar))
    stored.load()
    stored.put_array("frame.npy", FRAME.astype(np.float32))
    bound = f"0, or from 3.55e-15 to 1.84e+19{IN_RANGE}float32"
    assert stored.refusal("frame.npy") == f"is float32, and the case has reg_covar {reg_covar}; should be {bound}"


@pytest.mark.parametrize(("dtype", "gap", "bound"), [("float64", 1e-160, "8.64e-78"), ("float32", 1e-40, "2.33e-10")])
def test_samples_whose_variance_underflows_are_refused_where_nothing_is_added_to_it(
    stored: StoredCase, dtype: str, gap: float, bound: str
) -> None:
    frame = FRAME.astype(dtype)
    frame[:2] = [[0, 0], [0, gap]]
    stored.put_array("frame.npy", frame)
    stored.load()
    stored.describe(lambda description: description["settings"].update(reg_covar=0))
    seen = f"holds samples {gap:.3g} apart, with reg_covar 0"
    assert stored.refusal("frame.npy") == f"{seen}; should be equal, or {bound} apart{IN_RANGE}{dtype}"


@pytest.mark.parametrize("covariance_type", sorted(PRECISIONS))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("precision", ["smallest", "largest"])
def test_numbers_at_the_bounds_are_fitted_without_overflow(
    tmp_path: Path, covariance_type: str, dtype: type, precision: str
) -> None:
    """A warning is an error here."""
    stored = store_case(tmp_path / "cases", covariance_type, dtype)
    exponent = np.finfo(dtype).maxexp
    scale = 2.0 ** (exponent // 4 - 5)  # the samples reach 21
    frame = np.vstack([FRAME, [[20, 6], [21, 5], [19, 3]]])  # a smallest reg_covar does not widen a single sample
    inverse = 2.0 ** (-exponent // 2) if precision == "smallest" else 2.0 ** (3 * exponent // 8)
    stored.put_array("frame.npy", (frame * scale).astype(dtype))
    stored.put_array("means.npy", (MEANS * scale).astype(dtype))
    n_features = FRAME.shape[1]
    ones = {"full": np.array([np.eye(n_features)] * 3), "tied": np.eye(n_features)}
    precisions = ones.get(covariance_type, np.ones_like(PRECISIONS[covariance_type])) * inverse
    stored.put_array("precisions.npy", precisions.astype(dtype))
    stored.describe(lambda description: description["settings"].update(reg_covar=1 / inverse))
    case = stored.load()
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        bounds = [trajectory.lower_bounds for trajectory in exact_replay(case)]
        [outcome] = replay(case, GaussianMixture)
    assert outcome.error is None
    assert "RuntimeWarning" not in dict(outcome.warnings)
    assert np.isfinite(bounds).all()
    for fitted in (outcome.lower_bound, outcome.means, outcome.covariances):
        assert np.isfinite(np.asarray(fitted, dtype=float)).all()


def test_weights_whose_sum_overflows_are_refused_without_a_warning(stored: StoredCase) -> None:
    """A warning is an error here: it would be neither a case nor a refusal."""
    stored.put_array("weights.npy", np.full(3, 1.5e308))
    assert stored.refusal("weights.npy") == "sums to inf; should be 1 within 1e-08"


def test_precisions_whose_difference_overflows_are_refused_without_a_warning(stored: StoredCase) -> None:
    huge = [[1.0, 1.5e308], [-1.5e308, 1.0]]
    stored.put_array("precisions.npy", np.array([FULL[0], huge, FULL[2]]))
    assert stored.refusal("precisions.npy") == "matrix 1 is not symmetric; should be equal to its transpose"


def test_precisions_that_load_have_a_cholesky_factor(stored: StoredCase) -> None:
    """The eigenvalues of a singular matrix are rounded to either side of zero: they alone cannot tell."""
    vectors = np.random.RandomState(36).standard_normal((60, 2))
    for vector in vectors:
        stored.put_array("precisions.npy", np.array([FULL[0], np.outer(vector, vector), FULL[2]]))
        try:
            precisions = stored.load().precisions
        except BrokenCase:
            continue
        np.linalg.cholesky(precisions)
