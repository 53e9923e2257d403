"""Fit times and remedies come from files of other sessions, which are checked before they are shown."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from fixtures.corpus import PROJECT
from fixtures.fault import Fault
from tests.tools import remedies as remedies_session
from tests.tools.compare import steps
from tests.tools.compare.ratio import Ratio
from tests.tools.remedies import Count
from tests.tools.report import measured

COUNTS = {
    "GaussianMixture": {"test_a": Count(6, 3), "test_b": Count(5)},
    "LogDomainMixture": {"test_a": Count(7, 0, 2), "test_b": Count(4)},
}
ONE = {"value": 1.0, "low": 1.0, "high": 1.0}
COST = [Ratio(**ONE), Ratio(0.44, 0.43, 0.46)]


def benchmark(case: str, median: float) -> dict[str, Any]:
    stats = {"q1": 0.9 * median, "median": median, "q3": 1.2 * median}
    return {"params": {"case_name": case}, "stats": stats}


def write(folder: Path, release: str, *benchmarks: dict[str, Any]) -> Path:
    path = folder / f"sklearn-{release}.json"
    path.write_text(json.dumps({"benchmarks": benchmarks}), encoding="utf-8")
    return path


def test_remedies_are_read_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "remedies.json"
    path.write_text(json.dumps(remedies_session.as_data("1.9.1", COUNTS, COST)), encoding="utf-8")
    table = measured.remedies(path)
    assert table is not None
    assert table["names"] == ["GaussianMixture", "LogDomainMixture"]
    assert table["rows"][0] == {"check": "test_a", "cases": 9, "failed": [3, 0], "not_judged": [0, 2]}
    assert table["cost"][1] == {"value": 0.44, "low": 0.43, "high": 0.46}


@pytest.mark.parametrize(
    "change", [{"names": ["one"]}, {"cost": [ONE]}, {"rows": [{}]}, {"rows": 3}, {"cost": [1.0, 0.44]}]
)
def test_remedies_that_do_not_fit_together_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "remedies.json"
    path.write_text(json.dumps({**remedies_session.as_data("1.9.1", COUNTS, COST), **change}), encoding="utf-8")
    with pytest.raises(Fault, match=re.escape(str(path))):
        measured.remedies(path)


@pytest.mark.parametrize("stats", [{"q3": -1}, {"q1": 0.3}, {"median": "nan"}, {"q3": 1e300}])
def test_quartiles_that_are_no_seconds_are_refused(tmp_path: Path, stats: dict[str, Any]) -> None:
    one = benchmark("two-samples", 0.25)
    one["stats"] |= stats
    write(tmp_path, "1.9.1", one)
    with pytest.raises(Fault, match="no seconds of a fit; should be what `nox -s bench` writes"):
        measured.fit_times(tmp_path)


def test_fit_times_are_in_the_order_of_releases(tmp_path: Path) -> None:
    for release in ("1.10.0", "0.18.2", "1.9.1"):
        write(tmp_path, release, benchmark("two-samples", 0.25))
    assert [time.release for time in measured.fit_times(tmp_path)] == ["0.18.2", "1.9.1", "1.10.0"]


def test_a_chart_is_drawn_for_the_cases_that_take_longest_and_one_for_all(tmp_path: Path) -> None:
    cases = {f"case-{number}": 0.001 * (number + 1) for number in range(measured.MOST_CHARTS + 2)}
    write(tmp_path, "0.18.2", *(benchmark(case, 2 * median) for case, median in cases.items()))
    write(tmp_path, "1.9.1", *(benchmark(case, median) for case, median in cases.items()))
    charts = measured.charts(tmp_path)
    together, *shown = charts
    assert "relative to the newest release" in together
    assert "2.00 times as long with 0.18.2 as with 1.9.1" in charts[together]
    assert shown == sorted(cases, key=lambda case: -cases[case])[: measured.MOST_CHARTS]


def test_no_fit_times_are_no_charts(tmp_path: Path) -> None:
    assert measured.charts(None) == {}
    assert measured.charts(tmp_path) == {}


def test_a_folder_of_fit_times_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(Fault, match=re.escape(str(tmp_path / "none"))):
        measured.charts(tmp_path / "none")


def test_the_course_of_the_fit_time_shows_every_release_with_intervals() -> None:
    drawn = ElementTree.fromstring(measured.course_of(steps.read()))  # noqa: S314  (our own)
    words = {element.text for element in drawn.iter("text")}
    recorded = steps.read()
    assert {recorded[0]["old"], *(step["new"] for step in recorded), *steps.CASES} <= words
    assert f"relative to {recorded[-1]['new']}" in drawn.attrib["aria-label"]


def test_without_a_record_there_is_no_course() -> None:
    assert measured.course_of([]) == ""


@pytest.mark.parametrize("text", ["", "{", "{}", '{"benchmarks": [{}]}', '{"benchmarks": 3}', "[1]"])
def test_fit_times_of_another_form_are_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, "1.9.1")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Fault, match=re.escape(str(path))):
        measured.fit_times(tmp_path)


def test_the_report_does_not_need_scikit_learn() -> None:
    absent = "import sys; sys.modules.update(dict.fromkeys(['sklearn', 'scipy']))"
    loaded = "import tests.tools.report.__main__; from tests.support import check; check.every()"
    done = subprocess.run(
        [sys.executable, "-c", f"{absent}; {loaded}"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
