"""With pytest-xdist a run says and records what it does in one process."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from fixtures.corpus import PROJECT
from tests.selftest.suite_runs import Run, copy_project, fake, run_pytest
from tests.selftest.test_strict_ledger import found, with_ledger
from tests.support import processes
from tests.support.environment import THREAD_VARIABLES

TWO = ("-n", "2")
ONE_THREAD = dict.fromkeys(THREAD_VARIABLES, "1")
CALLS = {
    "known defects and failures": [fake("AlwaysCollapses")],
    "not judged": [fake("Raises"), "--no-ledger"],
    "a part": [fake("AlwaysCollapses"), "--shard=1/2"],
}
# What pytest and pytest-xdist say of themselves (xdist counts nothing that is deselected), and what no two runs share.
OTHERWISE = (
    r"rootdir|configfile|testpaths|plugins|collected|created|2 workers|platform|tests/|[.FxEjs]+ *\[|.* in [\d.]+s"
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project with several checks of each case."""
    root = copy_project(tmp_path_factory.mktemp("processes") / "project")
    shutil.copy(PROJECT / "tests" / "test_purity.py", root / "tests")
    return root


@pytest.fixture(scope="module", params=CALLS)
def runs(project: Path, request: pytest.FixtureRequest) -> list[tuple[Run, ElementTree.Element]]:
    """The same run in one process and in two, and what each recorded."""
    made = []
    for options in ((), TWO):
        record = project.parent / "record.xml"
        run = run_pytest(project, *CALLS[request.param], *options, f"--junitxml={record}", **ONE_THREAD)
        made.append((run, ElementTree.parse(record).getroot()))  # noqa: S314  (written by our own process)
    return made


def test_processes_say_together_what_one_says(runs: list[tuple[Run, ElementTree.Element]]) -> None:
    (one, _), (two, _) = runs
    assert two.returncode == one.returncode
    assert two.counts == {word: number for word, number in one.counts.items() if word != "deselected"}
    assert sorted(said(two)) == sorted(said(one))


def said(run: Run) -> list[str]:
    """The lines of a run, without its seconds and what differs between any two."""
    lines = [re.sub(r"[\d.]+ s\b|; 2 processes together|\[gw\d\].*", "", line) for line in run.stdout.splitlines()]
    return [line for line in lines if line and not re.match(OTHERWISE, line)]


def test_processes_record_together_what_one_records(runs: list[tuple[Run, ElementTree.Element]]) -> None:
    (_, one), (_, two) = runs
    assert recorded(two) == recorded(one)


def recorded(root: ElementTree.Element) -> dict[str, object]:
    """What a record holds of the run and of each test, without seconds."""
    (suite,) = root
    tests = {
        f"{test.get('classname')}::{test.get('name')}": (
            [(item.get("name"), item.get("value")) for item in test.iterfind("properties/property")],
            [(part.tag, part.get("message")) for part in test if part.tag != "properties"],
        )
        for test in suite.iter("testcase")
    }
    for properties, _ in tests.values():
        properties[:] = sorted(item for item in properties if "fit_seconds" not in str(item[0]))
    return {**tests, "run": [(item.get("name"), item.get("value")) for item in suite.iterfind("properties/property")]}


def test_the_fits_of_a_case_are_made_by_one_process(runs: list[tuple[Run, ElementTree.Element]]) -> None:
    _, (_, two) = runs
    cases = Counter(
        re.findall(r"\[(.*)\]", test.get("name", ""))[0]
        for test in two.iter("testcase")
        if any(item.get("name", "").endswith("fit_seconds") for item in test.iterfind("properties/property"))
    )
    assert cases
    assert set(cases.values()) == {1}


def test_each_process_has_one_thread_unless_more_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in THREAD_VARIABLES:
        monkeypatch.setenv(variable, "4")
    for variable in THREAD_VARIABLES[:2]:
        monkeypatch.delenv(variable)
    processes.Run({}).pytest_xdist_setupnodes()
    assert [os.environ[variable] for variable in THREAD_VARIABLES] == ["1", "1", "4"]


def test_the_environment_recorded_is_that_of_the_processes_that_ran_the_tests() -> None:
    described = {"blas": "2 threads"}
    node = SimpleNamespace(workeroutput={processes.TOLD: (None, False, {"blas": "1 thread"}, (1.0, 0.1, 0.2))})
    processes.Run(described).pytest_testnodedown(node)
    assert described == {"blas": "1 thread"}


def test_a_wrong_ledger_is_refused_by_processes_as_by_one(tmp_path: Path) -> None:
    root = with_ledger(copy_project(tmp_path / "project"), lambda content: found(content, cases=["no-such-case"]))
    assert "there is no case 'no-such-case'" in run_pytest(root, fake("AlwaysCollapses"), *TWO).usage_error()
