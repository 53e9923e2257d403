"""The record of fit times over the releases: its table, its picture, and the README that shows them."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from fixtures import documentation
from fixtures.fault import Fault
from tests.selftest import fit_timer_fake
from tests.selftest.test_compare import Behaviour
from tests.tools.compare import measure, steps
from tests.tools.compare.measure import Plan, Side
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.release_table import Release


def case(name: str, value: float, verdict: str = "no difference", width: float = 1.01) -> dict[str, Any]:
    interval = {"value": value, "low": value / width, "high": value * width}
    return {"case": name, "verdict": verdict, "ratio": interval, "ratio_of_an_iteration": interval}


def step(
    old: str, new: str, values: tuple[float, float, float], verdict: str = "no difference", alone: str | None = None
) -> dict[str, Any]:
    """A step with what each case gave, and its verdict where scikit-learn alone is new."""
    made = [case(name, value, verdict) for name, value in zip(steps.CASES, values, strict=True)]
    still = 1.0 if alone == "no difference" else values[0]
    of_scikit_learn = [case(name, still, alone or "") for name in steps.CASES]
    runs_on = [{"python": "3.12.1", "numpy": numpy, "scipy": "1.13.0"} for numpy in ("1.26.4", "2.1.0")]
    return {
        "old": old,
        "new": new,
        "runs_on": runs_on,
        "cases": made,
        "scikit_learn_alone": of_scikit_learn if alone else None,
    }


STEPS = [
    step("1.2.2", "1.3.2", (1.0, 1.0, 1.0)),
    step("1.3.2", "1.4.2", (0.5, 0.8, 1.0), "faster", "faster"),
    step("1.4.2", "1.5.2", (2.0, 1.1, 1.1), "slower", "no difference"),
    step("1.5.2", "1.6.1", (2.0, 1.0, 1.0), "slower"),
]


def test_the_readme_shows_what_is_recorded() -> None:
    text = steps.README.read_text(encoding="utf-8")
    assert documentation.with_table(text, steps.TABLE, steps.table(steps.read())) == text


def test_every_step_between_neighbours_is_recorded() -> None:
    assert [(one["old"], one["new"]) for one in steps.read()] == measure.pairs_of_series()


def test_every_cause_belongs_to_a_step_that_changed() -> None:
    changed = {steps.series(one["new"]) for one in steps.read() if steps.changed(one["cases"])}
    assert set(steps.CAUSES) <= changed


def test_only_steps_that_changed_are_in_the_table() -> None:
    rows = steps.table(STEPS).splitlines()[2:]
    steps_shown = [row.split(" | ")[:2] for row in rows if " everything " in row]
    assert steps_shown == [["| 1.3.2", "1.4.2"], ["| 1.4.2", "1.5.2"], ["| 1.5.2", "1.6.1"]]
    assert "**0.50 (0.50 to 0.51)**" in rows[0]


def test_scikit_learn_alone_has_a_row_where_it_was_measured() -> None:
    rows = steps.table(STEPS).splitlines()[2:]
    assert [row.startswith("| | | scikit-learn alone | ") for row in rows] == [False, True, False, True, False]


def test_what_a_release_runs_on_is_the_cause_where_scikit_learn_alone_makes_no_difference() -> None:
    assert steps.why(STEPS[2]) == "what it runs on: numpy 1.26.4 to 2.1.0"


def test_no_cause_is_made_up_where_scikit_learn_may_be_it() -> None:
    assert steps.why(STEPS[3]) == "scikit-learn: not found"
    assert steps.why(step("1.7.2", "99.1", (2.0, 2.0, 2.0), "slower", "slower")) == "scikit-learn: not found"


def test_a_difference_that_may_be_chance_has_no_cause() -> None:
    assert steps.why(step("1.7.2", "99.1", (1.01, 1.01, 1.01), "slower", "no difference")) == "not found"


def test_both_causes_are_named_where_scikit_learn_alone_changes_less() -> None:
    both = step("1.7.2", "99.1", (1.1, 1.1, 1.5), "slower", "slower")
    assert steps.why(both) == "scikit-learn: not found; what it runs on: numpy 1.26.4 to 2.1.0"


def test_the_course_multiplies_the_steps_back_from_the_newest_and_adds_their_uncertainty() -> None:
    points = steps.course(STEPS, steps.CASES[0])
    assert [version for version, _, _ in points] == ["1.2.2", "1.3.2", "1.4.2", "1.5.2", "1.6.1"]
    assert [value for _, value, _ in points] == pytest.approx([0.5, 0.5, 0.25, 0.5, 1.0])
    assert [factor for _, _, factor in points] == pytest.approx([1.01**root**0.5 for root in (4, 3, 2, 1, 0)])


def test_the_picture_is_the_same_for_the_same_record(tmp_path: Path) -> None:
    for name in ("one.svg", "other.svg"):
        steps.write_picture(STEPS, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    steps.write(STEPS, tmp_path / "fit_time.json")
    assert steps.read(tmp_path / "fit_time.json") == STEPS


@pytest.mark.parametrize("text", ["{", '{"format": 1, "steps": []}', '{"format": 2}', '{"format": 2, "steps": [{}]}'])
def test_a_broken_record_is_reported_with_what_mends_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "fit_time.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Fault, match="delete it, and `nox -s compare -- --neighbours --write`"):
        steps.read(path)


def test_the_record_is_strict_json() -> None:
    assert json.loads(steps.FILE.read_text(encoding="utf-8"))["format"] == steps.FORMAT_VERSION


def test_a_release_that_cannot_run_on_what_the_last_one_does_has_no_ratio_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def open_fake(version: str) -> contextlib.AbstractContextManager[Side]:
        told = json.dumps({**vars(Behaviour()), "round": 1, "seed": version})
        fake = Side(version, Path(sys.executable), "", "tests.selftest.fit_timer_fake", {fit_timer_fake.NAME: told})
        return contextlib.nullcontext(fake)

    def refuse(_: Side, release: Release) -> contextlib.AbstractContextManager[Side]:
        if release.version == "1.9.1":
            raise EnvironmentFailed("no solution found")
        return open_fake(release.version)

    monkeypatch.setattr(measure, "pairs_of_series", lambda: [("1.7.2", "1.8.0"), ("1.8.0", "1.9.1")])
    *_, (one, other) = measure.measure_neighbours(Plan(blocks=2, looks=(2,)), [], open_fake, refuse)
    assert one["runs_on"] == [{"python": "3.13.0", "numpy": "2.3.0", "scipy": "1.16.0"}] * 2
    assert len(one["scikit_learn_alone"]) == len(one["cases"]) == len(steps.CASES)
    assert other["scikit_learn_alone"] is None
