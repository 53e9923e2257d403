"""The record of fit times over the releases: its table, its picture, and the README that shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures import documentation
from tests.tools.compare import course, history, neighbours, steps


def case(name: str, value: float, verdict: str = "no difference", width: float = 1.01) -> dict[str, Any]:
    interval = {"value": value, "low": value / width, "high": value * width}
    return {"case": name, "verdict": verdict, "ratio": interval, "ratio_of_an_iteration": interval}


def step(old: str, new: str, values: tuple[float, float, float], verdict: str = "no difference") -> dict[str, Any]:
    cases = [case(name, value, verdict) for name, value in zip(steps.CASES, values, strict=True)]
    return {"old": old, "new": new, "cases": cases}


STEPS = [
    step("1.2.2", "1.3.2", (1.0, 1.0, 1.0)),
    step("1.3.2", "1.4.2", (0.5, 0.8, 1.0), "faster"),
    step("1.4.2", "1.5.2", (2.0, 1.0, 1.0), "slower"),
]


def test_the_readme_shows_what_is_recorded() -> None:
    text = history.README.read_text(encoding="utf-8")
    assert documentation.with_table(text, history.TABLE, history.table(steps.read())) == text


def test_every_step_between_neighbours_is_recorded() -> None:
    assert [(one["old"], one["new"]) for one in steps.read()] == neighbours.pairs_of_series()


def test_every_cause_belongs_to_a_step_that_changed() -> None:
    changed = {history.series(one["new"]) for one in steps.read() if history.changed(one)}
    assert set(history.CAUSES) <= changed


def test_only_steps_that_changed_are_in_the_table() -> None:
    rows = history.table(STEPS).splitlines()[2:]
    assert [row.split(" | ")[:2] for row in rows] == [["| 1.3.2", "1.4.2"], ["| 1.4.2", "1.5.2"]]
    assert "**0.50 (0.50 to 0.51)**" in rows[0]


def test_the_course_multiplies_the_steps_back_from_the_newest_and_adds_their_uncertainty() -> None:
    points = course.course(STEPS, steps.CASES[0])
    assert [version for version, _, _ in points] == ["1.2.2", "1.3.2", "1.4.2", "1.5.2"]
    assert [value for _, value, _ in points] == pytest.approx([1.0, 1.0, 0.5, 1.0])
    assert [factor for _, _, factor in points] == pytest.approx([1.01**3**0.5, 1.01**2**0.5, 1.01, 1.0])


def test_the_picture_is_the_same_for_the_same_record(tmp_path: Path) -> None:
    for name in ("one.svg", "other.svg"):
        course.write(STEPS, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    steps.write(STEPS, tmp_path / "fit_time.json")
    assert steps.read(tmp_path / "fit_time.json") == STEPS


@pytest.mark.parametrize("text", ["{", '{"format": 2, "steps": []}', '{"format": 1}', '{"format": 1, "steps": [{}]}'])
def test_a_broken_record_is_told_with_what_mends_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "fit_time.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(steps.BadRecord, match="--neighbours --write"):
        steps.read(path)


def test_the_record_is_strict_json() -> None:
    assert json.loads(steps.RECORD.read_text(encoding="utf-8"))["format"] == steps.FORMAT_VERSION
