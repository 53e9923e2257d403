"""Arrays that are not what they should be are refused: one line, the file, what was seen, what should be."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from fixtures import corpus
from fixtures import npy as npy_format
from tests.selftest.case_files import FRAME, FULL, MEANS, PRECISIONS, WEIGHTS, StoredCase, header_of, npy, store_case

FEW_BYTES = 4_000_000  # what refusing a file may take, however much the file claims


@pytest.fixture
def stored(tmp_path: Path) -> StoredCase:
    """The small case, whole."""
    return store_case(tmp_path / "cases")


@pytest.mark.parametrize("covariance_type", sorted(PRECISIONS))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_good_case_of_each_covariance_type_loads(tmp_path: Path, covariance_type: str, dtype: type) -> None:
    case = store_case(tmp_path / "cases", covariance_type, dtype).load()
    assert case.settings.covariance_type == covariance_type
    np.testing.assert_array_equal(case.frame, FRAME)
    np.testing.assert_array_equal(case.weights, WEIGHTS)
    np.testing.assert_array_equal(case.means, MEANS)
    np.testing.assert_array_equal(case.precisions, PRECISIONS[covariance_type])
    assert case.weights.dtype == case.means.dtype == case.precisions.dtype == dtype


def test_the_frames_of_a_chain_load_in_their_order(stored: StoredCase) -> None:
    stored.put_array("frame_000.npy", FRAME)
    stored.put_array("frame_001.npy", FRAME + 1)
    stored.describe(lambda description: description["files"].pop("frame.npy"))
    case = stored.load()
    np.testing.assert_array_equal(case.frames, [FRAME, FRAME + 1])
    np.testing.assert_array_equal(case.frame, FRAME)


@pytest.mark.parametrize("name", corpus.case_names())
def test_every_case_of_the_corpus_loads(name: str) -> None:
    capture = corpus.find_capture()
    try:
        case = corpus.load_case(name, capture=capture)
    except corpus.CaptureNotAtHand:
        assert capture is None
        pytest.skip("the capture is not at hand; get it with `nox -s fetch-capture`, or name it with GMM_CAPTURE")
    assert case.name == name


@pytest.mark.parametrize("length", [0, 5, 7, 9, 40, -1])
def test_a_truncated_array_is_refused(stored: StoredCase, length: int) -> None:
    content = (stored.folder / "means.npy").read_bytes()
    stored.put("means.npy", content[:length])
    stored.refusal("means.npy")


def test_trailing_bytes_are_refused(stored: StoredCase) -> None:
    content = (stored.folder / "means.npy").read_bytes()
    stored.put("means.npy", content + b"\0")
    assert "has a header that claims 48 bytes of data and has 49" in stored.refusal("means.npy")


def test_a_pickled_object_array_is_refused(stored: StoredCase) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
    stored.put("means.npy", buffer.getvalue())
    assert "holds pickled Python objects, which are never loaded" in stored.refusal("means.npy")


def test_a_pickle_is_never_executed(stored: StoredCase, tmp_path: Path) -> None:
    canary = tmp_path / "canary"

    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str, int]]:
            return os.mkdir, (str(canary), 0o700)

    buffer = io.BytesIO()
    np.save(buffer, np.array([Payload()], dtype=object), allow_pickle=True)
    stored.put("means.npy", buffer.getvalue())
    stored.refusal("means.npy")
    assert not canary.exists()


def test_a_header_is_never_executed(stored: StoredCase, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    header = header_of((3, 2)).replace("(3, 2)", f"(3, __import__('os').mkdir({str(canary)!r}) or 2)")
    stored.put("means.npy", npy(header, MEANS.tobytes()))
    assert "has a header that numpy.save does not write" in stored.refusal("means.npy")
    assert not canary.exists()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "{}",
        header_of((3, 2))[:-4],
        header_of((3, 2)) + "; 1",
        header_of((3, 2)).replace("}", "'more': 1, }"),
        header_of((3, 2)).replace("False", "0"),
        header_of((3, 2)).replace("(3, 2)", "(3, -2)"),
        header_of((3, 2)).replace("(3, 2)", "(3, 2.0)"),
        header_of((3, 2)).replace("(3, 2)", "(3 , 2)"),
        header_of((3, 2)).replace("(3, 2)", "[3, 2]"),
        header_of((3, 2)).replace("(3, 2)", "(03, 2)"),
        header_of((3, 2)).replace("(3, 2)", "(\u00b3, \u00b2)"),
        "{" * 2000,
    ],
)
def test_a_header_that_numpy_does_not_write_is_refused(stored: StoredCase, header: str) -> None:
    stored.put("means.npy", npy(header, MEANS.tobytes()))
    assert "has a header that numpy.save does not write" in stored.refusal("means.npy")


def test_a_structured_dtype_is_refused(stored: StoredCase) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3, dtype=[("x", "<f8"), ("y", "<f8")]))
    stored.put("means.npy", buffer.getvalue())
    assert "has a header that numpy.save does not write" in stored.refusal("means.npy")


@pytest.mark.parametrize("version", [0, 4, 255])
def test_an_unknown_version_of_npy_is_refused(stored: StoredCase, version: int) -> None:
    stored.put("means.npy", npy(header_of((3, 2)), MEANS.tobytes(), version=version))
    assert "does not start like an .npy file" in stored.refusal("means.npy")


@pytest.mark.parametrize("version", [2, 3])
def test_the_later_versions_of_npy_are_read(stored: StoredCase, version: int) -> None:
    stored.put("means.npy", npy(header_of((3, 2)), MEANS.tobytes(), version=version))
    np.testing.assert_array_equal(stored.load().means, MEANS)


def peak_of_a_refusal(stored: StoredCase, file_name: str) -> int:
    """Most bytes that Python and numpy held while the case was refused."""
    tracemalloc.start()
    try:
        stored.refusal(file_name)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("length", [5000, 2**31, 2**32 - 1])
def test_a_huge_header_length_is_refused_before_memory_is_taken(stored: StoredCase, length: int) -> None:
    content = b"\x93NUMPY\x02\x00" + struct.pack("<I", length) + header_of((3, 2)).encode()
    stored.put("means.npy", content)
    assert peak_of_a_refusal(stored, "means.npy") < FEW_BYTES
    assert f"claims a header of {length:,} bytes; should be at most" in stored.refusal("means.npy")


@pytest.mark.parametrize("shape", [(10**9, 2), (10**15, 2), (10**17, 10**17), (2**31, 2**31), (2**32, 2**32)])
def test_a_header_that_claims_more_than_the_file_has_is_refused_before_memory_is_taken(
    stored: StoredCase, shape: tuple[int, int]
) -> None:
    stored.put("means.npy", npy(header_of(shape), MEANS.tobytes()))
    stored.describe(lambda description: description["files"]["means.npy"].update(shape=list(shape)))
    assert peak_of_a_refusal(stored, "means.npy") < FEW_BYTES
    claimed = 8 * shape[0] * shape[1]
    assert f"has a header that claims {claimed:,} bytes of data and has 48" in stored.refusal("means.npy")


@pytest.mark.parametrize("file_name", ["frame.npy", "case.json"])
def test_a_file_that_is_too_large_is_refused_before_it_is_read(stored: StoredCase, file_name: str) -> None:
    os.truncate(stored.folder / file_name, npy_format.MAX_FILE_BYTES + 1)  # sparse: takes no room on the disk
    assert peak_of_a_refusal(stored, file_name) < FEW_BYTES
    assert "has 104,857,601 bytes; should be at most" in stored.refusal(file_name)


@pytest.mark.parametrize(
    ("file_name", "array", "seen"),
    [
        ("frame.npy", FRAME[:, :1], "has 1 features; should be 2 like the initial means"),
        ("frame.npy", np.hstack([FRAME, FRAME]), "has 4 features; should be 2 like the initial means"),
        ("frame.npy", FRAME[:2], "has 2 samples; should be at least 3, one for each component"),
        ("frame.npy", FRAME.ravel(), "has shape (16,); should be (n_samples, n_features)"),
        ("frame.npy", FRAME[np.newaxis], "has shape (1, 8, 2); should be (n_samples, n_features)"),
        ("weights.npy", np.full(2, 0.5), "has shape (2,); should be (3,) like the means"),
        ("weights.npy", WEIGHTS[:, np.newaxis], "has shape (3, 1); should be (3,) like the means"),
        ("means.npy", MEANS.ravel(), "has shape (6,); should be (n_components, n_features)"),
        ("means.npy", MEANS[np.newaxis], "has shape (1, 3, 2); should be (n_components, n_features)"),
        ("precisions.npy", FULL[:2], "has shape (2, 2, 2); should be (3, 2, 2) for covariance_type 'full'"),
        ("precisions.npy", FULL[0], "has shape (2, 2); should be (3, 2, 2) for covariance_type 'full'"),
    ],
)
def test_a_wrong_shape_is_refused(stored: StoredCase, file_name: str, array: np.ndarray, seen: str) -> None:
    stored.put_array(file_name, array)
    assert stored.refusal(file_name).startswith(seen)


@pytest.mark.parametrize("covariance_type", sorted(PRECISIONS))
def test_precisions_of_another_covariance_type_are_refused(tmp_path: Path, covariance_type: str) -> None:
    for other in sorted(set(PRECISIONS) - {covariance_type}):
        stored = store_case(tmp_path / other, covariance_type)
        stored.put_array("precisions.npy", PRECISIONS[other])
        assert f"for covariance_type {covariance_type!r}" in stored.refusal("precisions.npy")


def test_more_than_three_dimensions_are_refused(stored: StoredCase) -> None:
    stored.put("precisions.npy", npy(header_of((1, 3, 2, 2)), bytes(96)))
    assert "has shape (1, 3, 2, 2); should be no empty array, at most 3 dimensions" in stored.refusal("precisions.npy")


@pytest.mark.parametrize("shape", [(0, 2), (3, 0), (0,)])
@pytest.mark.parametrize("file_name", ["frame.npy", "means.npy"])
def test_an_empty_array_is_refused(stored: StoredCase, file_name: str, shape: tuple[int, ...]) -> None:
    stored.put_array(file_name, np.zeros(shape))
    assert f"has shape {shape}; should be no empty array" in stored.refusal(file_name)


@pytest.mark.parametrize("file_name", ["weights.npy", "means.npy", "precisions.npy"])
def test_integer_parameters_are_refused(stored: StoredCase, file_name: str) -> None:
    array = np.load(stored.folder / file_name)
    stored.put_array(file_name, np.ceil(array).astype(np.int64))
    assert stored.refusal(file_name) == "has dtype int64; should be float64 or float32"


@pytest.mark.parametrize("dtype", [">f8", "<f2", ">i4", "?", "<c16", "<M8[s]", "S8", "<U4"])
def test_a_dtype_that_is_not_supported_is_refused(stored: StoredCase, dtype: str) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.ones((3, 2)).astype(np.dtype(dtype)))
    stored.put("means.npy", buffer.getvalue())
    assert f"has dtype {np.dtype(dtype).str!r}; should be one of int8, " in stored.refusal("means.npy")


def test_fortran_order_is_refused(stored: StoredCase) -> None:
    stored.put_array("means.npy", np.asfortranarray(MEANS))
    assert stored.refusal("means.npy") == "is in Fortran order; should be C order (numpy.ascontiguousarray)"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("file_name", ["frame.npy", "weights.npy", "means.npy", "precisions.npy"])
def test_a_number_that_is_not_finite_is_refused(stored: StoredCase, file_name: str, value: float) -> None:
    array = np.load(stored.folder / file_name).astype(np.float64)
    array.flat[-1] = value
    stored.put_array(file_name, array)
    where = tuple(length - 1 for length in array.shape)
    assert stored.refusal(file_name) == f"holds {value} at {where}; should be finite numbers only"


def test_a_negative_weight_is_refused(stored: StoredCase) -> None:
    stored.put_array("weights.npy", np.array([0.75, -0.25, 0.5]))
    assert stored.refusal("weights.npy") == "holds the weight -0.25 at (1,); should be 0 or more"


@pytest.mark.parametrize("weights", [[0.5, 0.375, 0.0], [0.5, 0.375, 0.1251], [0.5, 0.375, 0.125 + 1e-7]])
def test_unnormalised_weights_are_refused(stored: StoredCase, weights: list[float]) -> None:
    stored.put_array("weights.npy", np.array(weights))
    assert stored.refusal("weights.npy") == f"sums to {sum(weights)!r}; should be 1 within 1e-08"


def test_a_weight_of_zero_is_accepted(stored: StoredCase) -> None:
    stored.put_array("weights.npy", np.array([0.0, 0.5, 0.5]))
    assert stored.load().weights[0] == 0


def test_precisions_that_are_not_symmetric_are_refused(stored: StoredCase) -> None:
    stored.put_array("precisions.npy", np.concatenate([FULL[:2], [[[8.0, -1.0], [-0.5, 2.0]]]]))
    assert stored.refusal("precisions.npy") == "matrix 2 is not symmetric; should be equal to its transpose"


@pytest.mark.parametrize(
    ("matrix", "eigenvalue"), [([[1, 2], [2, 1]], "-1"), ([[0, 0], [0, 0]], "0"), ([[-3, 0], [0, 1]], "-3")]
)
def test_precisions_that_are_not_definite_are_refused(
    stored: StoredCase, matrix: list[list[float]], eigenvalue: str
) -> None:
    stored.put_array("precisions.npy", np.array([FULL[0], matrix, FULL[2]], dtype=float))
    assert stored.refusal("precisions.npy") == f"matrix 1 has the eigenvalue {eigenvalue}; should be positive definite"


def test_a_tied_precision_that_is_not_definite_is_refused(tmp_path: Path) -> None:
    stored = store_case(tmp_path / "cases", "tied")
    stored.put_array("precisions.npy", np.array([[1.0, 2.0], [2.0, 1.0]]))
    assert stored.refusal("precisions.npy") == "the tied matrix has the eigenvalue -1; should be positive definite"


@pytest.mark.parametrize("value", [0.0, -0.0, -2.0])
@pytest.mark.parametrize("covariance_type", ["diag", "spherical"])
def test_a_precision_of_zero_or_less_is_refused(tmp_path: Path, covariance_type: str, value: float) -> None:
    stored = store_case(tmp_path / "cases", covariance_type)
    precisions = PRECISIONS[covariance_type].copy()
    precisions.flat[-1] = value
    stored.put_array("precisions.npy", precisions)
    where = tuple(length - 1 for length in precisions.shape)
    assert stored.refusal("precisions.npy") == f"holds the precision {value} at {where}; should be more than 0"
