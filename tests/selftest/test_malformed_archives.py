"""An ``.npz`` that is not what it should be is refused: one line, before memory is taken for what it claims."""

from __future__ import annotations

import io
import random
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fixtures import npy, npz
from fixtures.validation import BrokenCase
from tests.selftest.case_files import WEIGHTS

FEW_BYTES = 8_000_000


def array_bytes(array: np.ndarray = WEIGHTS) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def arrays(path: Path) -> dict[str, np.ndarray]:
    """Every array of an archive."""
    with npz.opened(path) as found:
        return {name: npy.parse(found.place(name), found.unpack(name)) for name in found.names}


def archive(path: Path, members: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def refusal(path: Path) -> str:
    """The one line with which an archive is refused, and not much memory taken."""
    tracemalloc.start()
    try:
        with pytest.raises(BrokenCase) as raised:
            arrays(path)
        assert tracemalloc.get_traced_memory()[1] < FEW_BYTES
    finally:
        tracemalloc.stop()
    (line,) = str(raised.value).splitlines()
    assert line.startswith(str(path))
    assert "; should be " in line
    return line


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_writes_is_read(tmp_path: Path, save: Callable[..., None]) -> None:
    save(tmp_path / "a.npz", WEIGHTS, second=WEIGHTS + 1)
    read = arrays(tmp_path / "a.npz")
    np.testing.assert_array_equal(read["arr_0"], WEIGHTS)
    np.testing.assert_array_equal(read["second"], WEIGHTS + 1)


def test_an_archive_behind_something_else_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.npz", [("a.npy", array_bytes())])
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    assert "does not begin like an .npz file" in refusal(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = archive(tmp_path / "bomb.npz", [("a.npy", bytes(npy.MAX_FILE_BYTES + 1))])
    assert path.stat().st_size < 200_000
    assert f"bomb.npz:a claims {npy.MAX_FILE_BYTES + 1:,} bytes" in refusal(path)


def test_many_arrays_have_a_limit_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path / "a.npz", [(f"{number}.npy", array_bytes(np.zeros(1000))) for number in range(8)])
    monkeypatch.setattr(npy, "MAX_FILE_BYTES", path.stat().st_size)
    assert f"at most {path.stat().st_size:,} with what was read before" in refusal(path)


def test_a_size_that_is_a_lie_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.npz", [("a.npy", bytes(100_000))])
    content = path.read_bytes()
    assert content.count((100_000).to_bytes(4, "little")) == 2
    path.write_bytes(content.replace((100_000).to_bytes(4, "little"), (50_000).to_bytes(4, "little")))
    assert "cannot be read (Bad CRC-32" in refusal(path)
    path.write_bytes(content.replace((100_000).to_bytes(4, "little"), (200_000).to_bytes(4, "little")))
    assert "a.npz:a claims 200,000 bytes and has 100,000" in refusal(path)


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ([("../a.npy", array_bytes())], "holds '../a.npy'; should be arrays with names like weights_ only"),
        ([("a.pkl", b"cos\nsystem\n")], "holds 'a.pkl'; should be arrays"),
        ([("a\x1b[2J.npy", array_bytes())], "holds 'a\\x1b[2J.npy'; should be arrays"),
        ([("a.npy", array_bytes()), ("a.npy", array_bytes())], "holds a twice; should be each name once"),
        ([("a.npy", b"nothing")], "a.npz:a does not start like an .npy file"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_are_no_arrays_are_refused(
    tmp_path: Path, members: list[tuple[str, bytes]], complaint: str
) -> None:
    assert complaint in refusal(archive(tmp_path / "a.npz", members))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_numpy_does_not_write_is_refused(tmp_path: Path, method: int) -> None:
    path = archive(tmp_path / "a.npz", [("a.npy", array_bytes())], method)
    assert f"holds a packed by method {method}" in refusal(path)


def test_a_long_list_of_names_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.npz", [(f"{number:059}.npy", b"") for number in range(10_000)], zipfile.ZIP_STORED)
    assert "has a list of names of 1,090,000 bytes; should be at most 1,048,576" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06" + bytes(18), b"x" * 5000, b"PK\x06\x07" + bytes(16)])
def test_bytes_that_are_no_archive_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    if content.startswith(b"PK\x05\x06"):
        with npz.opened(path) as found:
            assert found.names == []
    else:
        refusal(path)


@pytest.mark.parametrize("tail", [b"PK\x06\x07" + bytes(16) + b"PK\x05\x06" + bytes(18), b"\0"])
def test_an_end_that_numpy_does_not_write_is_refused(tmp_path: Path, tail: bytes) -> None:
    path = archive(tmp_path / "a.npz", [("a.npy", array_bytes())])
    path.write_bytes(path.read_bytes() + tail)
    assert "does not end like an .npz file" in refusal(path)


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.npz", [("a.npy", array_bytes())])
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "cannot be read (" in refusal(path)


def test_what_is_missing_or_no_file_is_refused(tmp_path: Path) -> None:
    assert "is missing" in refusal(tmp_path / "none.npz")
    assert "is not a file" in refusal(tmp_path)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_archive_is_read_or_refused(tmp_path: Path, seed: int) -> None:
    """Ten bytes anywhere are others: never another exception, never another array."""
    path = archive(tmp_path / "a.npz", [("a.npy", array_bytes()), ("b.npy", array_bytes())])
    generator = random.Random(seed)  # noqa: S311
    content = bytearray(path.read_bytes())
    for _ in range(generator.randint(1, 10)):
        content[generator.randrange(len(content))] = generator.randrange(256)
    path.write_bytes(content)
    try:
        read = arrays(path)
    except BrokenCase:
        refusal(path)
    else:
        assert all(np.array_equal(array, WEIGHTS) for array in read.values())
