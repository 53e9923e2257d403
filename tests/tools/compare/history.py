"""The README's table and picture of how the fit time changed over the releases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.tools import release_table
from tests.tools.compare.neighbours import CASES
from tests.tools.compare.ratio import Verdict

ROOT = release_table.TABLE.parent.parent
README = ROOT / "README.md"
PICTURE = ROOT / ".github" / "pictures" / "fit-time.svg"
START, END = "<!-- fit time -->\n", "<!-- end -->"

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


def with_table(text: str, made: str) -> str:
    """The README's text with the table made anew."""
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"{README} has no place for the table; should have {START.strip()} and {END}")
    return before + start + made + "\n" + end + after


def write(steps: Sequence[dict[str, Any]]) -> None:
    """Put the table into the README, and the picture beside it."""
    README.write_text(with_table(README.read_text(encoding="utf-8"), table(steps)), encoding="utf-8")
    draw(steps)


def course(steps: Sequence[dict[str, Any]], case_name: str) -> list[tuple[str, float, float]]:
    """Seconds per iteration of each release relative to the newest.

    Returns
    -------
    list of (str, float, float)
        Version, ratio, and the factor of its 95 % interval: the steps between
        it and the newest are measured independently, so the squares of their
        half widths (of the logarithm) add up. It ends at a step without an interval.
    """
    points = [(steps[-1]["new"], 1.0, 1.0)]
    logarithm = square = 0.0
    for step in reversed(steps):
        interval = next(case for case in step["cases"] if case["case"] == case_name)["ratio_of_an_iteration"]
        if interval is None or interval["low"] is None:
            break
        logarithm -= math.log(interval["value"])
        square += (math.log(interval["high"] / interval["low"]) / 2) ** 2
        points.append((step["old"], math.exp(logarithm), math.exp(math.sqrt(square))))
    return points[::-1]


def draw(steps: Sequence[dict[str, Any]], path: Path = PICTURE) -> None:
    """Draw seconds per iteration over the releases, a line for each case, with intervals."""
    import matplotlib  # noqa: PLC0415  (takes a second to import, and few need it)

    matplotlib.use("svg")
    # The same picture from the same numbers: no date, no random ids.
    matplotlib.rcParams["svg.hashsalt"] = "fit time"
    from matplotlib import pyplot, ticker  # noqa: PLC0415

    figure, axes = pyplot.subplots(figsize=(9, 3.6), layout="constrained")
    versions = [steps[0]["old"], *(step["new"] for step in steps)]
    for number, name in enumerate(CASES):
        points = course(steps, name)
        places = [versions.index(version) + 0.08 * (number - 1) for version, _, _ in points]
        values = [ratio for _, ratio, _ in points]
        low = [ratio - ratio / factor for _, ratio, factor in points]
        high = [ratio * factor - ratio for _, ratio, factor in points]
        axes.errorbar(places, values, yerr=[low, high], marker="o", markersize=3, capsize=2, linewidth=1, label=name)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(ticker.ScalarFormatter())
    axes.yaxis.set_minor_formatter(ticker.ScalarFormatter())
    axes.axhline(1, color="grey", linewidth=0.5)
    axes.set_xticks(range(len(versions)), versions, rotation=45, fontsize=8)
    axes.set_ylabel(f"CPU seconds per iteration,\nrelative to {versions[-1]}")
    axes.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(path.name + ".writing")
    figure.savefig(scratch, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    scratch.replace(path)
