"""The README's table of how the fit time changed over the releases, with its picture beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fixtures import documentation
from tests.tools import release_table
from tests.tools.compare import course
from tests.tools.compare.ratio import Verdict
from tests.tools.compare.steps import CASES

ROOT = release_table.TABLE.parent.parent
README = ROOT / "README.md"
TABLE = "fit time"

UPSTREAM = "https://github.com/scikit-learn/scikit-learn/pull/"
# By the series in which it appeared; read in scikit-learn's history.
CAUSES: dict[str, str] = {
    "0.20": f"one more E-step after the last iteration ([#12451]({UPSTREAM}12451))",
    "1.0": "diag only: `precisions_init` is no longer squared, so fewer iterations carry the k-means start"
    f" ([#22058]({UPSTREAM}22058))",
    "1.4": f"no k-means start any more where all parameters are given ([#26021]({UPSTREAM}26021))",
}


def changed(step: dict[str, Any]) -> bool:
    """Whether any case of a step became faster or slower."""
    return any(case["verdict"] in (Verdict.FASTER.value, Verdict.SLOWER.value) for case in step["cases"])


def table(steps: Sequence[dict[str, Any]]) -> str:
    """A Markdown table of the steps at which the fit time changed: ratio of seconds per iteration, with intervals."""
    head = "| from | to |" + "".join(f" `{case}` |" for case in CASES) + " why |"
    rows = [head, "| --- | --- |" + " ---: |" * len(CASES) + " --- |"]
    for step in steps:
        if not changed(step):
            continue
        cases = {case["case"]: case for case in step["cases"]}
        cells = "".join(f" {_cell(cases[name])} |" for name in CASES)
        rows.append(f"| {step['old']} | {step['new']} |{cells} {CAUSES.get(series(step['new']), 'not found')} |")
    return "\n".join(rows)


def _cell(case: dict[str, Any]) -> str:
    interval = case["ratio_of_an_iteration"]
    if interval is None or interval["low"] is None:
        return "-"
    text = f"{interval['value']:.2f} ({interval['low']:.2f} to {interval['high']:.2f})"
    return f"**{text}**" if case["verdict"] in (Verdict.FASTER.value, Verdict.SLOWER.value) else text


def series(version: str) -> str:
    """Major and minor version."""
    return ".".join(version.split(".")[:2])


def write(steps: Sequence[dict[str, Any]]) -> None:
    """Put the table into the README, and the picture beside it."""
    text = documentation.with_table(README.read_text(encoding="utf-8"), TABLE, table(steps))
    README.write_text(text, encoding="utf-8")
    course.write(steps)
