"""What a comparison found: a table for people, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fixtures import whole_file
from tests.tools.compare.measure import CaseResult
from tests.tools.compare.ratio import FEWEST_ROUNDS, Ratio, Verdict
from tests.tools.compare.sides import Side

FORMAT_VERSION = 1
HEAD = ("case", "seconds per fit", "per iteration", "iterations", "peak memory", "verdict")


def table(results: Sequence[CaseResult]) -> str:
    """A line for each case, in columns."""
    rows = [HEAD, *(_row(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def notes(results: Sequence[CaseResult]) -> list[str]:
    """What the table does not say of itself: fits that failed, iterations that differ, cases that stay open."""
    lines = []
    for result in results:
        if result.failure:
            lines.append(f"{result.case} has no ratio: {result.failure}")
            continue
        if not result.facts:
            continue
        old, new = result.facts["old"].n_iter, result.facts["new"].n_iter
        if old != new:
            lines.append(f"{result.case}: {old} iterations became {new}; compare the seconds per iteration")
    undecided = [result for result in results if result.verdict is Verdict.UNDECIDED]
    too_few = [result for result in undecided if len(result.rounds) < FEWEST_ROUNDS]
    if too_few:
        cases = ", ".join(f"{result.case} ({len(result.rounds)})" for result in too_few)
        lines.append(
            f"undecided after too few rounds: {cases}; should be {FEWEST_ROUNDS} or more: give more --seconds, or stop"
            " what else is running"
        )
    undecided = [result for result in undecided if result not in too_few]
    if undecided:
        threshold = undecided[0].threshold
        lines.append(
            f"undecided at a threshold of {threshold:g}: {', '.join(result.case for result in undecided)}; the interval"
            f" should lie wholly above {threshold:g}, below {1 / threshold:.3g}, or between: the ratio is near the"
            " threshold, or the machine too noisy: give more --seconds, or stop what else is running"
        )
    return lines


def write_json(path: Path, old: Side, new: Side, results: Sequence[CaseResult], **more: Any) -> None:
    """Write all that was measured, whole or not at all."""
    content = {
        "format": FORMAT_VERSION,
        "old": old.name,
        "new": new.name,
        **more,
        "cases": [as_json(result) for result in results],
    }
    whole_file.write_text(path, json.dumps(content, indent=1) + "\n")


def as_json(result: CaseResult) -> dict[str, Any]:
    """One case: ratios with their intervals, verdict, what each side is, and the blocks of each round."""
    ratio, of_an_iteration = result.ratio, result.ratio_of_an_iteration
    return {
        "case": result.case,
        "threshold": result.threshold,
        "verdict": result.verdict.value if result.verdict else None,
        "failure": result.failure,
        "ratio": interval(ratio),
        "ratio_of_an_iteration": interval(of_an_iteration),
        "sides": {side: asdict(facts) for side, facts in result.facts.items()},
        "cpu_seconds_per_fit": result.rounds,
    }


def interval(ratio: Ratio | None) -> dict[str, float | None] | None:
    """A ratio for JSON, which has no infinity: one round alone has no interval."""
    if ratio is None:
        return None
    alone = ratio.low == 0
    return {
        "value": ratio.value,
        "low": None if alone else ratio.low,
        "high": None if alone else ratio.high,
    }


def _row(result: CaseResult) -> tuple[str, ...]:
    ratio, of_an_iteration = result.ratio, result.ratio_of_an_iteration
    if result.failure or ratio is None or of_an_iteration is None:
        return (result.case, "-", "-", "-", "-", "a fit failed" if result.failure else "not measured")
    facts = [result.facts["old"], result.facts["new"]]
    assert result.verdict is not None
    return (
        result.case,
        in_words(ratio),
        in_words(of_an_iteration),
        _both([str(side.n_iter) for side in facts]),
        _both([_bytes(side.peak_memory) for side in facts]),
        result.verdict.value,
    )


def in_words(ratio: Ratio) -> str:
    """A ratio with its interval."""
    if ratio.low == 0:
        return f"x {ratio.value:.3f} (one round)"
    return f"x {ratio.value:.3f} ({ratio.low:.3f} to {ratio.high:.3f})"


def _both(texts: Sequence[str]) -> str:
    return texts[0] if texts[0] == texts[1] else f"{texts[0]} -> {texts[1]}"


def _bytes(number: int) -> str:
    return f"{number / 1e6:.2f} MB"
