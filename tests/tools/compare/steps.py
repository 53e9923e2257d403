"""How the fit time changed at each step between neighbouring series, as it was measured: the file and its form.

Needs nothing that is only needed to measure: the report reads it too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fixtures import corpus, strict_json, whole_file
from fixtures.fault import Fault

FILE = corpus.PROJECT / "tests" / "measured" / "fit_time.json"
FORMAT_VERSION = 2
# The two covariance types that people use most, and one frame of many features.
CASES = ("control-still-scene", "control-still-scene-diag", "control-16d")
# What a fit runs on besides scikit-learn, and a step changes too.
RUNS_ON = ("python", "numpy", "scipy")
MEASURED = ("cases", "scikit_learn_alone")


def read(path: Path = FILE) -> list[dict[str, Any]]:
    """The steps that were measured; none where there is no file.

    Each has the versions ``old`` and ``new``, what both run on (``runs_on``),
    what each of the ``cases`` gave, and what each gave where the new one ran
    on what the old one does (``scikit_learn_alone``, None where it cannot).

    Raises
    ------
    Fault
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
            _ = step["old"], step["new"], [[on[name] for name in RUNS_ON] for on in step["runs_on"]]
            for name in MEASURED:
                _ = [case["ratio_of_an_iteration"] for case in step[name] or ()]
    except (ValueError, KeyError, TypeError) as error:
        raise Fault(f"{path}: {error}; delete it, and `nox -s compare -- --neighbours --write` makes it anew") from None
    return steps


def write(steps: Sequence[dict[str, Any]], path: Path = FILE) -> None:
    """Write the steps, whole or not at all, a line for each case."""
    lines = []
    for step in steps:
        rest = {name: value for name, value in step.items() if name not in MEASURED}
        measured = [f'"{name}": {_one_a_line(step[name])}' for name in MEASURED]
        lines.append(f"  {json.dumps(rest)[:-1]}, {', '.join(measured)}}}")
    whole_file.write_text(path, f'{{"format": {FORMAT_VERSION}, "steps": [\n' + ",\n".join(lines) + "\n]}\n")


def _one_a_line(cases: Sequence[dict[str, Any]] | None) -> str:
    return "null" if cases is None else "[\n    " + ",\n    ".join(map(json.dumps, cases)) + "\n  ]"
