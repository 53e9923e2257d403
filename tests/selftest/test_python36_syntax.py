"""Which world a file belongs to: inside files are for Python 3.6 and import nothing that old environments lack."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from fixtures.corpus import PROJECT

INSIDE_FIXTURES = ("__init__", "corpus", "fault", "npy", "plain_file", "strict_json", "validation")
INSIDE = sorted(
    [
        PROJECT / "conftest.py",
        PROJECT / "tests" / "__init__.py",
        *(PROJECT / "fixtures" / f"{name}.py" for name in INSIDE_FIXTURES),
        *(PROJECT / "tests").glob("test_*.py"),
        *(PROJECT / "tests" / "support").glob("*.py"),
        *(PROJECT / "tests" / "workers").glob("*.py"),
    ]
)
CORPUS = sorted((PROJECT / "fixtures").rglob("*.py"))
# The last is imported only where pytest-xdist runs the tests, and so is there.
LIBRARIES = {"numpy", "scipy", "sklearn", "pytest", "packaging", "threadpoolctl", "xdist"}
# Modules of the standard library, and features, that came after Python 3.6.
LATER_MODULES = {"_py_warnings", "compression", "contextvars", "dataclasses", "graphlib", "tomllib", "zoneinfo"}
LATER_IMPORTS = {"importlib.metadata", "importlib.resources", "__future__.annotations"}


def name_of(path: Path) -> str:
    """The dotted name of a module of this project."""
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


INSIDE_MODULES = {name_of(path) for path in INSIDE}


def imported(source: str) -> set[str]:
    """Dotted names that a module imports: the modules, and what is taken from them."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{'.' * node.level}{node.module}.{alias.name}" for alias in node.names}
    return names


def forbidden(source: str) -> list[str]:
    """Imports of an inside module that an old environment may lack."""
    return sorted(name for name in imported(source) if not is_inside(name))


def is_inside(name: str) -> bool:
    """Whether an imported name is there in every environment that the suite runs in."""
    top = name.partition(".")[0]
    if top in ("fixtures", "tests"):
        return name in INSIDE_MODULES or name.rpartition(".")[0] in INSIDE_MODULES - {
            "fixtures",
            "tests",
            "tests.support",
        }
    if name in LATER_IMPORTS or top in LATER_MODULES:
        return False
    return top in sys.stdlib_module_names or top in LIBRARIES


def parses_for_36(source: str) -> bool:
    """Whether Python 3.6 would parse a source, as far as this Python can tell."""
    try:
        ast.parse(source, feature_version=(3, 6))
    except SyntaxError:
        return False
    return True


@pytest.mark.parametrize("path", INSIDE, ids=name_of)
def test_an_inside_file_is_python_36(path: Path) -> None:
    assert parses_for_36(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", INSIDE, ids=name_of)
def test_an_inside_file_imports_nothing_that_old_environments_lack(path: Path) -> None:
    assert forbidden(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", CORPUS, ids=name_of)
def test_the_corpus_never_imports_scikit_learn(path: Path) -> None:
    assert [name for name in imported(path.read_text(encoding="utf-8")) if name.partition(".")[0] == "sklearn"] == []


@pytest.mark.parametrize("path", CORPUS, ids=name_of)
def test_the_corpus_knows_nothing_of_judging(path: Path) -> None:
    """A module knows the stage before it and nothing after it."""
    assert [name for name in imported(path.read_text(encoding="utf-8")) if name.partition(".")[0] == "tests"] == []


@pytest.mark.parametrize(
    "source",
    ["if (n := 1): pass", "def f(a, /): pass", "match a:\n    case 1: pass", "try: pass\nexcept* ValueError: pass"],
)
def test_later_syntax_would_be_found(source: str) -> None:
    assert not parses_for_36(source)


@pytest.mark.parametrize(
    "source",
    [
        "import hypothesis",
        "import dataclasses",
        "from __future__ import annotations",
        "from importlib import metadata",
        "import importlib.resources",
        "import fixtures.generated_case",
        "from fixtures import generated_case",
        "from fixtures.generated_case import inverse",
        "from tests.tools import release_table",
        "from tests.selftest import fakes",
        "def late():\n    import requests",
    ],
)
def test_an_import_from_outside_would_be_found(source: str) -> None:
    assert len(forbidden(source)) == 1


def test_imports_of_the_inside_world_are_allowed() -> None:
    assert (
        forbidden("import os.path\nimport numpy as np\nfrom fixtures import corpus\nfrom fixtures.corpus import Case")
        == []
    )
