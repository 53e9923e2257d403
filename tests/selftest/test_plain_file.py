"""A file is looked at before it is read: neither one without end nor one that is too large is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures import plain_file
from tests.support import ledger
from tests.tools import json_file
from tests.tools.report import records


def sparse(path: Path) -> Path:
    """A file that takes no room and claims a TiB."""
    path.touch()
    os.truncate(path, 1 << 40)
    return path


NO_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path, "No such file or directory"),
    "folder": (Path.mkdir, "it is no plain file"),
    "pipe": (os.mkfifo, "it is no plain file"),
    "without end": (lambda path: path.symlink_to("/dev/zero"), "it is no plain file"),
    "link to itself": (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    "too large": (lambda path: path.symlink_to(sparse(path.with_name("sparse"))), "it has 1,099,511,627,776 bytes"),
}
READERS: dict[str, Callable[[Path], object]] = {
    "any": plain_file.read_text,
    "ledger": ledger.read_ledger,
    "record": records.read,
    "table": lambda path: json_file.read(path, len, "should be a list"),
}


@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize(("make", "seen"), NO_FILES.values(), ids=NO_FILES)
def test_what_is_no_plain_file_of_some_megabytes_is_refused_unread(
    make: Callable[[Path], object], seen: str, reader: Callable[[Path], object], tmp_path: Path
) -> None:
    make(tmp_path / "file")
    with pytest.raises(Exception, match=seen):
        reader(tmp_path / "file")


def test_a_text_is_read_and_bytes_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes("a\r\n\u00e9".encode())
    assert plain_file.read_text(path) == "a\r\n\u00e9"
    path.write_bytes(b"\xff")
    with pytest.raises(ValueError, match="utf-8"):
        plain_file.read_text(path)
