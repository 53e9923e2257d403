"""A user's arrays are taken as they are, and every conversion is said in a line of its own."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from fixtures import add_case, user_arrays
from fixtures.corpus import Case, load_case
from fixtures.validation import BrokenCase
from tests.selftest.case_files import FRAME, FULL, MEANS, PRECISIONS, WEIGHTS

COVARIANCES = {
    "full": np.linalg.inv(FULL),
    "tied": np.linalg.inv(FULL[0]),
    "diag": 1 / PRECISIONS["diag"],
    "spherical": 1 / PRECISIONS["spherical"],
}
START = {"weights": WEIGHTS, "means": MEANS, "precisions": FULL}
FITTED: dict[str, Any] = {"weights_": WEIGHTS, "means_": MEANS, "precisions_": FULL}


@pytest.fixture
def add(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Add a case of what is given: arrays are written into a file first; returns its exit code and what was said."""
    (tmp_path / "cases").mkdir()

    def run(*more: str, **given: np.ndarray | Path) -> tuple[int, str]:
        words = []
        for option, value in given.items():
            path = value if isinstance(value, Path) else tmp_path / f"{option}.npy"
            if not isinstance(value, Path):
                np.save(path, value)
            words += [f"--{option}", str(path)]
        code = add_case.main(["--name", "mine", "--root", str(tmp_path / "cases"), *words, *more])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def added(tmp_path: Path) -> Case:
    return load_case("mine", root=tmp_path / "cases")


def test_what_needs_no_conversion_is_not_spoken_of(add: Any) -> None:
    code, said = add(frame=FRAME, **START)
    assert code == 0
    assert len(said.splitlines()) == 2  # where the case is, and what comes next


def test_fortran_order_is_taken_and_said(add: Any, tmp_path: Path) -> None:
    code, said = add(frame=np.asfortranarray(FRAME), **{**START, "precisions": np.asfortranarray(FULL)})
    assert code == 0
    assert f"{tmp_path / 'frame.npy'}: Fortran order, put into C order\n" in said
    assert f"{tmp_path / 'precisions.npy'}: Fortran order, put into C order\n" in said
    np.testing.assert_array_equal(added(tmp_path).frame, FRAME)
    np.testing.assert_array_equal(added(tmp_path).precisions, FULL)


def test_more_frames_than_have_a_name_are_refused_unread(
    add: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_arrays, "MAX_FRAMES", 3)
    np.savez(tmp_path / "four.npz", *[FRAME] * 4)
    np.savez(tmp_path / "two.npz", *[FRAME] * 2)
    code, said = add(frame=tmp_path / "four.npz", **START)
    assert (code, said.split("four.npz ")[1]) == (2, "holds 4 arrays; should be at most 3 frames\n")
    code, said = add("--frame", str(tmp_path / "two.npz"), str(tmp_path / "two.npz"), **START)
    assert (code, said.split("two.npz ")[1]) == (2, "is of a chain of 4 frames; should be at most 3\n")


def test_an_npz_of_frames_is_a_chain_in_the_order_of_the_archive(add: Any, tmp_path: Path) -> None:
    frames = [FRAME + number for number in range(12)]  # arr_10 comes after arr_9
    np.savez_compressed(tmp_path / "frames.npz", *frames)
    code, said = add(frame=tmp_path / "frames.npz", **START)
    assert code == 0
    assert f"{tmp_path / 'frames.npz'}: 12 frames, in the order arr_0, arr_1, arr_2, arr_3, arr_4, ... arr_11\n" in said
    np.testing.assert_array_equal(added(tmp_path).frames, frames)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", sorted(COVARIANCES))
def test_covariances_are_inverted_and_it_is_said(add: Any, tmp_path: Path, kind: str, dtype: type) -> None:
    start = {"weights": WEIGHTS, "means": MEANS, "covariances": COVARIANCES[kind].astype(dtype)}
    code, said = add("--covariance-type", kind, frame=FRAME, **start)
    assert code == 0
    assert f"{tmp_path / 'covariances.npy'}: covariances, inverted to precisions\n" in said
    case = added(tmp_path)
    assert case.precisions.dtype == dtype
    np.testing.assert_allclose(case.precisions, PRECISIONS[kind], rtol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize(
    ("covariances", "complaint"),
    [
        (-COVARIANCES["full"], "covariances.npy matrix 0 has the eigenvalue"),
        (COVARIANCES["full"][:2], "covariances.npy has shape (2, 2, 2); should be (3, 2, 2) for"),
        (COVARIANCES["full"] * np.nan, "covariances.npy holds nan at (0, 0, 0)"),
        (FULL + [[0, 9], [0, 0]], "covariances.npy matrix 0 is not symmetric"),
        (np.ones((3, 2, 2)), "covariances.npy matrix 0 has"),
        (COVARIANCES["full"].astype(int), "covariances.npy has dtype int64; should be float64 or float32"),
        (COVARIANCES["full"] * 1e200, "covariances.npy matrix 0 holds"),
    ],
)
def test_covariances_that_are_none_are_refused(add: Any, covariances: np.ndarray, complaint: str) -> None:
    code, said = add(frame=FRAME, weights=WEIGHTS, means=MEANS, covariances=covariances)
    assert code == 2
    assert complaint in said
    assert len(said.splitlines()) == 1


def test_a_variance_of_zero_is_refused(add: Any) -> None:
    code, said = add("--covariance-type=diag", frame=FRAME, weights=WEIGHTS, means=MEANS, covariances=np.zeros((3, 2)))
    assert code == 2
    assert "covariances.npy holds the covariance 0.0 at (0, 0); should be more than 0" in said


def dumped(path: Path, model: GaussianMixture) -> None:
    """Keep a fitted estimator as the help of the command says."""
    (code,) = (line.strip() for line in str(add_case.__doc__).splitlines() if "np.savez" in line)
    exec(code.replace('"fit.npz"', "path"), {"np": np, "model": model, "path": path})  # noqa: S102


@pytest.mark.parametrize("keeps_precisions", [True, False])
@pytest.mark.parametrize("kind", sorted(COVARIANCES))
def test_a_fit_that_was_kept_as_the_help_says_starts_the_next(
    add: Any, tmp_path: Path, kind: str, keeps_precisions: bool
) -> None:
    model = GaussianMixture(2, covariance_type=kind, reg_covar=1e-3, max_iter=7, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(FRAME)
    precisions = model.precisions_
    if not keeps_precisions:
        del model.precisions_
    dumped(tmp_path / "fit.npz", model)
    code, said = add(frame=FRAME, fit=tmp_path / "fit.npz")
    assert code == 0
    case = added(tmp_path)
    assert case.settings == (kind, 1e-3, 1e-3, 7)
    np.testing.assert_array_equal(case.weights, model.weights_)
    np.testing.assert_array_equal(case.means, model.means_)
    np.testing.assert_allclose(case.precisions, precisions, rtol=1e-9)
    taken = "precisions_" if keeps_precisions else "covariances_"
    assert (
        f"fit.npz: taken weights_, means_, {taken}, covariance_type '{kind}', reg_covar 0.001, tol 0.001, max" in said
    )
    assert "left out: " in said
    assert ("inverted to precisions" in said) == (not keeps_precisions)


def test_options_say_more_than_the_fit(add: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "fit.npz", **FITTED, tol=0.5, max_iter=3)
    code, _ = add("--tol", "0.25", frame=FRAME, fit=tmp_path / "fit.npz")
    assert code == 0
    assert added(tmp_path).settings == ("full", 1e-6, 0.25, 3)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"weights_": WEIGHTS, "means_": MEANS}, "fit.npz lacks precisions_ or covariances_; should be an .npz with"),
        ({**FITTED, "covariance_type": "foo"}, "has covariance_type 'foo'; should be one of full, tied"),
        (
            {**FITTED, "covariance_type": 3},
            "fit.npz:covariance_type has dtype '<i8' and shape (); should be one string",
        ),
        ({**FITTED, "tol": np.ones(2)}, "fit.npz:tol has shape (2,); should be a single number"),
        ({**FITTED, "tol": "x"}, "fit.npz:tol has dtype '<U1'; should be one of int8"),
        ({**FITTED, "max_iter": 2.5}, "has max_iter 2.5; should be a whole number"),
        ({**FITTED, "reg_covar": np.array(None)}, "fit.npz:reg_covar holds pickled Python objects"),
        ({**FITTED, "weights_": WEIGHTS * 2}, "fit.npz:weights_ sums to 2.0"),
    ],
)
def test_a_fit_that_is_none_is_refused_in_one_line(
    add: Any, tmp_path: Path, content: dict[str, Any], complaint: str
) -> None:
    np.savez(tmp_path / "fit.npz", **content)
    code, said = add(frame=FRAME, fit=tmp_path / "fit.npz")
    assert code == 2
    assert complaint in said
    assert len(said.splitlines()) == 1


def test_what_is_left_out_is_never_unpacked(tmp_path: Path) -> None:
    np.savez(tmp_path / "fit.npz", **FITTED, random_state=np.array({"a": 1}, dtype=object))
    reader = user_arrays.Reader()
    reader.fit(tmp_path / "fit.npz")
    assert reader.said == [f"{tmp_path / 'fit.npz'}: taken weights_, means_, precisions_; left out: random_state"]


def test_parameters_are_named_once(add: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "fit.npz", **FITTED)
    assert add(frame=FRAME, fit=tmp_path / "fit.npz", weights=WEIGHTS)[1].startswith("error: --fit holds weights")
    assert add(frame=FRAME, weights=WEIGHTS, means=MEANS)[1].startswith("error: --weights, --means, and --precisions")
    both = add(frame=FRAME, weights=WEIGHTS, means=MEANS, precisions=FULL, covariances=FULL)
    assert "not allowed with argument --precisions" in both[1]


def test_an_archive_without_frames_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "none.npz")
    with pytest.raises(BrokenCase, match="holds no array"):
        user_arrays.Reader().frames([tmp_path / "none.npz"])
