"""A small case, written with numpy's own writer, and ways to break it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fixtures import stored_case, strict_json
from fixtures.corpus import MAX_CASE_JSON_BYTES, Case, load_case
from fixtures.validation import BrokenCase

NAME = "tiny"
FRAME = np.array([[1, 2], [2, 1], [2, 3], [3, 2], [10, 12], [11, 13], [12, 11], [20, 5]], dtype=np.int32)
WEIGHTS = np.array([0.5, 0.375, 0.125])
MEANS = np.array([[2.0, 2.0], [11.0, 12.0], [20.0, 5.0]])
FULL = np.array([[[2.0, 0.5], [0.5, 1.0]], [[1.0, 0.0], [0.0, 4.0]], [[8.0, -1.0], [-1.0, 2.0]]])
PRECISIONS = {
    "full": FULL,
    "tied": FULL[0],
    "diag": np.array([[2.0, 1.0], [1.0, 4.0], [8.0, 2.0]]),
    "spherical": np.array([2.0, 1.0, 0.25]),
}


@dataclass(frozen=True)
class StoredCase:
    """A case in a folder that a test may break."""

    root: Path

    @property
    def folder(self) -> Path:
        """The case's own folder."""
        return self.root / NAME

    @property
    def is_json(self) -> bool:
        """Whether the description can be parsed, so that a schema has something to say."""
        path = self.folder / "case.json"
        try:
            if path.stat().st_size > MAX_CASE_JSON_BYTES:
                return False  # refused before it is read
            strict_json.parse(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return True

    @property
    def schema_refusal(self) -> str | None:
        """What the published schema says of the description."""
        content = strict_json.parse((self.folder / "case.json").read_text(encoding="utf-8"))
        return stored_case.refusal(content, stored_case.SCHEMA)

    def load(self) -> Case:
        """Load the case as it is now."""
        return load_case(NAME, root=self.root)

    def describe(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the content of case.json."""
        path = self.folder / "case.json"
        description = json.loads(path.read_text(encoding="utf-8"))
        change(description)
        path.write_text(json.dumps(description), encoding="utf-8")

    def put(self, file_name: str, content: bytes) -> None:
        """Replace the bytes of an array's file and its sha256, and nothing else that is said of it."""
        (self.folder / file_name).write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        self.say_of(file_name, {"sha256": sha256})

    def say_of(self, file_name: str, entry: dict[str, Any]) -> None:
        """Change what case.json says of a file."""
        self.describe(lambda description: description["files"].setdefault(file_name, {}).update(entry))

    def put_array(self, file_name: str, array: np.ndarray) -> None:
        """Replace an array and all that case.json says of it, so that only its sense is left to be checked."""
        path = self.folder / file_name
        np.save(path, array)
        entry = {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "shape": list(array.shape),
            "dtype": array.dtype.name,
        }
        self.say_of(file_name, entry)

    def refusal(self, file_name: str, *, by_schema: bool = True) -> str:
        """What the loader says of a broken file: one line that names it, after the name.

        A description in JSON is refused by its schema as well, where that can say what is wrong.
        """
        with pytest.raises(BrokenCase) as caught:
            self.load()
        message = str(caught.value)
        path = str(self.folder / file_name)
        assert message.splitlines() == [message], "should be one line"
        assert message.startswith(path + " "), message
        seen, separator, expected = message[len(path) + 1 :].partition("; should be ")
        assert seen, message
        assert separator, message
        assert expected, message
        if file_name == "case.json" and self.is_json:
            assert (self.schema_refusal is not None) is by_schema, self.schema_refusal
        return message[len(path) + 1 :]


def store_case(root: Path, covariance_type: str = "full", dtype: type = np.float64) -> StoredCase:
    """Write the small case."""
    stored = StoredCase(root)
    stored.folder.mkdir(parents=True)
    description = {
        "format": 1,
        "title": "a small case of the selftests",
        "flags": ["control"],
        "settings": {"covariance_type": covariance_type, "reg_covar": 1e-6, "tol": 1e-3, "max_iter": 100},
        "provenance": {"kind": "user"},
        "files": {},
    }
    (stored.folder / "case.json").write_text(json.dumps(description), encoding="utf-8")
    stored.put_array("frame.npy", FRAME)
    stored.put_array("weights.npy", WEIGHTS.astype(dtype))
    stored.put_array("means.npy", MEANS.astype(dtype))
    stored.put_array("precisions.npy", PRECISIONS[covariance_type].astype(dtype))
    return stored


def npy(header: str, data: bytes = b"", *, version: int = 1) -> bytes:
    """An .npy file with a header as it is given."""
    text = header.encode("latin-1") + b"\n"
    length = len(text).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + data


def header_of(shape: tuple[int, ...], descr: str = "<f8", fortran_order: bool = False) -> str:
    """The header that numpy writes for an array."""
    return str({"descr": descr, "fortran_order": fortran_order, "shape": shape})[:-1] + ", }"
