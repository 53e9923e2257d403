"""How the fit time changed between neighbouring series: the file of what was measured, the README's table and picture.

Needs nothing that is only needed to measure: the report reads and draws it too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from fixtures import corpus, documentation, whole_file
from tests.tools import json_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FILE = corpus.PROJECT / "tests" / "measured" / "fit_time.json"
FORMAT_VERSION = 2
# The two covariance types that people use most, and one frame of many features.
CASES = ("control-still-scene", "control-still-scene-diag", "control-16d")
# What a fit runs on besides scikit-learn, and a step changes too.
RUNS_ON = ("python", "numpy", "scipy")
MEASURED = ("cases", "scikit_learn_alone")
README = documentation.REFERENCE
TABLE = "fit time"
PICTURE = corpus.PROJECT / ".github" / "pictures" / "fit-time.svg"
CHANGED = ("faster", "slower")  # verdicts

UPSTREAM = "https://github.com/scikit-learn/scikit-learn/pull/"
# By the series in which it appeared: read in scikit-learn's history, and seen in the time that the parts of a fit
# take, or between the commit and its parent (`compare -- REPO@COMMIT~1 REPO@COMMIT --overlay`).
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


def read(path: Path = FILE) -> list[dict[str, Any]]:
    """The steps that were measured; empty where there is no file.

    Each has the versions ``old`` and ``new``, what both run on (``runs_on``),
    what each of the ``cases`` gave, and what each gave where the new one ran
    on what the old one does (``scikit_learn_alone``, None where it cannot).
    """
    if not path.exists():
        return []
    return json_file.read(path, _steps_in, "delete it, and `nox -s compare -- --neighbours --write` makes it anew")


def _steps_in(content: Any) -> list[dict[str, Any]]:
    json_file.require_format(content, FORMAT_VERSION, "steps")
    steps: list[dict[str, Any]] = content["steps"]
    for step in steps:
        _ = Version(step["old"]), Version(step["new"]), [[on[name] for name in RUNS_ON] for on in step["runs_on"]]
    # What cannot be shown is of another form.
    table(steps)
    _ = [course(steps, name) for name in CASES if steps]
    return steps


def write(steps: Sequence[dict[str, Any]], path: Path = FILE) -> None:
    """Write the steps, whole or not at all, a line for each case."""

    def one_a_line(cases: Sequence[dict[str, Any]] | None) -> str:
        return "null" if cases is None else "[\n    " + ",\n    ".join(map(json.dumps, cases)) + "\n  ]"

    lines = []
    for step in steps:
        rest = {name: value for name, value in step.items() if name not in MEASURED}
        measured = [f'"{name}": {one_a_line(step[name])}' for name in MEASURED]
        lines.append(f"  {json.dumps(rest)[:-1]}, {', '.join(measured)}}}")
    whole_file.write_text(path, f'{{"format": {FORMAT_VERSION}, "steps": [\n' + ",\n".join(lines) + "\n]}\n")


def changed(cases: Sequence[dict[str, Any]]) -> bool:
    """Whether any case became faster or slower."""
    return any(case["verdict"] in CHANGED for case in cases)


def table(steps: Sequence[dict[str, Any]]) -> str:
    """A Markdown table of the steps at which the fit time changed: ratio of seconds per iteration, with intervals."""
    head = "| from | to | what is new |" + "".join(f" `{case}` |" for case in CASES) + " why |"
    rows = [head, "| --- | --- | --- |" + " ---: |" * len(CASES) + " --- |"]
    for step in steps:
        alone = step["scikit_learn_alone"]
        if not changed([*step["cases"], *(alone or ())]):
            continue
        rows.append(f"| {step['old']} | {step['new']} | everything |{_cells(step['cases'])} {why(step)} |")
        if alone is not None:
            rows.append(f"| | | scikit-learn alone |{_cells(alone)} |")
    return "\n".join(rows)


def why(step: dict[str, Any]) -> str:
    """The causes of a step's change, as far as they are known: of scikit-learn what was found upstream.

    What else is new is named where everything together gives other ratios than scikit-learn alone.
    """
    alone, new_series = step["scikit_learn_alone"], series(step["new"])
    of_scikit_learn = CAUSES.get(new_series, "scikit-learn: not found")
    if alone is None:
        return of_scikit_learn
    causes = [of_scikit_learn] if changed(alone) else []
    old, new = step["runs_on"]
    others = [f"{name} {old[name]} to {new[name]}" for name in RUNS_ON if old[name] != new[name]]
    if others and any(map(_are_apart, step["cases"], alone)):
        found = CAUSES_ELSEWHERE.get(new_series)
        causes.append(f"what it runs on: {', '.join(others)}{f' ({found})' if found else ''}")
    return "; ".join(causes) or "not found"


def _are_apart(everything: dict[str, Any], alone: dict[str, Any]) -> bool:
    """Whether the two intervals of a case that changed have nothing in common."""
    one, other = everything["ratio_of_an_iteration"], alone["ratio_of_an_iteration"]
    if not (changed([everything, alone]) and _known(one) and _known(other)):
        return False
    return one["low"] > other["high"] or other["low"] > one["high"]


def _known(ratio: dict[str, Any] | None) -> bool:
    return ratio is not None and ratio["low"] is not None


def _cells(cases: Sequence[dict[str, Any]]) -> str:
    cells = {}
    for case in cases:
        ratio, mark = case["ratio_of_an_iteration"], "**" if changed([case]) else ""
        text = f"{mark}{ratio['value']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f}){mark}" if _known(ratio) else "-"
        cells[case["case"]] = f" {text} |"
    return "".join(cells[name] for name in CASES)


def series(version: str) -> str:
    """Major and minor version."""
    return ".".join(version.split(".")[:2])


def course(steps: Sequence[dict[str, Any]], case_name: str) -> list[tuple[str, float, float]]:
    """Seconds per iteration of each release relative to the newest: version, ratio, factor of its 95 % interval.

    The steps between a release and the newest are measured independently, so
    the squares of their half widths (of the logarithm) add up. The course ends
    at a step without an interval.
    """
    points = [(steps[-1]["new"], 1.0, 1.0)]
    logarithm = square = 0.0
    for step in reversed(steps):
        ratio = next(case for case in step["cases"] if case["case"] == case_name)["ratio_of_an_iteration"]
        if not _known(ratio):
            break
        logarithm -= math.log(ratio["value"])
        square += (math.log(ratio["high"] / ratio["low"]) / 2) ** 2
        points.append((step["old"], math.exp(logarithm), math.exp(math.sqrt(square))))
    return points[::-1]


def draw_course(axes: Axes, steps: Sequence[dict[str, Any]], looks: Sequence[dict[str, Any]] = ({}, {}, {})) -> None:
    """Draw seconds per iteration over the releases, with intervals, a line for each case of a look of its own."""
    from matplotlib import ticker  # noqa: PLC0415  (takes a second to import, and few need it)

    versions = [steps[0]["old"], *(step["new"] for step in steps)]
    for number, (name, look) in enumerate(zip(CASES, looks, strict=True)):
        points = course(steps, name)
        places = [versions.index(version) + 0.08 * (number - 1) for version, _, _ in points]
        values = [ratio for _, ratio, _ in points]
        low = [ratio - ratio / factor for _, ratio, factor in points]
        high = [ratio * factor - ratio for _, ratio, factor in points]
        style = {"marker": "o", "markersize": 3, "capsize": 2, "linewidth": 1, **look}
        axes.errorbar(places, values, yerr=[low, high], label=name, **style)
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(ticker.LogLocator(subs=(1.2, 1.5, 2, 3, 5, 7)))
    axes.yaxis.set_major_formatter(ticker.ScalarFormatter())
    axes.yaxis.set_minor_formatter(ticker.StrMethodFormatter("{x:g}"))
    axes.axhline(1, color="grey", linewidth=0.5)
    axes.set_xticks(range(len(versions)), versions, rotation=45, fontsize=8)


def write_picture(steps: Sequence[dict[str, Any]], path: Path = PICTURE) -> None:
    """Write the picture of the README, whole or not at all."""
    import matplotlib as mpl  # noqa: PLC0415  (takes a second to import, and few need it)
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots()
    draw_course(axes, steps)
    axes.set_ylabel(f"CPU seconds per iteration,\nrelative to {steps[-1]['new']}")
    axes.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The same picture from the same numbers: no date, no random ids.
    with whole_file.writing(path) as scratch, mpl.rc_context({"svg.hashsalt": "fit time"}):
        figure.savefig(scratch, format="svg", metadata={"Date": None})


def write_readme(steps: Sequence[dict[str, Any]]) -> None:
    """Put the table into the README, and the picture beside it."""
    documentation.put_table(README, TABLE, table(steps))
    write_picture(steps)
