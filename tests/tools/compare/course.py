"""The course of the fit time over the releases: the steps between neighbours put together, and drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fixtures import whole_file
from tests.tools import release_table
from tests.tools.compare.steps import CASES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURE = release_table.TABLE.parent.parent / ".github" / "pictures" / "fit-time.svg"


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


def draw(axes: Axes, steps: Sequence[dict[str, Any]], looks: Sequence[dict[str, Any]] = ({},) * len(CASES)) -> None:
    """Draw seconds per iteration over the releases, a line for each case, with intervals.

    Parameters
    ----------
    axes : Axes
    steps : sequence of dict
        What ``steps.read`` gives.
    looks : sequence of dict
        For each case what ``errorbar`` is told besides, such as its colour.
    """
    from matplotlib import ticker  # noqa: PLC0415  (takes a second to import, and few need it)

    versions = [steps[0]["old"], *(step["new"] for step in steps)]
    for number, (name, look) in enumerate(zip(CASES, looks, strict=True)):
        points = course(steps, name)
        places = [versions.index(version) + 0.08 * (number - 1) for version, _, _ in points]
        values = [ratio for _, ratio, _ in points]
        low = [ratio - ratio / factor for _, ratio, factor in points]
        high = [ratio * factor - ratio for _, ratio, factor in points]
        axes.errorbar(
            places, values, yerr=[low, high], **{"marker": "o", "markersize": 3, "capsize": 2, "linewidth": 1, **look},
            label=name,
        )  # fmt: skip
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(ticker.LogLocator(subs=(1.2, 1.5, 2, 3, 5, 7)))
    axes.yaxis.set_major_formatter(ticker.ScalarFormatter())
    axes.yaxis.set_minor_formatter(ticker.StrMethodFormatter("{x:g}"))
    axes.axhline(1, color="grey", linewidth=0.5)
    axes.set_xticks(range(len(versions)), versions, rotation=45, fontsize=8)


def write(steps: Sequence[dict[str, Any]], path: Path = PICTURE) -> None:
    """Write the picture of the README, whole or not at all."""
    import matplotlib  # noqa: PLC0415  (takes a second to import, and few need it)

    matplotlib.use("svg")
    # The same picture from the same numbers: no date, no random ids.
    matplotlib.rcParams["svg.hashsalt"] = "fit time"
    from matplotlib import pyplot  # noqa: PLC0415

    figure, axes = pyplot.subplots(figsize=(9, 3.6), layout="constrained")
    draw(axes, steps)
    axes.set_ylabel(f"CPU seconds per iteration,\nrelative to {steps[-1]['new']}")
    axes.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file.writing(path) as scratch:
        figure.savefig(scratch, format="svg", metadata={"Date": None})
    pyplot.close(figure)
