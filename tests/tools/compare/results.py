"""What a comparison found: a table for people, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fixtures import whole_file
from tests.tools import columns
from tests.tools.compare.measure import CaseResult
from tests.tools.compare.ratio import FEWEST_ROUNDS, Ratio, Verdict
from tests.tools.compare.sides import Side

FORMAT_VERSION = 1
HEAD = ("case", "seconds per fit", "per iteration", "iterations", "peak memory", "verdict")
MORE = "give more --seconds, or stop what else is running"


def table(results: Sequence[CaseResult]) -> str:
    """A line for each case, in columns."""
    return columns.aligned([HEAD, *map(_row, results)])


def notes(results: Sequence[CaseResult]) -> list[str]:
    """What the table leaves out: why a fit failed, iterations that differ, what to do about an undecided case."""
    lines = []
    for result in results:
        if result.failure:
            lines.append(f"{result.case} has no ratio: {result.failure}")
        elif result.facts and (old := result.facts["old"].n_iter) != (new := result.facts["new"].n_iter):
            lines.append(f"{result.case}: {old} iterations became {new}; compare the seconds per iteration")
    undecided = [result for result in results if result.verdict is Verdict.UNDECIDED]
    too_few = [result for result in undecided if len(result.rounds) < FEWEST_ROUNDS]
    if too_few:
        cases = ", ".join(f"{result.case} ({len(result.rounds)})" for result in too_few)
        lines.append(f"undecided after too few rounds: {cases}; should be {FEWEST_ROUNDS} or more: {MORE}")
    near = [result for result in undecided if result not in too_few]
    if near:
        threshold = near[0].threshold
        lines.append(
            f"undecided at a threshold of {threshold:g}: {', '.join(result.case for result in near)}; the interval"
            f" should lie wholly above {threshold:g}, below {1 / threshold:.3g}, or between: the ratio is near the"
            f" threshold, or the machine too noisy: {MORE}"
        )
    return lines


def write_json(path: Path, old: Side, new: Side, results: Sequence[CaseResult], **more: Any) -> None:
    """Write all that was measured, whole or not at all."""
    cases = [as_json(result) for result in results]
    content = {"format": FORMAT_VERSION, "old": old.name, "new": new.name, **more, "cases": cases}
    whole_file.write_text(path, json.dumps(content, indent=1) + "\n")


def as_json(result: CaseResult) -> dict[str, Any]:
    """One case: ratios with their intervals, verdict, what each side is, and the blocks of each round."""
    return {
        "case": result.case,
        "threshold": result.threshold,
        "verdict": result.verdict.value if result.verdict else None,
        "failure": result.failure,
        "ratio": interval(result.ratio),
        "ratio_of_an_iteration": interval(result.ratio_of_an_iteration),
        "sides": {side: asdict(facts) for side, facts in result.facts.items()},
        "cpu_seconds_per_fit": result.rounds,
    }


def interval(ratio: Ratio | None) -> dict[str, float | None] | None:
    """A ratio for JSON, which has no infinity: one round alone has no interval."""
    if ratio is None:
        return None
    low, high = (None, None) if ratio.low == 0 else (ratio.low, ratio.high)
    return {"value": ratio.value, "low": low, "high": high}


def _row(result: CaseResult) -> Sequence[str]:
    ratio, of_an_iteration, verdict = result.ratio, result.ratio_of_an_iteration, result.verdict
    if verdict is None or ratio is None or of_an_iteration is None:
        return (result.case, "-", "-", "-", "-", "a fit failed" if result.failure else "not measured")
    facts = [result.facts["old"], result.facts["new"]]
    iterations = _both([str(side.n_iter) for side in facts])
    memory = _both([f"{side.peak_memory / 1e6:.2f} MB" for side in facts])
    return (result.case, in_words(ratio), in_words(of_an_iteration), iterations, memory, verdict.value)


def in_words(ratio: Ratio) -> str:
    """A ratio with its interval."""
    return f"x {ratio.value:.3f} ({'one round' if ratio.low == 0 else f'{ratio.low:.3f} to {ratio.high:.3f}'})"


def _both(texts: Sequence[str]) -> str:
    return texts[0] if texts[0] == texts[1] else f"{texts[0]} -> {texts[1]}"
