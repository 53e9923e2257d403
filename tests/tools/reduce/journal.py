"""The journal of a reduction: what was judged so far, so that one that is cut off can go on."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any

from fixtures import whole_file


class Journal:
    """Verdicts on candidates, in a file to which each is added when it is known.

    A line is a JSON list. One that was cut off, and what follows it, counts as
    not written.

    Parameters
    ----------
    header : dict
        What is reduced, and by what. A journal with another header is begun anew.
    afresh : bool
        Whether to begin anew in any case.

    Attributes
    ----------
    verdicts : dict
        Whether a candidate failed in the same way, by release and key.
    """

    def __init__(self, path: Path, header: dict[str, Any], *, afresh: bool = False) -> None:
        self.path = path
        self.verdicts: dict[tuple[str, str], bool] = {}
        lines = [] if afresh else _whole_lines(path)
        if not lines or lines[0] != ["reduction", header]:
            lines = [["reduction", header]]
        self.verdicts = {(release, key): same for release, key, same in lines[1:]}
        path.parent.mkdir(parents=True, exist_ok=True)
        whole_file.write_text(path, "".join(_line(line) for line in lines))
        self._file = path.open("a", encoding="utf-8")

    def note(self, release: str, verdicts: dict[str, bool]) -> None:
        """Add verdicts on candidates, by their keys."""
        self.verdicts.update({(release, key): same for key, same in verdicts.items()})
        self._file.write("".join(_line([release, key, same]) for key, same in verdicts.items()))
        self._file.flush()

    def remove(self) -> None:
        """The reduction is done: nothing is left to go on with."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()


def _whole_lines(path: Path) -> list[Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    lines = []
    for line in text.splitlines(keepends=True):
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
        if not line.endswith("\n"):
            lines.pop()
    return lines


def _line(content: list[Any]) -> str:
    return json.dumps(content, separators=(",", ":")) + "\n"
