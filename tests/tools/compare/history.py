"""The README's table of how the fit time changed over the releases, with its picture beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fixtures import documentation
from tests.tools.compare import course
from tests.tools.compare.ratio import Verdict
from tests.tools.compare.steps import CASES, RUNS_ON

README = documentation.REFERENCE
TABLE = "fit time"

UPSTREAM = "https://github.com/scikit-learn/scikit-learn/pull/"
# By the series in which it appeared: read in scikit-learn's history, and seen
# in the time that the parts of a fit take, or between the commit and its parent
# (`compare -- REPO@COMMIT~1 REPO@COMMIT --overlay`).
CAUSES: dict[str, str] = {
    "0.19": "the k-means start, which was made even where all parameters are given",
    "0.20": f"one more E-step after the last iteration ([#12451]({UPSTREAM}12451)), and the k-means start",
    "0.22": "the k-means start",
    "0.24": "the k-means start",
    "1.0": "the k-means start; diag: `precisions_init` is no longer squared, so fewer iterations carry that start"
    f" ([#22058]({UPSTREAM}22058))",
    "1.2": f"the checks of parameters, also in the k-means start ([#24021]({UPSTREAM}24021))",
    "1.4": f"no k-means start any more where all parameters are given ([#26021]({UPSTREAM}26021))",
    "1.8": f"an E-step with scikit-learn's own `logsumexp` in place of scipy's ([#30777]({UPSTREAM}30777))",
    "1.9": f"the check of `X` asks narwhals whether it is a data frame ([#31127]({UPSTREAM}31127))",
}
# The same of what a release runs on.
CAUSES_ELSEWHERE: dict[str, str] = {
    "1.6": "`scipy.special.logsumexp` takes twice as long",
    "1.7": "`scipy.special.logsumexp` takes half as long again",
}


def changed(cases: Sequence[dict[str, Any]]) -> bool:
    """Whether any case became faster or slower."""
    return any(case["verdict"] in (Verdict.FASTER.value, Verdict.SLOWER.value) for case in cases)


def table(steps: Sequence[dict[str, Any]]) -> str:
    """A Markdown table of the steps at which the fit time changed: ratio of seconds per iteration, with intervals."""
    head = "| from | to | what is new |" + "".join(f" `{case}` |" for case in CASES) + " why |"
    rows = [head, "| --- | --- | --- |" + " ---: |" * len(CASES) + " --- |"]
    for step in steps:
        if not changed([*step["cases"], *(step["scikit_learn_alone"] or ())]):
            continue
        rows.append(f"| {step['old']} | {step['new']} | everything |{_cells(step['cases'])} {why(step)} |")
        if step["scikit_learn_alone"] is not None:
            rows.append(f"| | | scikit-learn alone |{_cells(step['scikit_learn_alone'])} |")
    return "\n".join(rows)


def why(step: dict[str, Any]) -> str:
    """The causes of a step's change, as far as they are known.

    Of scikit-learn alone what was found upstream. What else is new is named
    where everything together gives other ratios than scikit-learn alone.
    """
    alone = step["scikit_learn_alone"]
    of_scikit_learn = CAUSES.get(series(step["new"]), "scikit-learn: not found")
    if alone is None:
        return of_scikit_learn
    causes = [of_scikit_learn] if changed(alone) else []
    old, new = step["runs_on"]
    others = [f"{name} {old[name]} to {new[name]}" for name in RUNS_ON if old[name] != new[name]]
    if others and _is_apart(step["cases"], alone):
        found = CAUSES_ELSEWHERE.get(series(step["new"]))
        causes.append(f"what it runs on: {', '.join(others)}{f' ({found})' if found else ''}")
    return "; ".join(causes) or "not found"


def _is_apart(everything: Sequence[dict[str, Any]], alone: Sequence[dict[str, Any]]) -> bool:
    """Whether the two intervals of any case that changed have nothing in common."""
    for whole, part in zip(everything, alone, strict=True):
        one, other = whole["ratio_of_an_iteration"], part["ratio_of_an_iteration"]
        if not changed([whole, part]) or one is None or other is None or None in (one["low"], other["low"]):
            continue
        if one["low"] > other["high"] or other["low"] > one["high"]:
            return True
    return False


def _cells(cases: Sequence[dict[str, Any]]) -> str:
    by_name = {case["case"]: case for case in cases}
    return "".join(f" {_cell(by_name[name])} |" for name in CASES)


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
    documentation.put_table(README, TABLE, table(steps))
    course.write(steps)
