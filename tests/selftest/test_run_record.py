"""A run's record says what was run and how it ended; --plots draws each failing case: real runs of a small project."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.selftest.suite_runs import CAPTURE, CHAIN, CHECK, DEFECT, EMBEDDED, RELEASE, Run, fake
from tests.support import junit_format
from tests.support.findings import from_json
from tests.support.replay import EXPLICIT, WARM_START
from tests.support.states import EMPTY

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


@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
def test_a_case_that_cannot_be_read_does_not_stop_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junit_format, "CASES", tmp_path)
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "case.json").write_text("{}", encoding="utf-8")
    digest = junit_format.corpus_digest()
    os.mkfifo(tmp_path / "case" / "pipe.json")
    (tmp_path / "case" / "loop.json").symlink_to("loop.json")
    (tmp_path / "case" / "huge.json").touch()
    os.truncate(tmp_path / "case" / "huge.json", 1 << 40)
    assert junit_format.corpus_digest() == digest


def properties_of(element: ElementTree.Element) -> dict[str, str]:
    return {item.get("name", ""): item.get("value", "") for item in element.iterfind("properties/property")}


def suite_of(path: Path) -> ElementTree.Element:
    """What a record holds of the one run that it is of."""
    (suite,) = ElementTree.parse(path).getroot()  # noqa: S314  (written by our own process)
    return suite


def one_test(path: Path, check: str, case: str) -> ElementTree.Element:
    (found,) = (test for test in suite_of(path).iter("testcase") if test.get("name") == f"{check}[{case}]")
    return found


@pytest.mark.usefixtures("runs")
def test_a_record_says_what_was_run(folder: Path) -> None:
    header = properties_of(suite_of(folder / "known.xml"))
    assert header["scikit-learn"] == RELEASE
    assert header["estimator"] == "tests.selftest.fakes:AlwaysCollapses"
    assert re.fullmatch("[0-9a-f]{16}", header["ledger"])
    assert header["selection"] == junit_format.WHOLE
    assert header["capture"] == "not at hand"
    assert header["record"] == str(junit_format.FORMAT_VERSION)
    assert properties_of(suite_of(folder / "drawn.xml"))["ledger"] == junit_format.OFF
    assert properties_of(suite_of(folder / "raises.xml"))["selection"] == junit_format.A_PART


@pytest.mark.usefixtures("runs")
def test_a_record_says_whether_the_run_is_whole(folder: Path) -> None:
    whole, stopped = (properties_of(suite_of(folder / f"{name}.xml")) for name in ("known", "stopped"))
    assert (whole["end"], whole["tests ended"]) == ("complete", whole["tests selected"])
    assert stopped["end"] == "interrupted"
    assert int(stopped["tests ended"]) == 1 < int(stopped["tests selected"])


@pytest.mark.usefixtures("runs")
def test_a_record_keeps_what_the_check_of_a_known_defect_found(folder: Path) -> None:
    test = one_test(folder / "known.xml", CHECK, LOST)
    (skipped,) = test.iterfind("skipped")
    assert skipped.get("type") == "pytest.xfail"
    properties = properties_of(test)
    found = from_json(properties[junit_format.FINDINGS])
    assert [(finding.component, finding.state) for finding in found] == [(number, EMPTY) for number in range(11)]
    place = json.loads(properties["place"])
    assert len(place["means"]) == len(place["covariances"]) == 11


@pytest.mark.usefixtures("runs")
def test_a_record_of_a_chain_says_of_each_finding_where_it_is(folder: Path) -> None:
    found = from_json(properties_of(one_test(folder / "known.xml", CHECK, CHAIN))[junit_format.FINDINGS])
    assert {(finding.way, finding.frame) for finding in found} == {(EXPLICIT, 0), (WARM_START, 0)}


@pytest.mark.usefixtures("runs")
def test_a_defect_that_no_longer_occurs_is_told_from_one_that_is_new(folder: Path) -> None:
    gone, new = one_test(folder / "gone.xml", CHECK, LOST), one_test(folder / "known.xml", CHECK, CHAIN)
    assert [len(list(test.iterfind("failure"))) for test in (gone, new)] == [1, 1]
    assert properties_of(gone)[junit_format.GONE] == DEFECT
    assert junit_format.FINDINGS not in properties_of(gone)
    assert junit_format.GONE not in properties_of(new)
    assert junit_format.FINDINGS in properties_of(new)


@pytest.mark.usefixtures("runs")
def test_what_is_skipped_for_the_capture_is_not_reported_as_not_judged(folder: Path) -> None:
    test = one_test(folder / "known.xml", CHECK, CAPTURE)
    (skipped,) = test.iterfind("skipped")
    assert skipped.get("type") == "pytest.skip"
    assert junit_format.NOT_JUDGED not in properties_of(test)


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
