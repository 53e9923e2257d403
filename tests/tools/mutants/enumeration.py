"""Every mutant of a module: small changes of its source, by the operators of two sets.

`EXPRESSIONS` are those of cosmic-ray, `STATEMENTS` those of `statement_operators`.
"""

from __future__ import annotations

import ast
import copy
import functools
import itertools
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

import cosmic_ray.ast
import cosmic_ray.plugins

from tests.tools.mutants import statement_operators
from tests.tools.mutants.statement_operators import Edit, line_begins

EXPRESSIONS, STATEMENTS = "expressions", "statements"
SETS = (EXPRESSIONS, STATEMENTS)

# Replacements among these; bitwise operators and shifts raise on floats
# wherever they are reached, and would only flatter whoever counts them.
ARITHMETIC = ("Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow")
# `is` for `==` differs only by how Python stores equal values.
ORDER = ("Eq", "NotEq", "Lt", "LtE", "Gt", "GtE")
IDENTITY = ("Is", "IsNot")
OTHERS = (
    "AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ExceptionReplacer", "NumberReplacer", "RemoveDecorator",
    "ZeroIterationForLoop",
    # Without `USub_UAdd`: +x is x, which `Delete_USub` makes too.
    "ReplaceUnaryOperator_USub_Invert", "ReplaceUnaryOperator_USub_Not", "ReplaceUnaryOperator_Delete_USub",
    "ReplaceUnaryOperator_Delete_Not",
)  # fmt: skip

Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Mutant(NamedTuple):
    file: str  # name of the module's file
    function: str  # qualified name of what the change is in; empty at module level
    operator: str  # name of the mutation operator
    line: int  # line of the change, from 1
    original: str  # the changed lines before and after, stripped, in one line
    mutated: str
    # Lines of the statement that is changed: a test that runs none of them cannot notice it.
    # None where the statement runs when the module is imported.
    lines: tuple[int, ...] | None
    start: int  # the part of the source that is replaced
    end: int
    replacement: str

    def apply(self, source: str) -> str:
        return source[: self.start] + self.replacement + source[self.end :]

    def key(self) -> tuple[str, str, str, str]:
        """As the explanations name it: file, function, lines before and after."""
        return self.file, self.function, self.original, self.mutated

    def identity(self) -> str:
        """As the results of trials name it."""
        return f"{self.file}:{self.start}:{self.end}:{self.replacement}"


@functools.cache
def operators() -> dict[str, Any]:
    binary = {f"ReplaceBinaryOperator_{one}_{two}" for one, two in itertools.permutations(ARITHMETIC, 2)}
    pairs = [pair for kind in (ORDER, IDENTITY) for pair in itertools.permutations(kind, 2)]
    wanted = {*binary, *(f"ReplaceComparisonOperator_{one}_{two}" for one, two in pairs), *OTHERS}
    found = {name.partition("/")[2]: name for name in cosmic_ray.plugins.operator_names()}
    return {name: cosmic_ray.plugins.get_operator(found[name])() for name in sorted(wanted)}


def mutants_of(file: str, source: str, which: str = EXPRESSIONS) -> list[Mutant]:
    """Every mutant of a module that the operators of a set make, in the order of the source.

    Changes that are not Python, that change nothing, or that another operator
    makes too, are left out.
    """
    places = _Places(source)
    known: set[tuple[int, str]] = set()
    mutants = []
    edits = statement_operators.edits(source) if which == STATEMENTS else _edits(source)
    for operator, start, end, replacement in sorted(edits, key=lambda edit: (edit[1], edit[2], edit[3])):
        mutated = source[:start] + replacement + source[end:]
        (first, last), function, lines = places.at(start, end)
        try:
            meaning = _meaning(mutated[first : last + len(mutated) - len(source)])
        except SyntaxError:
            continue
        if (first, meaning) in known or meaning == _meaning(source[first:last]):
            continue
        known.add((first, meaning))
        original, changed = _changed_lines(source, start, end), _changed_lines(mutated, start, start + len(replacement))
        line = source.count("\n", 0, start) + 1
        mutants.append(Mutant(file, function, operator, line, original, changed, lines, start, end, replacement))
    return mutants


def _edits(source: str) -> Iterator[Edit]:
    """The same of cosmic-ray as `statement_operators.edits`."""
    tree = cosmic_ray.ast.get_ast(source)
    begins = line_begins(source)
    for node in cosmic_ray.ast.ast_nodes(tree):
        line, column = node.get_start_pos_of_prefix()
        start = begins[line - 1] + column
        for name, operator in operators().items():
            for number, _ in enumerate(list(operator.mutation_positions(node))):
                # The copy has the parent, and the parent does not have the copy.
                twin = copy.deepcopy(node, {id(node.parent): node.parent})
                mutated = operator.mutate(twin, number)
                yield (name, *_trimmed(start, node.get_code(), "" if mutated is None else mutated.get_code()))


def _trimmed(start: int, before: str, after: str) -> tuple[int, int, str]:
    """An edit without what it leaves as it is at either end."""
    first = _in_common(before, after)
    before, after = before[first:], after[first:]
    last = _in_common(before[::-1], after[::-1])
    return start + first, start + first + len(before) - last, after[: len(after) - last]


def _in_common(one: str, two: str) -> int:
    """How many characters two texts begin with alike."""
    differing = (i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b)
    return next(differing, min(len(one), len(two)))


def _changed_lines(source: str, start: int, end: int) -> str:
    first = source.rfind("\n", 0, start) + 1
    last = source.find("\n", end)
    return " ".join(source[first : len(source) if last < 0 else last].split())


@functools.lru_cache(maxsize=64)
def _meaning(part: str) -> str:
    """The syntax tree of a function, a class or a module, whatever its layout."""
    return ast.dump(ast.parse(textwrap.dedent(part)))


class _Places:
    """The functions and statements around a place in the source of a module."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tree = ast.parse(source)
        self._begins = [*line_begins(source), len(source)]

    def _around(self, line: int) -> Iterator[ast.AST]:
        """The statements that a line is in, from the outermost to the innermost."""
        node: ast.AST = self._tree
        while inner := next((child for child in _statements(node) if _begins(child) <= line <= _ends(child)), None):
            node = inner
            yield node

    def at(self, start: int, end: int) -> tuple[tuple[int, int], str, tuple[int, ...] | None]:
        """The function, class or module that a change is in, and the lines of its statement, if a call runs them.

        Of the function where it begins and ends, and the qualified name; that
        of a function within it names both.
        """
        first = self._source.count("\n", 0, start) + 1
        last = self._source.count("\n", 0, max(start, end - 1)) + 1
        part, names, in_function, is_nested = (0, len(self._source)), [], False, False
        node: ast.AST = self._tree
        for node in self._around(first):
            if not isinstance(node, Definition):
                is_nested = True
                continue
            names.append(node.name)
            if not is_nested:
                part = self._begins[_begins(node) - 1], self._begins[_ends(node)]
            is_nested = is_nested or not isinstance(node, ast.ClassDef)
            if first < _begins(node.body[0]):  # in its header
                break
            in_function = not isinstance(node, ast.ClassDef)
        is_run = in_function and not isinstance(node, Definition)
        return part, ".".join(names), tuple(range(*_lines_of(node, first, last))) if is_run else None


def _statements(node: ast.AST) -> list[ast.AST]:
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, (ast.stmt, ast.ExceptHandler))]


def _begins(node: ast.AST) -> int:
    return min(int(one.lineno) for one in (node, *getattr(node, "decorator_list", [])))


def _ends(node: ast.AST) -> int:
    return int(node.end_lineno)  # type: ignore[attr-defined]


def _lines_of(node: ast.AST, first: int, last: int) -> tuple[int, int]:
    """A simple statement's lines, or those of the head of a compound one; one past the end."""
    body = [child for child in _statements(node) if _begins(child) > first]
    begin = min(_begins(node), first)
    return begin, max(last, min((_begins(child) for child in body), default=_ends(node) + 1) - 1) + 1
