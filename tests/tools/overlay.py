"""Lay another ``sklearn/mixture`` over the one of a private environment.

``sklearn/mixture`` is pure Python: a change of it can be tried on the wheel of
a release in a second, where a build of scikit-learn takes a quarter of an hour.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from fixtures.fault import Fault
from tests.tools import release_environment


class NotAnOverlay(Fault):
    """Files that are not a pure-Python ``sklearn/mixture``."""


def lay(files: Mapping[str, bytes], python: Path) -> None:
    """Replace ``sklearn/mixture`` of an environment that was made by `release_environment.make_private`.

    The old files are removed and new ones written, never written into: uv links the files of an environment
    from its cache. What is not Python, and scikit-learn's own tests, are left out.

    Parameters
    ----------
    files : mapping of str to bytes
        Content by path relative to ``sklearn/mixture``.
    python : Path
        Interpreter of the environment.

    Raises
    ------
    NotAnOverlay
        There is no ``__init__.py``, a path leads elsewhere, or a part needs compiling.
    """
    wanted = {PurePosixPath(name): content for name, content in files.items()}
    for name in wanted:
        if name.is_absolute() or ".." in name.parts:
            raise NotAnOverlay(f"{name} leads out of sklearn/mixture; should be a path inside it")
        if name.suffix in (".pyx", ".pxd", ".so", ".pyd"):
            raise NotAnOverlay(f"sklearn/mixture/{name} needs a build; should be Python alone")
    modules = {name: content for name, content in wanted.items() if name.suffix == ".py" and "tests" not in name.parts}
    if PurePosixPath("__init__.py") not in modules:
        raise NotAnOverlay("sklearn/mixture/__init__.py is missing; should be a whole sklearn/mixture")
    folder = release_environment.packages_of(python) / "sklearn" / "mixture"
    # With the bytecode: that of a file of the same second and size would be taken for the new one's.
    shutil.rmtree(folder)
    for name, content in modules.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a ``sklearn/mixture`` folder, by path relative to it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
