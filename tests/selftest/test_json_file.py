"""A JSON file of another form is refused in one line that says what was seen, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.fault import Fault
from tests.tools import json_file
from tests.tools.bench import read as read_benchmarks
from tests.tools.compare.steps import read as read_steps
from tests.tools.mutants.detection_power import read_explanations
from tests.tools.peers.declared import read as read_peers
from tests.tools.peers.result import read as read_measured
from tests.tools.reduce.__main__ import read_results
from tests.tools.release_table import read as read_releases
from tests.tools.report.measured import remedies

READERS: list[Callable[[Path], object]] = [
    read_benchmarks, read_steps, read_explanations, read_peers, read_measured, read_results, read_releases, remedies,
]  # fmt: skip
# Text of a list of entries, under every name that a reader looks for.
NAMES = ("benchmarks", "steps", "survivors", "peers", "results", "releases", "rows")
OF_ENTRIES = "{" + ", ".join(f'"{name}": ENTRIES' for name in NAMES)
OF_ENTRIES += ', "format": FORMAT, "out_of_scope": [], "release": "1.9.1", "names": [], "cost": []}'


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__module__)
@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b'"text"', b"1", b"{}", b"\xff", b"[" * 100_000, b"NaN",
     *(OF_ENTRIES.replace("ENTRIES", entries).replace("FORMAT", form).encode()
       for entries in ('["text"]', "[null]", "[[]]", "[1]", "1") for form in "12")],
)  # fmt: skip
def test_a_file_of_another_form_is_refused(content: bytes, reader: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    with pytest.raises(Fault) as raised:
        reader(path)
    (line,) = str(raised.value).splitlines()
    assert line.startswith(f"{path}: ")
    assert "; " in line


@pytest.mark.parametrize(
    ("take", "seen"),
    [
        (lambda content: content["b"], "it lacks 'b'; mend it"),
        (lambda content: content.pop(), "it is of another form (pop expected"),
        (lambda content: 1 / content["a"], "it is of another form (division by zero); mend it"),
        (lambda content: int(str(content)), "invalid literal for int()"),
    ],
)
def test_what_was_seen_is_said(take: Callable[[Any], object], seen: str, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text('{"a": 0}', encoding="utf-8")
    with pytest.raises(Fault) as raised:
        json_file.read(path, take, "mend it")
    assert str(raised.value).startswith(f"{path}: {seen}")
