"""The record of the steps between neighbouring series: how the fit time changed at each, and its form.

Needs nothing that is only needed to measure: the report reads it too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fixtures import strict_json
from tests.tools import release_table

RECORD = release_table.TABLE.parent / "fit_time.json"
FORMAT_VERSION = 1
# The two covariance types that people use most, and one frame of many features.
CASES = ("control-still-scene", "control-still-scene-diag", "control-16d")


class BadRecord(ValueError):
    """The record of fit times is not what its format says."""


def read(path: Path = RECORD) -> list[dict[str, Any]]:
    """The steps that are recorded: ``old``, ``new`` and what each case gave; none where there is no file.

    Raises
    ------
    BadRecord
        The file is of another format.
    """
    if not path.exists():
        return []
    try:
        content = strict_json.parse(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT_VERSION:
            raise ValueError(f"format version {content['format']!r}, not {FORMAT_VERSION}")
        steps: list[dict[str, Any]] = content["steps"]
        for step in steps:
            _ = step["old"], step["new"], [case["ratio_of_an_iteration"] for case in step["cases"]]
    except (ValueError, KeyError, TypeError) as error:
        raise BadRecord(f"{path}: {error}; `nox -s compare -- --neighbours --write` makes it anew") from None
    return steps


def write(steps: Sequence[dict[str, Any]], path: Path = RECORD) -> None:
    """Write the record, whole or not at all, a line for each case of a step."""
    lines = []
    for step in steps:
        cases = ",\n    ".join(json.dumps(case) for case in step["cases"])
        rest = json.dumps({name: value for name, value in step.items() if name != "cases"})
        lines.append(f'  {rest[:-1]}, "cases": [\n    {cases}\n  ]}}')
    scratch = path.with_name(path.name + ".writing")
    scratch.write_text(f'{{"format": {FORMAT_VERSION}, "steps": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
    scratch.replace(path)
