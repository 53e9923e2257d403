"""Mutants: each change that is Python and means something, once; and no survivor without a reason."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cosmic_ray.plugins
import pytest
from cosmic_ray.mutating import mutate_code

from fixtures.fault import Fault
from tests.selftest.conftest import Refusal
from tests.tools.mutants import __main__ as command
from tests.tools.mutants import detection_power
from tests.tools.mutants.detection_power import Explanations
from tests.tools.mutants.enumeration import STATEMENTS, Mutant, mutants_of, operators
from tests.tools.mutants.trials import Result, Tried

SOURCE = '''"""A module."""
LIMIT = 3


class Model:
    kinds = {**{}, "n": 1}

    @staticmethod
    def fit(samples, *, most=2):
        """Words - with / operators."""
        for sample in samples:
            if sample > most and not sample:
                break
            elif sample == "full":
                return -sample + (
                    2 * most
                )
        try:
            return True
        except ValueError:
            return None
'''
RULES = Explanations("1.9.1", {}, {})


@pytest.fixture(scope="module")
def found() -> list[Mutant]:
    """The mutants of a small module."""
    return mutants_of("model.py", SOURCE)


def mutant(before: str, after: str, function: str = "f") -> Mutant:
    """A mutant made by hand."""
    return Mutant("a.py", function, "NumberReplacer", 1, before, after, (1,), 0, 1, after)


def test_every_change_is_python_and_none_says_the_same(found: list[Mutant]) -> None:
    meanings = [ast.dump(ast.parse(one.apply(SOURCE))) for one in found]
    assert len(set(meanings)) == len(meanings)
    assert ast.dump(ast.parse(SOURCE)) not in meanings


def test_they_are_what_cosmic_ray_makes(found: list[Mutant]) -> None:
    full_names = {name.partition("/")[2]: name for name in cosmic_ray.plugins.operator_names()}
    made = set()
    for name in operators():
        operator = cosmic_ray.plugins.get_operator(full_names[name])()
        number = 0
        while (code := mutate_code(SOURCE, operator, number)) is not None:
            number += 1
            try:
                made.add(ast.dump(ast.parse(code)))
            except SyntaxError:
                continue
    assert {ast.dump(ast.parse(one.apply(SOURCE))) for one in found} == made - {ast.dump(ast.parse(SOURCE))}


def test_a_mutant_is_named_by_its_function_and_its_lines(found: list[Mutant]) -> None:
    by_key = {one.key(): one for one in found}
    changed = by_key["model.py", "Model.fit", "for sample in samples:", "for sample in []:"]
    assert (changed.operator, changed.line, changed.lines) == ("ZeroIterationForLoop", 11, (11,))
    assert ("model.py", "Model", 'kinds = {**{}, "n": 1}', 'kinds = {**{}, "n": 2}') in by_key
    assert ("model.py", "", "LIMIT = 3", "LIMIT = 4") in by_key


@pytest.mark.parametrize(
    ("original", "lines"),
    [
        ("LIMIT = 3", None),  # runs when the module is imported
        ('kinds = {**{}, "n": 1}', None),
        ("def fit(samples, *, most=2):", None),
        ("@staticmethod", None),
        ("if sample > most and not sample:", (12,)),
        ('elif sample == "full":', (14,)),
        ("2 * most", (15, 16, 17)),
    ],
)
def test_the_lines_are_those_of_the_statement(
    found: list[Mutant], original: str, lines: tuple[int, ...] | None
) -> None:
    assert {one.lines for one in found if one.original.startswith(original)} == {lines}


def changed_in(source: str, operator: str) -> set[str]:
    """A source's lines that an operator of statements changes, after the change."""
    return {one.mutated for one in mutants_of("a.py", source, STATEMENTS) if one.operator == operator}


@pytest.mark.parametrize(
    ("operator", "line", "after"),
    [
        ("DeleteStatement", "x = f(1)", {"pass"}),
        ("AssignNone", "x = f(1)", {"x = None"}),
        ("AssignForAugmented", "x += 1", {"x = 1"}),
        ("ArgumentNone", "f(a, b=c)", {"f(None, b=c)", "f(a, b=None)"}),
        ("NoArgument", "f(a, b=c)", {"f(b=c)", "f(a)"}),
        ("ArgumentNone", "f(*a)", set()),
        ("ConditionTrue", "if a: b", {"if True: b"}),
        ("ConditionFalse", "x = a if b else c", {"x = a if False else c"}),
        ("OtherWord", "x = 'é', 'full'", {"x = 'XXéXX', 'full'", "x = 'é', 'XXfullXX'"}),
        ("OtherWord", "raise ValueError('full')", set()),
        ("OtherWord", "warnings.warn('full')", set()),
        ("ReturnNone", "def f(): return 1", {"def f(): return None"}),
    ],
)
def test_statements_are_changed_by(operator: str, line: str, after: set[str]) -> None:
    assert changed_in(line, operator) == after


def test_words_are_not_mutated(found: list[Mutant]) -> None:
    assert not [one for one in found if "Words" in one.original]
    assert not [one for one in mutants_of("model.py", SOURCE, STATEMENTS) if "Words" in one.original]


def survivors_file(folder: Path, **changes: Any) -> Path:
    """A file of explanations with something else in it."""
    entry = {"file": "a.py", "function": "f", "kind": "equivalent", "because": "it is", "mutants": [["x", "y"]]}
    content: dict[str, Any] = {"format": 1, "release": "1.9.1", "out_of_scope": [], "survivors": [entry]}
    entry.update({name: value for name, value in changes.items() if name in entry})
    content.update({name: value for name, value in changes.items() if name in content})
    path = folder / "survivors.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"format": 2}, "format version 2, not 1"),
        ({"kind": "boring"}, "kind 'boring'; should be one of equivalent, out of scope, gap"),
        ({"because": " "}, "has no reason for"),
        ({"mutants": [["x", "y"], ["x", "y"]]}, "explains a.py f: `x` -> `y` twice"),
        ({"survivors": [{}]}, "it lacks 'file'"),
        ({"release": 1.9}, "should be text"),
        ({"file": None}, "should be text"),
        ({"mutants": [["x", 1]]}, "should be text"),
        ({"mutants": [["x"]]}, "not enough values"),
    ],
)
def test_malformed_explanations_are_refused(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(Fault, match=says):
        detection_power.read_explanations(survivors_file(tmp_path, **changes))


def test_missing_explanations_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="No such file"):
        detection_power.read_explanations(tmp_path / "survivors.json")


def test_a_function_out_of_scope_has_mutants() -> None:
    why = RULES._replace(out_of_scope={("a.py", "gone"): "nothing"})
    with pytest.raises(Fault, match=r"puts a\.py gone out of scope, which has no mutants"):
        detection_power.in_scope([mutant("x", "y")], why)


def test_what_is_out_of_scope_is_not_tried() -> None:
    why = RULES._replace(out_of_scope={("a.py", "f"): "it prints"})
    assert detection_power.in_scope([mutant("x", "y"), mutant("x", "y", "g")], why) == [mutant("x", "y", "g")]


def faults(survived: Sequence[Mutant], explained: Sequence[Mutant]) -> list[str]:
    """What is said of survivors and explanations among three mutants."""
    three = [mutant("x", "y"), mutant("x", "z"), mutant("v", "w")]
    why = RULES._replace(survivors={one.key(): ("equivalent", "it is") for one in explained})
    return detection_power.faults(three[:2], survived, three, why)


def test_a_survivor_without_a_reason_is_a_fault() -> None:
    assert faults([mutant("x", "y")], []) == ["survives, and is not explained: a.py f: `x` -> `y`"]


def test_an_explained_mutant_that_is_killed_is_a_fault() -> None:
    assert faults([], [mutant("x", "y")]) == ["is explained as a survivor, and is killed: a.py f: `x` -> `y`"]


def test_an_explained_mutant_that_does_not_exist_is_a_fault() -> None:
    assert faults([], [mutant("x", "gone")]) == ["is explained, and there is no such mutant: a.py f: `x` -> `gone`"]


def test_what_is_as_explained_is_no_fault_nor_is_what_was_not_tried() -> None:
    assert faults([mutant("x", "y")], [mutant("x", "y"), mutant("v", "w")]) == []


def test_trials_go_on_where_they_were(tmp_path: Path) -> None:
    path = tmp_path / "results" / "ours.jsonl"
    Tried(path, "state").add(mutant("x", "y"), Result("a test", 0.5))
    assert Tried(path, "state").results == {mutant("x", "y").identity(): Result("a test", 0.5)}


def test_results_of_another_state_are_dropped(tmp_path: Path) -> None:
    Tried(tmp_path / "ours.jsonl", "state").add(mutant("x", "y"), Result("a test", 0.5))
    assert Tried(tmp_path / "ours.jsonl", "another").results == {}
    assert Tried(tmp_path / "ours.jsonl", "state").results == {}


def test_results_that_were_cut_off_lose_their_last_line_only(tmp_path: Path) -> None:
    path = tmp_path / "ours.jsonl"
    Tried(path, "state").add(mutant("x", "y"), Result("a test", 0.5))
    with path.open("a") as stream:
        stream.write('{"mutant": "cut')
    Tried(path, "state").add(mutant("x", "z"), Result(None, 1.0))
    assert set(Tried(path, "state").results) == {mutant("x", "y").identity(), mutant("x", "z").identity()}


def test_the_table_counts_by_function() -> None:
    results = {
        "ours": {"y": Result("tests/test_parameters.py::a", 1.0), "z": Result("tests/test_baseline.py::b", 1.0)},
        "theirs": {"y": Result("c", 1.0), "z": Result(None, 1.0)},
    }
    results["ours"]["w"] = results["theirs"]["w"] = Result(None, 1.0)
    three = [mutant("x", "y"), mutant("x", "z"), mutant("x", "w", "g")]
    by_name = {suite: {f"a.py:0:1:{name}": result for name, result in one.items()} for suite, one in results.items()}
    why = RULES._replace(survivors={three[2].key(): ("equivalent", "it is")})
    counts = detection_power.figures(three, by_name, why)
    assert counts["a.py f"] == detection_power.Count(
        mutants=2, ours=2, baseline=1, theirs=1, neither=0, equivalent=0, gaps=0
    )
    assert "| `f` | 2 | 2 | 1 | 1 |  |" in detection_power.table(counts)
    assert "| all | 3 | 66.7 % | 33.3 % | 33.3 % | 33.3 % |" in detection_power.table(counts)
    assert "(66.7 %; 33.3 % without `test_baseline.py`; 100.0 % of those" in detection_power.sentence(
        "1.9.1", counts, "x"
    )
    assert (
        "Of the 1 that survive, 1 compute the same, 0 change what is out of scope, and 0 show gaps"
        in detection_power.sentence("1.9.1", counts, "expressions")
    )


def test_the_readme_has_the_figures_of_the_last_whole_run() -> None:
    text = detection_power.README.read_text(encoding="utf-8")
    assert detection_power.with_figures(text, *detection_power.read()) == text


def test_the_figures_and_the_explanations_are_of_one_run() -> None:
    release, sets = detection_power.read()
    why = detection_power.read_explanations()
    whole = detection_power.total(detection_power.of_all_sets(sets))
    assert release == why.release
    assert whole.mutants - whole.ours >= len(why.survivors) > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--write", "--sample", "3"], "--write is for the figures of a whole run"),
        (["--sample", "0"], "0 is too small; should be 1 or more"),
        (["--suite", "yours"], "invalid choice: 'yours'"),
        (["--release", "9.9"], "there is no release '9.9'"),
        (["--release", "1.0.2"], "explains the mutants of"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(arguments: list[str], says: str, refusal: Refusal) -> None:
    assert says in refusal(command.main, arguments)
