"""Parts of a run: each test is in just one of them, and the ledger is as strict in each as in the whole."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from fixtures.corpus import case_names
from tests.selftest.suite_runs import CHAIN, CHECK, CONTROLS, LISTED_CASES, Run, copy_project, fake, run_pytest
from tests.selftest.test_strict_ledger import found, with_ledger
from tests.support import shard
from tests.support.junit_format import A_PART
from tests.support.shard import Shard, parse
from tests.tools.report import records

PARTS = 3
ALL = sorted({*LISTED_CASES, *CONTROLS, CHAIN})


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Run, records.Record]]:
    """The parts of a run of a small project, and their records."""
    folder = tmp_path_factory.mktemp("parts")
    root = copy_project(folder / "project")
    ran = []
    for number in range(1, PARTS + 1):
        record = folder / f"{number}.xml"
        options = [fake("NeverCollapses"), "--no-ledger", f"--shard={number}/{PARTS}", f"--junitxml={record}"]
        ran.append((run_pytest(root, *options), records.read(record)))
    return ran


def test_each_test_is_in_one_part(parts: list[tuple[Run, records.Record]]) -> None:
    names = [result.name for _, record in parts for result in record.results]
    assert len(names) == len(set(names))
    assert {f"{CHECK}[{case}]" for case in ALL} <= set(names)


def test_the_checks_of_a_case_stay_together(parts: list[tuple[Run, records.Record]]) -> None:
    cases = [{result.case for result in record.results} for _, record in parts]
    assert sum(map(len, cases)) == len(set.union(*cases)) == len(ALL)
    assert max(map(len, cases)) - min(map(len, cases)) <= 1


def test_a_part_says_that_it_is_one(parts: list[tuple[Run, records.Record]]) -> None:
    assert {record.header["selection"] for _, record in parts} == {A_PART}
    assert all("deselected" in run.stdout for run, _ in parts)


@pytest.mark.parametrize("of", [1, 2, 5, 200])
def test_every_case_of_the_corpus_is_in_one_part(of: int) -> None:
    names = tuple(case_names())
    for case in (*names, None):
        assert sum(Shard(number, of, names).has(case) for number in range(1, of + 1)) == 1


@pytest.mark.parametrize("number", range(1, PARTS + 1))
def test_the_ledger_is_held_against_all_cases_in_each_part(tmp_path: Path, number: int) -> None:
    """What it lists of a case of another part is no error; what it lists of none is one."""
    root = copy_project(tmp_path)
    run = run_pytest(root, fake("AlwaysCollapses"), f"--shard={number}/{PARTS}", "-k", "not control and not chain")
    assert run.returncode == 0, run.stdout
    with_ledger(root, lambda content: found(content, cases=["no-such-case"]))
    run = run_pytest(root, fake("AlwaysCollapses"), f"--shard={number}/{PARTS}")
    assert "there is no case 'no-such-case'" in run.usage_error()


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/0", "-1/2", "a/b", "1/2/3", "1/99999"])
def test_a_part_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=re.escape(f"{text!r}; should be a part and how many")):
        parse(text)


def test_a_part_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    run = run_pytest(copy_project(tmp_path), f"{shard.OPTION}=3/2")
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "argument --shard: '3/2'; should be a part and how many there are, like 2/4" in run.stderr
