"""A run's record says what was run and how it ended; --plots draws each failing case: real runs of a small project."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.selftest.suite_runs import CHAIN, CHECK, DEFECT, EMBEDDED, LISTED_CASES, RELEASE, Run, fake
from tests.support import record_format
from tests.tools.report import junit

LOST = "object-leaves-frame"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run records")


@pytest.fixture(scope="module")
def runs(project: Path, start_run: Callable[..., Future[Run]], folder: Path) -> dict[str, Run]:
    """Runs by name; each leaves a record of that name."""
    collapses, right = fake("AlwaysCollapses"), fake("NeverCollapses")
    calls = {
        "known": [collapses],
        "gone": [right],
        "drawn": [collapses, "--no-ledger", f"--plots={folder / 'some plots'}"],
        "raises": [fake("Raises"), "--no-ledger", f"--plots={folder / 'raised'}", "-k", LOST],
        "stopped": [collapses, "--no-ledger", "-x"],
        "no folder": [collapses, "--no-ledger", f"--plots={folder / 'known.xml' / 'x'}", "-k", LOST],
    }
    started = {
        name: start_run(project, *arguments, f"--junitxml={folder / name}.xml") for name, arguments in calls.items()
    }
    return {name: run.result() for name, run in started.items()}


@pytest.mark.usefixtures("runs")
def test_a_record_says_what_was_run(folder: Path) -> None:
    header = junit.read(folder / "known.xml").header
    assert header["scikit-learn"] == RELEASE
    assert header["estimator"] == "tests.selftest.fakes:AlwaysCollapses"
    assert re.fullmatch("[0-9a-f]{16}", header["ledger"])
    assert header["selection"] == record_format.WHOLE
    assert header["capture"] == "not at hand"
    assert junit.read(folder / "drawn.xml").header["ledger"] == record_format.OFF
    assert junit.read(folder / "raises.xml").header["selection"] == record_format.A_PART


@pytest.mark.usefixtures("runs")
def test_a_run_that_stops_early_leaves_no_whole_record(folder: Path) -> None:
    with pytest.raises(junit.BadRecord, match=r"stopped after 1 of \d tests"):
        junit.read(folder / "stopped.xml")


@pytest.mark.usefixtures("runs")
def test_a_record_keeps_what_the_check_of_a_known_defect_saw(folder: Path) -> None:
    results = {result.name: result for result in junit.read(folder / "known.xml").results}
    result = results[f"{CHECK}[{LOST}]"]
    assert result.state == junit.KNOWN
    assert result.text.startswith("component 0 is ")
    place = json.loads(result.properties["place"])
    assert len(place["means"]) == len(place["covariances"]) == 11


@pytest.mark.usefixtures("runs")
def test_a_defect_that_no_longer_occurs_is_told_from_one_that_is_new(folder: Path) -> None:
    gone = {result.name: result.state for result in junit.read(folder / "gone.xml").results}
    new = {result.name: result.state for result in junit.read(folder / "known.xml").results}
    assert gone[f"{CHECK}[{LOST}]"] == junit.GONE
    assert new[f"{CHECK}[{CHAIN}]"] == junit.FAILED
    assert new[f"{CHECK}[{LISTED_CASES[0]}]"] == junit.SKIPPED
    (kept,) = (result for result in junit.read(folder / "gone.xml").results if result.name == f"{CHECK}[{LOST}]")
    assert kept.properties[record_format.GONE] == DEFECT


def test_every_failing_case_is_drawn_and_its_failure_names_the_picture(runs: dict[str, Run], folder: Path) -> None:
    pictures = {path.name for path in (folder / "some plots").iterdir()}
    assert pictures == {f"{case}-sklearn-{RELEASE}.svg" for case in EMBEDDED}
    named = f"picture: {folder / 'some plots' / LOST}-sklearn-{RELEASE}.svg"
    assert named in runs["drawn"].failure(LOST)
    assert "picture:" not in runs["known"].stdout


@pytest.mark.usefixtures("runs")
def test_a_picture_shows_each_component_and_where_the_lost_ones_went(folder: Path) -> None:
    root = ElementTree.parse(folder / "some plots" / f"{LOST}-sklearn-{RELEASE}.svg").getroot()  # noqa: S314
    classes = [element.get("class") for element in root.iter()]
    n_components = 11
    ellipses = [element for element in root.iter() if element.tag.endswith("ellipse")]
    assert [one.get("class") for one in ellipses].count("before") == n_components
    assert len(ellipses) == 2 * n_components
    # Lines with a head, and the key's own.
    assert sum(element.get("marker-end") is not None for element in root.iter()) == n_components
    assert classes.count("exact") == n_components + 1


@pytest.mark.usefixtures("runs")
def test_a_fit_that_raises_is_drawn_with_what_it_started_from(folder: Path) -> None:
    (path,) = (folder / "raised").iterdir()
    text = path.read_text(encoding="utf-8")
    assert text.count('<ellipse class="before"') == 11
    assert '<ellipse class="after"' not in text
    assert "raised RuntimeError" in text


def test_a_folder_that_cannot_be_written_is_said_and_breaks_nothing(runs: dict[str, Run]) -> None:
    failure = runs["no folder"].failure(LOST)
    assert "no picture: " in failure
    assert "cannot be written" in failure
    assert "Traceback" not in runs["no folder"].stdout
