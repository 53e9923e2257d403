"""The page says what the records say: states, verdict, evidence; it needs nothing else, and is the same each time."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.selftest.run_records import (
    BOUND,
    COLLAPSE,
    COUNTED,
    FALLS,
    ITERATIONS,
    LOST,
    NO_TRUTH,
    STILL,
    Test,
    content_of,
    failed,
    header,
    known,
    not_judged,
    of_release,
    write,
)
from tests.support import check, junit_format, ledger
from tests.tools.peers.result import Measured, Result
from tests.tools.report import matrix, page
from tests.tools.report.matrix import defects_of

SCRIPT = "</script><script>alert('what a message must not do')</script>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for release in ("0.19.2", "1.9.1"):
        write(tmp_path / f"sklearn-{release}.xml", of_release(release), header(release))
    return tmp_path


def data_of(text: str) -> Any:
    """What the page's script reads."""
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, flags=re.DOTALL)
    return json.loads(data)


def test_a_defect_that_has_gone_is_fixed_and_one_that_has_not_is_known(folder: Path) -> None:
    seen = content_of(folder).matrix
    assert seen.states[LOST][COLLAPSE] == matrix.KNOWN * 2
    assert seen.states[STILL][ITERATIONS] == matrix.KNOWN + matrix.FIXED
    assert seen.states[STILL][BOUND] == matrix.HEALTHY * 2
    assert seen.cells(STILL) == matrix.KNOWN + matrix.FIXED
    assert seen.cells("two-samples") == matrix.NOT_RUN * 2


def test_runs_as_the_ledger_says_are_green(folder: Path) -> None:
    content = content_of(folder)
    said = content.verdict
    assert said.is_green
    assert (
        said.sentence
        == "All 2 releases behave as the ledger says; in 1.9.1, the newest, 1 known defect is still present."
    )
    assert [(defect.name, number) for defect, number in said.present] == [("component-collapses-to-origin", 1)]


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (failed(BOUND, "two-samples", FALLS), "1 new failure (with 1.9.1)"),
        (
            Test(COLLAPSE, "two-samples", "failure", "gone", {junit_format.GONE: "x"}),
            "1 listed defect that no longer occurs",
        ),
        (
            not_judged(BOUND, "two-samples", listed=False),
            "1 check not judged and not listed so (with 1.9.1)",
        ),
        (Test(BOUND, "two-samples", "failure", "AssertionError: a bug of the suite"), "1 error (with 1.9.1)"),
        (Test(BOUND, "two-samples", "error", "broken case"), "1 error (with 1.9.1)"),
    ],
)
def test_what_the_ledger_does_not_say_is_red(folder: Path, test: Test, words: str) -> None:
    write(folder / "sklearn-1.9.1.xml", [*of_release("1.9.1"), test], header("1.9.1"))
    content = content_of(folder)
    said = content.verdict
    assert not said.is_green
    assert words in said.sentence
    assert f"`{test.check}[two-samples]` with 1.9.1" in page.summary(content)


def test_the_summary_counts_cases_by_release(folder: Path) -> None:
    content = content_of(folder)
    lines = page.summary(content).splitlines()
    assert lines[0].startswith("## All 2 releases")
    assert "| [n-iter-from-zero](https://github.com/scikit-learn/scikit-learn/pull/11015) | 2 |  |" in lines


def test_the_same_records_give_the_same_bytes(folder: Path) -> None:
    assert page.render(content_of(folder, LOST)) == page.render(content_of(folder, LOST))


def test_the_page_refers_to_nothing_outside(folder: Path) -> None:
    text = page.render(content_of(folder, LOST))
    loaded = re.findall(r'(?:\bsrc|<image[^>]* href|<link[^>]* href)="([^"]*)"', text) + re.findall(
        r"url\(([^)]*)\)", text
    )
    assert loaded
    assert all(place.startswith("data:") for place in loaded)
    assert "@import" not in text


def test_evidence_is_kept_once_and_reported_for_each_release(folder: Path) -> None:
    data = data_of(page.render(content_of(folder)))
    (collapse,) = (row for row in data["seen"][data["cases"].index(LOST)] if data["checks"][row[0]] == COLLAPSE)
    assert collapse[1:] == [[collapse[1][0], 2]]
    text = data["texts"][collapse[1][0]]
    assert text.startswith("component 10 is empty: no responsibility mass is left")


def test_the_release_is_left_out_of_what_all_say_alike(tmp_path: Path) -> None:
    for release in ("0.19.2", "1.9.1"):
        broken = Test(BOUND, LOST, "error", f"scikit-learn {release}, case {LOST}: broken")
        write(tmp_path / f"sklearn-{release}.xml", [broken], header(release))
    data = data_of(page.render(content_of(tmp_path)))
    assert f"scikit-learn {{release}}, case {LOST}: broken" in data["texts"]


def test_the_page_says_of_each_check_what_is_known_of_it(folder: Path) -> None:
    text = page.render(content_of(folder))
    data = data_of(text)
    for name, told in zip(data["checks"], data["known"], strict=True):
        known_of_it = check.every()[name]
        assert told == [known_of_it.promise.replace("``", ""), known_of_it.headline, known_of_it.upstream]
        assert f"<code>{name}</code></dt>" in text
        assert escape(told[0]) in text
    assert all(told[0] and told[1] for told in data["known"])


def test_a_check_that_is_not_here_any_more_is_shown_all_the_same(folder: Path) -> None:
    content = content_of(folder)
    data = data_of(page.render(replace(content, checks={})))
    assert data["known"] == [["", "", ""]] * len(data["checks"])


def test_what_is_not_judged_is_counted_apart_with_its_reason(folder: Path) -> None:
    more = [not_judged(BOUND, case) for case in ("two-samples", "scene-cut")]
    write(folder / "sklearn-1.9.1.xml", [*of_release("1.9.1"), *more], header("1.9.1"))
    content = content_of(folder)
    said = content.verdict
    assert said.is_green
    assert said.sentence.endswith("1 known defect is still present and 2 checks on cases are not judged.")
    (reason,) = said.not_judged
    assert (reason.text, reason.tests, reason.releases) == (NO_TRUTH, 2, "1.9.1")
    assert f"- 2 with 1.9.1: `{NO_TRUTH}`" in page.summary(content).splitlines()
    assert f"<td>{NO_TRUTH}</td><td>2</td><td>1.9.1</td>" in page.render(content)
    assert content.matrix.cells("two-samples") == matrix.NOT_RUN + matrix.NOT_JUDGED


def test_a_reason_is_one_line_of_the_summary_whatever_it_holds(folder: Path) -> None:
    odd = not_judged(BOUND, "two-samples", "the fit raised `x`:\n# a headline " + "long " * 100)
    write(folder / "sklearn-1.9.1.xml", [*of_release("1.9.1"), odd], header("1.9.1"))
    content = content_of(folder)
    (line,) = (one for one in page.summary(content).splitlines() if "headline" in one)
    assert line.startswith("- 1 with 1.9.1: `the fit raised 'x': # a headline long")
    assert len(line) < 200


def test_a_case_of_which_a_check_is_not_judged_is_not_healthy(folder: Path) -> None:
    tests = [Test(COLLAPSE, STILL), not_judged(BOUND, STILL)]
    write(folder / "sklearn-1.9.1.xml", tests, header("1.9.1"))
    assert content_of(folder).matrix.cells(STILL)[-1] == matrix.NOT_JUDGED


def test_a_page_without_a_ledger_says_what_is_not_judged(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", [Test(COLLAPSE, STILL), not_judged(BOUND, STILL)], header(ledger=junit_format.OFF))
    sentence = content_of(tmp_path).verdict.sentence
    keeps = "The one release that was run keeps every promise"
    assert sentence == f"{keeps}; 1 check on cases is not judged; the ledger was off."


def test_what_a_record_says_is_never_markup(folder: Path) -> None:
    tests = [known(COLLAPSE, LOST, COUNTED._replace(what=SCRIPT)), Test(BOUND, LOST, "error", SCRIPT)]
    tests.append(not_judged(ITERATIONS, LOST, SCRIPT))
    write(folder / "sklearn-1.9.1.xml", tests, header("1.9.1", machine=SCRIPT, numpy='"><img src=x>'))
    text = page.render(content_of(folder))
    assert "<script>alert" not in text
    assert "<img" not in text
    assert [SCRIPT in one for one in data_of(text)["texts"]].count(True) == 2


def test_every_picture_says_what_it_shows_and_is_well_formed(folder: Path) -> None:
    text = page.render(content_of(folder, LOST, STILL))
    pictures = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert len(pictures) == 4
    for picture in pictures:
        root = ElementTree.fromstring(picture)  # noqa: S314  (made above)
        assert root.get("role") == "img"
        assert root.get("aria-label")
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_stretches_of_releases_are_put_together() -> None:
    versions = ("0.18", "0.19", "1.0", "1.1", "1.2")
    assert matrix.stretches(versions, "kkhkk", "k") == "0.18 to 0.19, 1.1 to 1.2"
    assert matrix.stretches(versions, "hkhhk", "k") == "0.19, 1.2"
    assert matrix.stretches(versions, "hhhhh", "k") == ""


def test_a_culprit_that_leaves_a_defect_on_other_cases_is_reported_so() -> None:
    defect = next(
        one
        for one in defects_of(ledger.read_ledger(), ["1.6.1", "1.7.2", "1.8.0", "1.9.1"])
        if one.name == "integers-predicted-truncated"
    )
    assert [(one.change, defect.partly(one)) for one in defect.culprits] == [("begins", False), ("ends", True)]


def test_the_course_of_the_fit_time_is_shown_and_its_absence_reported(folder: Path) -> None:
    content = content_of(folder)
    assert "Not measured" in page.render(content)
    shown = page.render(replace(content, course="<svg><title>course</title></svg>"))
    assert "<svg><title>course</title></svg>" in shown
    assert "Not measured" not in shown


def test_what_peers_make_of_lost_components_is_shown_and_its_absence_reported(folder: Path) -> None:
    content = content_of(folder)
    assert "nox -s peers -- --write" in page.render(content)
    skipped = Result("absent", skipped="java is not on PATH")
    shown = page.render(replace(content, peers=Measured("1.9.1", 42, 46, 21, (skipped,))))
    assert "the 46 components that scikit-learn 1.9.1 loses in 42 cases" in shown
    assert "not run: java is not on PATH" in shown
