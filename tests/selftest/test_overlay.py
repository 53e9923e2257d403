"""Another ``sklearn/mixture`` over that of an environment: whole, and nothing shared is written into."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools import release_environment
from tests.tools.release_environment import NotAnOverlay

PYTHON = Path("python")


@pytest.fixture
def mixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ``sklearn/mixture`` of an environment, one file of which is linked from a cache."""
    folder = tmp_path / "packages" / "sklearn" / "mixture"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "__pycache__" / "_base.pyc").write_bytes(b"bytecode")
    (folder / "_old.py").write_bytes(b"old = 1\n")
    (tmp_path / "cached.py").write_bytes(b"released = 1\n")
    (folder / "__init__.py").hardlink_to(tmp_path / "cached.py")
    monkeypatch.setattr(release_environment, "packages_of", lambda _: tmp_path / "packages")
    return folder


def test_what_is_there_afterwards_is_the_overlay_and_nothing_else(mixture: Path) -> None:
    files = {"__init__.py": b"new = 1\n", "_base.py": b"base = 1\n"}
    release_environment.lay(files, PYTHON)
    assert release_environment.read_folder(mixture) == files
    assert not (mixture / "__pycache__").exists()


def test_a_file_linked_from_the_cache_keeps_its_content(mixture: Path) -> None:
    release_environment.lay({"__init__.py": b"new = 1\n"}, PYTHON)
    assert (mixture.parent.parent.parent / "cached.py").read_bytes() == b"released = 1\n"


def test_tests_and_build_files_are_left_out(mixture: Path) -> None:
    release_environment.lay(
        {"__init__.py": b"", "tests/__init__.py": b"", "tests/test_m.py": b"", "meson.build": b""}, PYTHON
    )
    assert release_environment.read_folder(mixture) == {"__init__.py": b""}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"_base.py": b""}, r"__init__\.py is missing"),
        ({"__init__.py": b"", "_fast.pyx": b""}, r"_fast\.pyx needs a build"),
        ({"__init__.py": b"", "../cluster/__init__.py": b""}, "leads out of sklearn/mixture"),
        ({"__init__.py": b"", "/etc/passwd.py": b""}, "leads out of sklearn/mixture"),
    ],
)
def test_what_is_no_overlay_is_refused_and_changes_nothing(mixture: Path, files: dict[str, bytes], said: str) -> None:
    before = release_environment.read_folder(mixture)
    with pytest.raises(NotAnOverlay, match=said):
        release_environment.lay(files, PYTHON)
    assert release_environment.read_folder(mixture) == before
