"""What trials gave, kept line by line, so that a run that was stopped goes on where it was."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from fixtures import whole_file
from fixtures.corpus import PROJECT
from tests.tools.mutants.enumeration import Mutant

FORMAT = 1
OUR_FILES = (
    "conftest.py", "pyproject.toml", "fixtures/*.py", "fixtures/cases/**/*", "tests/test_*.py", "tests/support/*.py",
    "tests/known_defects.json", "tests/tools/mutants/suites.py",
)  # fmt: skip


class Result(NamedTuple):
    """How a trial ended."""

    killed_by: str | None  # The test that failed, or what else happened; None for a survivor
    seconds: float | None  # CPU time


class Record:
    """The results of one suite's trials in a file, which another run can go on with.

    Parameters
    ----------
    path : Path
        Where the file is; results of another state of suite or source, which
        are not comparable, are dropped.
    state : str
        What results depend on, from `state_of`.
    """

    def __init__(self, path: Path, state: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self.results: dict[str, Result] = {}
        header = {"format": FORMAT, "state": state}
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        if lines and _parsed(lines[0]) == header:
            for line in lines[1:]:
                entry = _parsed(line)  # the last one may have been cut off
                if entry is not None:
                    self.results[str(entry["mutant"])] = Result(entry["killed_by"], entry["seconds"])
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            whole_file.write_text(path, json.dumps(header) + "\n")

    def add(self, mutant: Mutant, result: Result) -> None:
        """Keep the result of a trial, at once."""
        entry = {"mutant": mutant.identity(), **result._asdict()}
        with self._lock:
            self.results[mutant.identity()] = result
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write("\n" * self._broken() + json.dumps(entry) + "\n")

    def _broken(self) -> bool:
        """Whether the last line has no end, because a run was cut off while it wrote."""
        with self._path.open("rb") as stream:
            stream.seek(-1, 2)
            return stream.read(1) != b"\n"


def _parsed(line: str) -> dict[str, Any] | None:
    with contextlib.suppress(ValueError):
        value = json.loads(line)
        return value if isinstance(value, dict) else None
    return None


def state_of(version: str, sources: dict[str, str], patterns: Iterable[str] = ()) -> str:
    """A digest of all that results depend on: the release, its sources, and files of this project."""
    digest = hashlib.sha256(version.encode())
    for name, text in sorted(sources.items()):
        digest.update(f"{name}\n{text}".encode())
    for pattern in patterns:
        for path in sorted(PROJECT.glob(pattern)):
            if path.is_file():
                digest.update(path.relative_to(PROJECT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
