"""Reducing what the ledger lists: which pairs there are, what is recorded of them, and the README that shows it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures import documentation
from fixtures.corpus import names_with
from fixtures.fault import Fault
from tests.selftest.conftest import Refusal
from tests.support.check import in_order_of_preference
from tests.support.ledger import Entry, Ledger, read_ledger
from tests.tools import release_environment
from tests.tools.reduce import __main__ as command
from tests.tools.reduce.__main__ import Pair, Result, main, pairs_of, reached, results_for
from tests.tools.reduce.reduction import Releases, matrix

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
    assert command.listed_for(pair, listed, VERSIONS) == ["1.1", "1.2"]


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


def test_results_of_pairs_that_are_none_any_more_are_left_out_and_the_others_keep_their_order() -> None:
    elsewhere = GOOD._replace(pair=PAIR._replace(release="1.1"))
    assert results_for([PAIR, OTHER.pair], [OTHER, elsewhere, GOOD]) == [GOOD, OTHER]


def test_a_failure_is_tried_again() -> None:
    assert command.is_done(PAIR, [OTHER, GOOD])
    assert not command.is_done(PAIR, [OTHER, GOOD._replace(failure="the worker ended with 9")])


def test_the_table_counts_releases_and_gives_ranges() -> None:
    (row,) = command.table([GOOD, OTHER]).splitlines()[2:]
    assert row == "| `a-defect` | 2 | 2 to 4 | 2 to 3 | 1 to 2 | 1.8, at most 2.5 | 4 of 4, with 2 releases |"


def test_the_table_does_not_hide_what_failed() -> None:
    (row,) = command.table([GOOD, OTHER._replace(failure="raised"), GOOD._replace(other=["1.0"])]).splitlines()[2:]
    assert row.startswith("| `a-defect` | 2 of 3 |")
    assert row.endswith("| 4 of 5, with 3 releases |")


def test_results_come_back_as_they_were_written(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("<!-- reductions -->\n<!-- end -->\n", encoding="utf-8")
    command.write_results([GOOD, OTHER], tmp_path / "record.json", readme)
    assert command.read_results(tmp_path / "record.json") == [GOOD, OTHER]
    assert "`a-defect`" in readme.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["{", '{"format": 2, "results": []}', '{"format": 1, "results": [{"defect": "x"}]}'])
def test_a_broken_file_of_results_is_refused_with_what_fixes_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Fault, match="delete it, and `nox -s reduce -- --ledger --write`"):
        command.read_results(path)


def test_the_readme_shows_what_is_recorded() -> None:
    text = command.README.read_text(encoding="utf-8")
    assert documentation.with_table(text, command.TABLE, command.table(command.read_results())) == text


def test_what_is_recorded_is_what_should_be_reached() -> None:
    assert reached(command.read_results())


def test_every_defect_that_is_recorded_is_one_of_the_ledger() -> None:
    assert {result.pair.defect for result in command.read_results()} <= {one.defect for one in read_ledger().entries}


def test_every_known_defect_that_a_promise_shows_has_a_reduced_case() -> None:
    askable = [check.name for check in in_order_of_preference()]
    pairs = pairs_of(read_ledger(), askable, matrix("every"))
    small = set(names_with("reduced"))
    reduced = {pair.defect for pair in pairs if pair.case in small}
    assert reduced == {pair.defect for pair in pairs}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "name one CASE, or --ledger"),
        (["two-samples", "--ledger"], "name one CASE, or --ledger"),
        (["--ledger", "--check", "test_no_component_collapses"], "with --ledger the ledger names them"),
        (["two-samples", "--write"], "--defect and --write go with --ledger"),
        (["--ledger", "--defect", "no-such-defect"], "--defect is 'no-such-defect'; should be one of "),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments: list[str], complaint: str, refusal: Refusal) -> None:
    assert complaint in refusal(main, arguments)


@pytest.fixture(scope="module")
def releases() -> Iterator[Releases]:
    """One process for all tests here."""
    with Releases() as opened:
        yield opened


@pytest.fixture
def two_samples_in_the_ledger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, releases: Releases) -> Path:
    """A ledger of one defect on two cases, every release of which is the one at hand; the folder of its record."""
    cases = ("two-samples", "object-leaves-1d")
    listed = ledger(*(entry("test_no_component_collapses", ">=1.8", case=case) for case in cases))
    monkeypatch.setattr("tests.tools.ledger_file.read", lambda: listed)
    monkeypatch.setattr(command, "Releases", lambda _: contextlib.nullcontext(releases))
    monkeypatch.setattr(release_environment, "make", lambda _: Path(sys.executable))
    (tmp_path / "README.md").write_text("<!-- reductions -->\n<!-- end -->\n", encoding="utf-8")
    record, readme = tmp_path / "record.json", tmp_path / "README.md"
    monkeypatch.setattr(command.read_results, "__defaults__", (record,))
    monkeypatch.setattr(command.write_results, "__defaults__", (record, readme))
    return tmp_path


def test_every_pair_is_reduced_recorded_and_not_reduced_again(
    two_samples_in_the_ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--ledger", "--write", "--verify", "series", "--into", str(two_samples_in_the_ledger / "into")]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert [line.split("  ")[1] for line in out.splitlines()[:2]] == ["two-samples", "object-leaves-1d"]
    assert "2 x 2 x 1, " in out
    assert "| 4 of 4, with 2 releases |" in out
    assert (two_samples_in_the_ledger / "into" / "a-defect" / "two-samples" / "reproduce.py").is_file()
    assert main(arguments) == 0
    (row,) = capsys.readouterr().out.splitlines()[2:]
    assert row in (two_samples_in_the_ledger / "README.md").read_text(encoding="utf-8")


def test_a_listed_case_that_does_not_fail_ends_with_1_and_the_others_go_on(
    two_samples_in_the_ledger: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("control-1d-one-component", "two-samples")
    listed = ledger(*(entry("test_no_component_collapses", case=case) for case in names))
    monkeypatch.setattr("tests.tools.ledger_file.read", lambda: listed)
    assert main(["--ledger", "--into", str(two_samples_in_the_ledger / "into")]) == 1
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert "test_no_component_collapses does not fail; should fail, to be reduced" in first
    assert "two-samples" in second


def test_the_dry_run_lists_the_pairs_and_reduces_none(
    two_samples_in_the_ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--ledger", "--dry-run", "--into", str(two_samples_in_the_ledger / "into")]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert not (two_samples_in_the_ledger / "into").exists()
