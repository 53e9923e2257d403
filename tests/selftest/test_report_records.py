"""The report takes records of whole runs that belong together, and refuses all others by name, in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fixtures import corpus
from tests.selftest.run_records import (
    BOUND,
    COLLAPSE,
    EMPTIED,
    FALLS,
    LOST,
    NO_TRUTH,
    STILL,
    Test,
    failed,
    header,
    known,
    not_judged,
    of_release,
    write,
)
from tests.support import findings, junit_format, ledger
from tests.tools.report import __main__ as report
from tests.tools.report import records


def refusal(folder: Path) -> str:
    """What the report says of the records of a folder: one line."""
    with pytest.raises(records.BadRecord) as caught:
        records.merge(records.read_all(records.find([folder])), ledger.read_ledger())
    message = str(caught.value)
    assert message.splitlines() == [message]
    assert message.startswith(str(folder))
    assert "; should be " in message
    return message


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return write(tmp_path / "sklearn-1.9.1.xml", of_release("1.9.1"), header())


def test_a_whole_record_is_taken(whole: Path) -> None:
    told = records.merge(records.read_all([whole]), ledger.read_ledger())
    assert [release.version for release in told.releases] == ["1.9.1"]
    assert told.newest.results[COLLAPSE, LOST].state == records.KNOWN
    assert told.newest.results[BOUND, STILL].state == records.PASSED


@pytest.mark.parametrize("kept", [0, 100, 2000, -1])
def test_a_record_that_is_cut_off_is_refused(whole: Path, kept: int) -> None:
    whole.write_bytes(whole.read_bytes()[:kept])
    assert "is no whole XML" in refusal(whole.parent)


@pytest.mark.parametrize(
    "declared",
    ['<!DOCTYPE testsuites SYSTEM "file:///etc/passwd">', '<!DOCTYPE t [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'],
)
def test_a_document_type_is_refused(whole: Path, declared: str) -> None:
    text = whole.read_text(encoding="utf-8")
    whole.write_text(text.replace("<testsuites>", declared + "<testsuites>"), encoding="utf-8")
    assert "document type" in refusal(whole.parent)


def test_a_record_of_absurd_size_is_refused_unread(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_BYTES", 100)
    assert "at most 100" in refusal(whole.parent)


def test_a_record_of_very_many_tags_is_refused_before_it_is_parsed(whole: Path) -> None:
    whole.write_text("<a>" * (records.MOST_TAGS + 1), encoding="utf-8")
    assert f"has {records.MOST_TAGS + 1:,} tags; should be at most" in refusal(whole.parent)


@pytest.mark.parametrize("encoding", ["unicode_escape", "utf-16", "no-such"])
def test_a_record_in_another_encoding_is_refused_without_a_warning(whole: Path, encoding: str) -> None:
    text = whole.read_text(encoding="utf-8").partition("?>")[2]
    whole.write_text(f'<?xml version="1.0" encoding="{encoding}"?>{text}', encoding="utf-8")
    assert "declares an encoding that it is not in; should be in UTF-8" in refusal(whole.parent)
    whole.write_bytes(f'<?xml version="1.0" encoding="utf-16-le"?>{text}'.encode("utf-16-le"))
    assert "declares an encoding that it is not in" in refusal(whole.parent)
    whole.write_text(text, encoding="utf-16")
    assert "is no whole XML ('utf-8' codec" in refusal(whole.parent)


def test_a_version_of_very_many_digits_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", of_release("1.9.1"), header("9" * 5000))
    assert "should be a version like 1.9.1" in refusal(tmp_path)


@pytest.mark.parametrize("name", [*records.OF_THE_HEADER, "record"])
def test_a_record_without_its_header_is_refused(tmp_path: Path, name: str) -> None:
    said = {key: value for key, value in header().items() if key != name}
    write(tmp_path / "a.xml", of_release("1.9.1"), said)
    assert "header" in refusal(tmp_path)


def test_a_record_without_its_footer_is_refused(whole: Path) -> None:
    text = whole.read_text(encoding="utf-8")
    whole.write_text(text.replace('<property name="end" value="complete" />', ""), encoding="utf-8")
    assert "lacks 'end' in its footer" in refusal(whole.parent)


def test_a_run_that_broke_off_is_refused(tmp_path: Path) -> None:
    footer = {"tests selected": "2148", "end": "interrupted"}
    write(tmp_path / "a.xml", of_release("1.9.1"), header(), footer)
    assert "stopped after 7 of 2148 tests" in refusal(tmp_path)


def test_a_record_that_lost_tests_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", of_release("1.9.1"), header(), {"tests selected": "9", "tests ended": "9"})
    assert "holds 7 tests and says that 9 ended" in refusal(tmp_path)


def test_a_test_that_is_reported_twice_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", [Test(BOUND, LOST), Test(BOUND, LOST)], header())
    assert f"holds {BOUND}[{LOST}] twice" in refusal(tmp_path)


def test_a_case_of_another_corpus_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", [Test(BOUND, "no-such-case")], header())
    assert "no-such-case" in refusal(tmp_path)


@pytest.mark.parametrize("name", records.SAME)
def test_runs_that_differ_are_refused(whole: Path, name: str) -> None:
    write(whole.with_name("sklearn-1.8.0.xml"), of_release("1.8.0"), header("1.8.0", **{name: "another"}))
    assert f"with the {name} " in refusal(whole.parent)


@pytest.mark.parametrize("name", ["ledger", "corpus"])
def test_a_run_of_another_state_of_the_project_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path / "a.xml", of_release("1.9.1"), header(**{name: "another"}))
    assert "the one that is here" in refusal(tmp_path)


def test_records_of_one_release_that_contradict_are_refused(whole: Path) -> None:
    write(whole.with_name("zz.xml"), [failed(BOUND, LOST, FALLS)], header())
    message = refusal(whole.parent)
    assert f"{BOUND}[{LOST}] fails" in message
    assert f"{whole} that it passes" in message
    assert "leave one of them out" in message


def test_shards_of_one_release_add_up(tmp_path: Path) -> None:
    tests = of_release("1.9.1")
    write(tmp_path / "a.xml", tests[:3], header())
    write(tmp_path / "b.xml", tests[2:], header(machine="Darwin"))
    told = records.merge(records.read_all(records.find([tmp_path])), ledger.read_ledger())
    assert len(told.newest.results) == len(tests)
    assert told.newest.said("machine") == "Linux; Darwin"


def test_what_one_shard_skips_another_tells(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", [Test(COLLAPSE, LOST, "skipped", "no data")], header())
    write(tmp_path / "b.xml", [known(COLLAPSE, LOST, EMPTIED)], header())
    told = records.merge(records.read_all(records.find([tmp_path])), ledger.read_ledger())
    assert told.newest.results[COLLAPSE, LOST].state == records.KNOWN


def test_what_is_not_judged_is_told_from_what_is_skipped_and_from_what_fails(tmp_path: Path) -> None:
    tests = [not_judged(BOUND, LOST), not_judged(BOUND, STILL, listed=False), Test(COLLAPSE, LOST, "skipped", "x")]
    write(tmp_path / "a.xml", tests, header())
    listed, unlisted, skipped = records.read(tmp_path / "a.xml").results
    assert (listed.state, listed.text) == (records.NOT_JUDGED, NO_TRUTH)
    assert (unlisted.state, unlisted.text) == (records.UNLISTED, NO_TRUTH)
    assert skipped.state == records.SKIPPED


def test_what_is_listed_as_not_judged_and_is_judged_is_gone(tmp_path: Path) -> None:
    said = {junit_format.GONE: "exact-em-is-singular"}
    write(tmp_path / "a.xml", [Test(BOUND, LOST, "failure", "the ledger must change", said)], header())
    (result,) = records.read(tmp_path / "a.xml").results
    assert (result.state, result.text) == (records.GONE, "the ledger must change")


def test_a_pass_says_which_part_is_not_judged(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", [Test(BOUND, LOST, properties={junit_format.PARTLY: NO_TRUTH})], header())
    (result,) = records.read(tmp_path / "a.xml").results
    assert (result.state, result.text) == (records.PASSED, NO_TRUTH)


def test_findings_are_reported_in_the_words_of_a_message(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", [known(COLLAPSE, LOST, EMPTIED), failed(BOUND, LOST, FALLS)], header())
    collapsed, falls = records.read(tmp_path / "a.xml").results
    assert "component 10 is empty: no responsibility mass is left" in collapsed.text
    assert "log mass -inf: every responsibility underflows to 0" in collapsed.text
    assert falls.text == "step 2: seen lower_bound_ -7.5; should be -7.25 within 1e-12"


ITEM = {"what": "means_", "seen": 1, "should_be": 2}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (junit_format.FINDINGS, "no JSON"),
        (junit_format.FINDINGS, "{}"),
        (junit_format.FINDINGS, "[1]"),
        (junit_format.FINDINGS, '[{"what": "means_"}]'),
        (junit_format.FINDINGS, json.dumps([{**ITEM, "more": 1}])),
        (junit_format.FINDINGS, json.dumps([{**ITEM, "what": 3}])),
        (junit_format.FINDINGS, json.dumps([{**ITEM, "seen": [[1], 2]}])),
        (junit_format.FINDINGS, json.dumps([{**ITEM, "seen": [10**400]}])),
        (junit_format.FINDINGS, json.dumps([{**ITEM, "tolerance": "much"}])),
        (junit_format.FINDINGS, json.dumps([{**ITEM, "state": "empty"}])),
        (junit_format.FINDINGS, json.dumps([{**ITEM, "state": "well", "evidence": EMPTIED.evidence}], default=str)),
        (junit_format.FINDINGS, json.dumps([ITEM] * (junit_format.MOST_FINDINGS + 1))),
        (junit_format.FINDINGS, "[" * 100000),
        (junit_format.FINDINGS, '[{"what": "means_", "seen": NaN, "should_be": 2}]'),
        ("component 3", "empty: mean (0, 0)"),
        ("explicit frame 2 component 3", json.dumps(ITEM)),
        ("place", '{"means": [[1, 2, 3]], "covariances": []}'),
        ("place", '{"means": [[1, null]], "covariances": [[1, 0, 1]]}'),
        ("place", '{"means": [[1, 1e200]], "covariances": [[1, 0, 1]]}'),
        ("lower_bounds", '{"a": 1}'),
        ("lower_bounds", '["nan"]'),
    ],
)
def test_properties_that_are_not_what_the_suite_writes_are_refused(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path / "a.xml", [Test(BOUND, LOST, properties={name: text})], header())
    message = refusal(tmp_path)
    assert f"{BOUND}[{LOST}]" in message
    assert repr(name) in message
    assert len(message) < 600


def test_properties_of_names_that_are_not_the_suites_are_left_alone(tmp_path: Path) -> None:
    odd = {"component \u00b2": "x", "explicit frame x": "y", "explicit frame " + "9" * 9000 + " n_iter": "z"}
    write(tmp_path / "a.xml", [Test(BOUND, LOST, properties=odd)], header())
    told = records.merge(records.read_all(records.find([tmp_path])), ledger.read_ledger())
    assert records.states_in(told.newest.properties_of(LOST)) == {}


def test_the_state_of_a_component_is_read_from_its_finding(whole: Path) -> None:
    told = records.merge(records.read_all([whole]), ledger.read_ledger())
    assert records.states_in(told.newest.properties_of(LOST)) == {10: "empty"}


def test_of_a_chain_the_last_explicit_frame_is_reported(tmp_path: Path) -> None:
    item = json.dumps(findings.as_item(EMPTIED))
    said = {f"{way} component {number}": item for way, number in CHAINED.items()}
    write(tmp_path / "a.xml", [Test(BOUND, LOST, properties=said)], header())
    told = records.merge(records.read_all(records.find([tmp_path])), ledger.read_ledger())
    assert records.states_in(told.newest.properties_of(LOST)) == {2: "empty"}


CHAINED = {"explicit frame 9": 1, "explicit frame 10": 2, "warm_start frame 11": 3}


@pytest.mark.parametrize("arguments", [["no-such-folder"], []])
def test_nothing_to_report_on_is_said(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    assert report.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert len(said.splitlines()) == 1
    assert "nox -s tests" in said


def test_a_case_needs_no_brackets_of_its_own() -> None:
    assert records.Result("test_a", None, "test_x", records.PASSED, "", {}).name == "test_a"
    assert all(name == name.strip("[]") for name in corpus.case_names())
