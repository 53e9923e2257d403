"""A checkout that is built in place: which interpreter imports it, without writing to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.tools.sources.naming import SourceUnusable

SECONDS_TO_IMPORT = 120
MOST_INTERPRETERS = 4
WHAT_IS_IMPORTED = """
import json, os, sys
import sklearn.mixture
folder = os.path.dirname(os.path.dirname(os.path.realpath(sklearn.mixture.__file__)))
print(json.dumps({"version": sklearn.__version__, "folder": folder}))
"""
# Python writes no bytecode, and meson-python's editable installation does not build anew what has changed.
READ_ONLY = {"PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True)
class Imported:
    """The scikit-learn that an interpreter imports."""

    python: Path
    version: str
    folder: Path  # The folder ``sklearn`` that it comes from
    variables: Mapping[str, str]  # Environment variables that it was imported with


def find(checkout: Path, python: Path | None) -> Imported | None:
    """The interpreter that imports a checkout from where it is; None where none does.

    Asked are the one given, or that of the active environment and the first ones on PATH:
    each as it is (an editable installation), then with the checkout on its path
    (``build_ext --inplace``) where that has compiled files.
    """
    variables = {**READ_ONLY, "MESONPY_EDITABLE_SKIP": os.pathsep.join(_build_folders(checkout))}
    ways = [variables]
    if any((checkout / "sklearn" / "__check_build").glob("*.so")):
        ways.append({**variables, "PYTHONPATH": str(checkout)})
    said = ""
    for interpreter in [python] if python else _interpreters():
        for way in ways:
            try:
                found = imported(interpreter, way)
            except SourceUnusable as error:
                said = str(error)
                continue
            if found.folder == checkout / "sklearn":
                return found
            said = f"it imports the one in {found.folder.parent}"
    if python:
        raise SourceUnusable(f"{python} does not import scikit-learn from {checkout} ({said}); should be built for it")
    return None


def imported(python: Path, variables: Mapping[str, str]) -> Imported:
    """What an interpreter imports as scikit-learn."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    with tempfile.TemporaryDirectory() as nowhere:
        try:
            done = subprocess.run(
                [str(python), "-c", WHAT_IS_IMPORTED], cwd=nowhere, env={**inherited, **variables},
                capture_output=True, encoding="utf-8", errors="replace", timeout=SECONDS_TO_IMPORT, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SourceUnusable(f"{python} cannot be run: {error}") from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SourceUnusable(f"{python} cannot import sklearn.mixture: {said}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return Imported(python, answer["version"], Path(answer["folder"]), variables)


def _interpreters() -> list[Path]:
    """The interpreter of the active environment, and the first ones on PATH.

    Several, because a nox session puts its own environment before the user's.
    """
    active = os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX")
    folders = [Path(active, "bin")] if active else []
    folders += [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    found = (shutil.which(name, path=str(folder)) for folder in folders for name in ("python", "python3"))
    first_of_folder = {Path(path).parent: Path(path) for path in reversed([path for path in found if path])}
    return list(reversed(first_of_folder.values()))[:MOST_INTERPRETERS]


def _build_folders(checkout: Path) -> list[str]:
    """Where meson-python keeps what it compiled: ``build/cp313``."""
    return [str(folder) for folder in sorted((checkout / "build").glob("cp*")) if folder.is_dir()]
