"""A name that is no case, check, release or defect is answered with the nearest ones, wherever it is given."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import cast

import pytest

from fixtures.corpus import case_names, load_case
from fixtures.fault import Fault, one_of
from tests.support import check, ledger
from tests.tools import record_baseline, release_environment
from tests.tools.bisect import explain_ledger
from tests.tools.bisect.question import question
from tests.tools.clone import Clone
from tests.tools.compare import __main__ as compare
from tests.tools.mutants import __main__ as mutants
from tests.tools.mutants.enumeration import Mutant
from tests.tools.reduce import __main__ as reduce
from tests.workers.probe import Probe
from tests.workers.worker import Refused

MOST_LETTERS = 400
CASE, CHECK, DEFECT = "objct-leaves-frame", "test_no_component_colapses", "component-colapses-to-origin"
LISTED = ledger.read_ledger()
FUNCTIONS = (
    "Mixture._e_step",
    "Mixture._m_step",
    "Mixture._print",
    "Mixture.fit",
    "Mixture.sample",
    "_compute",
    "_scale",
)


def listing(**change: str) -> Callable[[], object]:
    """Ask for a ledger whose first entry has another name."""
    changed = LISTED._replace(entries=(LISTED.entries[0]._replace(**change),))  # type: ignore[arg-type]
    return lambda: changed.require_known(set(check.every()), set(case_names()))


def command(main: Callable[[list[str]], int], *arguments: str) -> Callable[[], object]:
    return lambda: main([*arguments])


ASKED: dict[str, Callable[[], object]] = {
    "a case to load": lambda: load_case(CASE),
    "a case of the ledger": listing(case=CASE),
    "a case to bisect": lambda: question(CASE, "test_collapse", None),
    "a case to compare": command(compare.main, "1.8", "1.9", "--case", CASE),
    "a case to record": command(record_baseline.main, CASE),
    "a case to reduce": command(reduce.main, CASE),
    "a check of the ledger": listing(check=CHECK),
    "a check to bisect": lambda: question("two-samples", CHECK, None),
    "a check to reduce": lambda: reduce._full_name(CHECK, list(check.every())),
    "a check to judge": lambda: Probe().judge([CHECK], "two-samples"),
    "a defect to explain": lambda: explain_ledger.run(cast(Clone, None), [DEFECT], write=False, dry_run=True),
    "a defect to reduce": command(reduce.main, "--ledger", "--defect", DEFECT),
    "a function to mutate": lambda: mutants._choose(
        [Mutant("a.py", name, "operator", 1, "1", "2", (1,), 0, 1, "2") for name in FUNCTIONS],
        argparse.Namespace(function=["_m_stp"]),
    ),
    "a release": lambda: release_environment.find("1.6.7"),
}
NEAREST = {
    "case": "object-leaves-frame",
    "check": "test_no_component_collapses",
    "defect": DEFECT.replace("ol", "oll"),
    "function": "_m_step",
}


@pytest.mark.parametrize("what", ASKED)
def test_an_unknown_name_is_answered_with_the_nearest(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        assert ASKED[what]() == 2
        said = capsys.readouterr().err
    except (Fault, Refused) as refused:
        said = str(refused)
    assert f"(the nearest: {NEAREST.get(what.split()[1], '1.6.1')}, " in said
    assert len(said) < MOST_LETTERS


def test_a_short_list_is_named_as_a_whole() -> None:
    assert one_of({"two", "one"}, "three") == "one of one, two"


def test_names_that_contain_what_was_given_come_first() -> None:
    known = ["chain-needle", "needles", "neadle", "needly", "noodle", "kneed", "real-needle"]
    assert one_of(known, "needle") == "one of 7 (the nearest: needles, real-needle, chain-needle)"


def test_a_name_like_none_is_answered_too() -> None:
    assert one_of(map(str, range(10)), "").startswith("one of 10 (the nearest: ")
    assert one_of(map(str, range(10)), "x" * 10**7).startswith("one of 10 (the nearest: ")
