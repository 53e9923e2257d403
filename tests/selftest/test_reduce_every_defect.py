"""Reducing what the ledger lists: which pairs there are, what is recorded of them, and the README that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import documentation
from tests.support.ledger import Entry, Ledger, read_ledger
from tests.tools.reduce import every_defect
from tests.tools.reduce.__main__ import main
from tests.tools.reduce.every_defect import BadRecord, Pair, Result, pairs_of, reached, results_for

VERSIONS = ["1.0", "1.1", "1.2"]
ASKABLE = ["test_first_choice", "test_second_choice"]
PAIR = Pair("a-defect", "a-case", "test_first_choice", "1.2")
GOOD = Result(PAIR, [500, 5, 2], [2, 2, 1], 30, 2.5, ["1.1", "1.2"], [])
OTHER = GOOD._replace(pair=PAIR._replace(case="other-case"), after=[4, 3, 2], seconds=1.0)


def entry(check: str, releases: str = ">=1.0", case: str = "a-case", defect: str = "a-defect") -> Entry:
    return Entry(defect, "", "", releases, check, case, 1)


def ledger(*entries: Entry) -> Ledger:
    return Ledger(Path("ledger.json"), entries)


def test_a_pair_is_asked_by_the_check_that_comes_first_on_the_newest_release_that_shows_it() -> None:
    listed = ledger(entry("test_second_choice"), entry("test_first_choice", "<1.2"))
    assert pairs_of(listed, ASKABLE, VERSIONS) == [Pair("a-defect", "a-case", "test_first_choice", "1.1")]


def test_the_result_is_asked_about_where_the_ledger_says_that_its_check_fails() -> None:
    listed = ledger(entry("test_first_choice", ">=1.1"), entry("test_second_choice", ">=1.0"))
    (pair,) = pairs_of(listed, ASKABLE, VERSIONS)
    assert every_defect.listed_for(pair, listed, VERSIONS) == ["1.1", "1.2"]


def test_what_only_records_show_cannot_be_reduced() -> None:
    assert pairs_of(ledger(entry("test_fit_ends_as_recorded")), ASKABLE, VERSIONS) == []


def test_a_case_with_two_defects_is_reduced_for_each() -> None:
    listed = ledger(entry("test_first_choice"), entry("test_first_choice", "<1.1", defect="other"))
    assert [pair.defect for pair in pairs_of(listed, ASKABLE, VERSIONS)] == ["a-defect", "other"]


def test_small_results_that_fail_alike_everywhere_are_what_should_be_reached() -> None:
    assert reached([GOOD, OTHER])


@pytest.mark.parametrize(
    "result",
    [
        GOOD._replace(after=[5, 2, 1]),
        GOOD._replace(after=[2, 4, 1]),
        GOOD._replace(other=["1.0"]),
        GOOD._replace(failure="does not fail", after=[]),
    ],
)
def test_one_result_that_is_not_fails_the_run(result: Result) -> None:
    assert not reached([GOOD, result])


def test_nothing_reduced_is_nothing_reached() -> None:
    assert not reached([])


def test_only_results_of_the_pairs_at_hand_are_gone_on_from_and_failures_are_tried_again() -> None:
    failed = OTHER._replace(failure="the worker ended with 9")
    elsewhere = GOOD._replace(pair=PAIR._replace(release="1.1"))
    assert results_for([PAIR, OTHER.pair], [GOOD, failed, elsewhere]) == [GOOD]


def test_the_table_counts_releases_and_gives_ranges() -> None:
    (row,) = every_defect.table([GOOD, OTHER]).splitlines()[2:]
    assert row == "| `a-defect` | 2 | 2 to 4 | 2 to 3 | 1 to 2 | 1.8, at most 2.5 | 4 of 4, with 2 releases |"


def test_the_table_does_not_hide_what_failed() -> None:
    (row,) = every_defect.table([GOOD, OTHER._replace(failure="raised"), GOOD._replace(other=["1.0"])]).splitlines()[2:]
    assert row.startswith("| `a-defect` | 2 of 3 |")
    assert row.endswith("| 4 of 5, with 3 releases |")


def test_results_come_back_as_they_were_written(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("<!-- reductions -->\n<!-- end -->\n", encoding="utf-8")
    every_defect.write([GOOD, OTHER], tmp_path / "record.json", readme)
    assert every_defect.read(tmp_path / "record.json") == [GOOD, OTHER]
    assert "`a-defect`" in readme.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["{", '{"format": 2, "results": []}', '{"format": 1, "results": [{"defect": "x"}]}'])
def test_a_broken_record_is_told_with_what_mends_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadRecord, match="--ledger --write --afresh"):
        every_defect.read(path)


def test_the_readme_shows_what_is_recorded() -> None:
    text = every_defect.README.read_text(encoding="utf-8")
    assert documentation.with_table(text, every_defect.TABLE, every_defect.table(every_defect.read())) == text


def test_what_is_recorded_is_what_should_be_reached() -> None:
    assert reached(every_defect.read())


def test_every_defect_that_is_recorded_is_one_of_the_ledger() -> None:
    assert {result.pair.defect for result in every_defect.read()} <= {one.defect for one in read_ledger().entries}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "name one CASE, or --ledger"),
        (["two-samples", "--ledger"], "name one CASE, or --ledger"),
        (["--ledger", "--check", "test_no_component_collapses"], "with --ledger the ledger says them"),
        (["two-samples", "--write"], "--defect and --write go with --ledger"),
        (["--ledger", "--defect", "no-such-defect"], "--defect is 'no-such-defect'; should be one of component-coll"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert complaint in capsys.readouterr().err
