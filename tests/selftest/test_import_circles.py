"""No module imports one that imports it, not even by way of a package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from fixtures.corpus import PROJECT


def modules_below(root: Path) -> dict[str, Path]:
    """The modules of a project by their dotted names."""
    paths = [
        path for path in root.rglob("*.py") if not any(part.startswith(".") for part in path.parts[len(root.parts) :])
    ]
    return {".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """What runs when a module is imported; what a function imports is imported when it is called."""
    for statement in body:
        yield statement
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in ("body", "orelse", "finalbody"):
                yield from statements(getattr(statement, inner, []))


def imports_of(path: Path) -> Iterator[str]:
    """Dotted names that a module imports, and what it imports them from."""
    for statement in statements(ast.parse(path.read_text(encoding="utf-8")).body):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def circle(root: Path) -> list[str]:
    """The modules of one circle; empty where there is none."""
    modules = modules_below(root)
    needs = {
        name: {other for other in imports_of(path) if other in modules and other != name}
        for name, path in modules.items()
    }
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_modules_import_each_other() -> None:
    assert circle(PROJECT) == []


@pytest.mark.parametrize(
    "files",
    [
        {"a.py": "import b\n", "b.py": "try:\n    from a import x\nexcept ImportError:\n    pass\n"},
        {"p/__init__.py": "from p.m import x\n", "p/m.py": "from p import n\n", "p/n.py": ""},
    ],
    ids=["two modules", "a package and a module of it"],
)
def test_a_circle_would_be_found(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert circle(tmp_path)


def test_what_a_function_imports_closes_no_circle(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import b\n", encoding="utf-8")
    (tmp_path / "b.py").write_text("def late():\n    import a\n", encoding="utf-8")
    assert circle(tmp_path) == []
