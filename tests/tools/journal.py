"""A journal: JSON lines, each in the file as soon as it is known, so that work that was cut off can go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fixtures import whole_file


class Journal:
    """Entries in a file, a line each, after a header; ``entries`` are those that were there when it was opened.

    A line that was cut off, and what follows it, counts as not written. The header is what the entries depend on, as
    JSON has it: a file with another one is begun anew, and in any case where `afresh` is set.
    """

    def __init__(self, path: Path, header: Any, *, afresh: bool = False) -> None:
        self.path = path
        lines = [] if afresh else _whole_lines(path)
        if lines[:1] != [header]:
            lines = [header]
        self.entries = lines[1:]
        whole_file.make_folder(path.parent)
        whole_file.write_text(path, _text(lines))

    def add(self, *entries: Any) -> None:
        whole_file.append_text(self.path, _text(entries))


def _whole_lines(path: Path) -> list[Any]:
    lines = []
    try:
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            if not line.endswith("\n"):
                break
            lines.append(json.loads(line))
    except (OSError, ValueError):
        pass
    return lines


def _text(entries: Any) -> str:
    return "".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in entries)
