"""Whatever the arrays, a case is accepted only if it is valid, and refused in one line otherwise."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fixtures import npy
from fixtures.corpus import Case
from fixtures.validation import BrokenCase, check_arrays
from tests.selftest import case_files
from tests.selftest.case_files import StoredCase, store_case

DTYPES = st.sampled_from(["float64", "float32", "int32", "uint8", "float16", ">f8", "bool", "complex64"])
ANY_ARRAY = DTYPES.flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
FEW = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def require_one_line(refusal: BrokenCase) -> None:
    """A refusal says what was seen and what should be, on one line."""
    assert len(str(refusal).splitlines()) == 1
    assert "; should be " in str(refusal)


def load(stored: StoredCase) -> Case | None:
    """The case, or None where it is refused; nothing else may happen."""
    try:
        return stored.load()
    except BrokenCase as refusal:
        require_one_line(refusal)
        return None


@FEW
@given(ANY_ARRAY, st.sampled_from(["frame.npy", "weights.npy", "means.npy", "precisions.npy"]))
def test_any_array_in_the_place_of_another(array: np.ndarray, file_name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stored = store_case(Path(folder) / "cases")
        stored.put_array(file_name, array)
        case = load(stored)
    if case is not None:
        parameters = [(Path(name), getattr(case, name)) for name in ("weights", "means", "precisions")]
        check_arrays(case.settings._asdict(), [(Path("frame"), case.frame)], parameters)
        assert all(np.isfinite(part).all() for part in (case.frame, case.weights, case.means, case.precisions))
        assert np.linalg.eigvalsh(case.precisions).min() > 0


@FEW
@given(st.binary(max_size=300))
def test_any_bytes_behind_the_magic(content: bytes) -> None:
    try:
        array = npy.parse(Path("any.npy"), bytearray(b"\x93NUMPY\x01\x00" + content))
    except BrokenCase as refusal:
        require_one_line(refusal)
    else:
        assert array.dtype.name in npy.DTYPES


@FEW
@given(st.text(alphabet="{}'(),: <fiu|O48L0123456789descrfortan_shpeTuFl\n", max_size=120))
def test_any_header(text: str) -> None:
    content = case_files.npy(text, data=b"\0" * 64)
    try:
        npy.parse(Path("any.npy"), bytearray(content))
    except BrokenCase as refusal:
        require_one_line(refusal)
