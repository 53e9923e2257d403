"""Changes of whole statements, arguments, conditions and words: operators of mutmut and of statement deletion.

cosmic-ray changes operators and numbers within an expression; these take away
what a line does. Messages are left alone: the words of an error or a warning
are no promise. So is what only names an array library or a device: for numpy
arrays there is one of each.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

# Where words stand that only a person reads.
Message = (ast.Raise, ast.JoinedStr)
Simple = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Raise, ast.Delete)

# What finds out the array library, and the arguments that pass it on.
OF_A_LIBRARY = ("get_namespace", "get_namespace_and_device", "move_to")
LIBRARY = ("xp", "device")

Edit = tuple[str, int, int, str]


def edits(source: str) -> Iterator[Edit]:
    """What each operator changes: its name, where the change begins and ends, and what is put there."""
    tree = ast.parse(source)
    place = _Place(source)
    words = _words(tree)
    for node in _without_libraries(tree):
        if isinstance(node, Simple) and not _is_docstring(node):
            yield ("DeleteStatement", *place.of(node), "pass")
        if isinstance(node, ast.Return) and node.value is not None:
            yield ("ReturnNone", *place.of(node.value), "None")
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            yield ("AssignNone", *place.of(node.value), "None")
        if isinstance(node, ast.AugAssign):
            yield ("AssignForAugmented", *place.of(node), _plain(node))
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            yield ("ConditionTrue", *place.of(node.test), "True")
            yield ("ConditionFalse", *place.of(node.test), "False")
        if isinstance(node, ast.Call):
            yield from _of_arguments(node, place)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node in words:
            yield ("OtherWord", *place.of(node), repr(f"XX{node.value}XX"))


def _of_arguments(call: ast.Call, place: _Place) -> Iterator[Edit]:
    """Each argument of a call is None, or is not given."""
    arguments: list[ast.expr | ast.keyword] = sorted([*call.args, *call.keywords], key=place.of)
    for number, argument in enumerate(arguments):
        if isinstance(argument, ast.keyword) and argument.arg in LIBRARY:
            continue
        value = argument.value if isinstance(argument, ast.keyword) else argument
        if not isinstance(value, ast.Starred):
            yield ("ArgumentNone", *place.of(value), "None")
        start, end = place.of(argument)
        if number + 1 < len(arguments):
            end = place.of(arguments[number + 1])[0]
        elif number:
            start = place.of(arguments[number - 1])[1]
        yield ("NoArgument", start, end, "")


def _without_libraries(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree, without the calls that find out an array library, and the statements of nothing else."""
    is_own = isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _finds_a_library(node.value)
    if is_own or _finds_a_library(node):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _without_libraries(child)


def _finds_a_library(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OF_A_LIBRARY


def _plain(node: ast.AugAssign) -> str:
    return ast.unparse(ast.Assign([node.target], node.value, lineno=node.lineno))


def _words(tree: ast.AST) -> set[ast.AST]:
    """The texts of a module that are neither documentation nor part of a message."""
    left: set[ast.AST] = {node for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    for node in ast.walk(tree):
        if isinstance(node, Message) or _is_docstring(node) or _warns(node):
            left.difference_update(ast.walk(node))
    return left


def _warns(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("warnings.warn", "print")


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def line_begins(source: str) -> list[int]:
    """Where each line of a source begins, in characters."""
    return [0, *(match.end() for match in re.finditer(r"\n", source))]


class _Place:
    """Where a node is in a source."""

    def __init__(self, source: str) -> None:
        self._begins = line_begins(source)
        self._lines = source.splitlines(keepends=True)

    def of(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self._offset(node.lineno, node.col_offset), self._offset(end_line, end_column)

    def _offset(self, line: int, n_bytes: int) -> int:
        """Python counts the bytes of a line, and a source is cut by characters."""
        return self._begins[line - 1] + len(self._lines[line - 1].encode()[:n_bytes].decode())
