"""What names a scikit-learn is understood, and what names none is told in one line."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from tests.selftest.histories import Repository, version_file
from tests.tools import release_table
from tests.tools.clone import HistoryUnusable
from tests.tools.release_environment import UnknownRelease
from tests.tools.sources import naming
from tests.tools.sources.naming import Checkout, Nightly, Patched, Revision, SourceUnusable, WheelFile

NEWEST = release_table.read()[-1]
WHEEL = "scikit_learn-1.9.1-cp313-cp313-manylinux_2_27_x86_64.whl"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A clone in a folder whose name has an at sign and a plus."""
    made = Repository(tmp_path / "a+b@home" / "scikit learn")
    made.commit("start", version_file("1.7.dev0"))
    return made


def wheel(place: Path, name: str = WHEEL, inside: str = "sklearn/__init__.py") -> Path:
    with zipfile.ZipFile(place / name, "w") as archive:
        archive.writestr(inside, "__version__ = '1.9.1'\n")
    return place / name


@pytest.mark.parametrize("text", [NEWEST.version, NEWEST.series])
def test_a_release_and_a_series(text: str) -> None:
    assert naming.read(text) == NEWEST


def test_the_nightly_build() -> None:
    assert naming.read("nightly") == Nightly()


def test_a_folder_is_a_checkout(repository: Repository) -> None:
    assert naming.read(str(repository.folder)) == Checkout(repository.folder)


@pytest.mark.parametrize("revision", ["main", "HEAD", "HEAD@{0}"])
def test_what_follows_the_folder_of_a_clone_is_a_revision(repository: Repository, revision: str) -> None:
    source = naming.read(f"{repository.folder}@{revision}")
    assert isinstance(source, Revision)
    assert source.commit == repository.git("rev-parse", "main")
    assert source.name == f"scikit learn@{revision}"


def test_what_follows_a_release_is_a_patch(tmp_path: Path) -> None:
    (tmp_path / "a+b.patch").write_text("")
    assert naming.read(f"{NEWEST.series}+{tmp_path}/a+b.patch") == Patched(NEWEST, tmp_path / "a+b.patch")


def test_a_wheel_says_its_version(tmp_path: Path) -> None:
    source = naming.read(str(wheel(tmp_path)))
    assert isinstance(source, WheelFile)
    assert str(source.version) == "1.9.1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no-such-thing", r"'no-such-thing' is not a scikit-learn that can be found; should be a release like"),
        ("", r"'' is not a scikit-learn that can be found"),
        ("nowhere@main", r"'nowhere@main' is not a scikit-learn that can be found"),
        ("nowhere.whl", r"nowhere\.whl is not the name of a wheel; should be like pip downloads it"),
        (WHEEL, r"x86_64\.whl does not exist; should be a release like"),
        (f"{NEWEST.version}+nowhere.patch", r"nowhere\.patch does not exist; should be a patch file"),
        ("9.9+fix.patch", r"a patch goes on top of a release: there is no release '9\.9'"),
        (".", r"has no sklearn/__init__\.py; should be a checkout of scikit-learn"),
    ],
)
def test_what_names_nothing_is_reported(text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceUnusable, match=said) as told:
        naming.read(text)
    assert "\n" not in str(told.value)


def test_an_unknown_release_is_reported() -> None:
    with pytest.raises(UnknownRelease, match=r"there is no release '9\.9\.9'"):
        naming.read("9.9.9")


def test_an_unknown_revision_is_reported(repository: Repository) -> None:
    with pytest.raises(HistoryUnusable, match="has no commit 'nope'"):
        naming.read(f"{repository.folder}@nope")


def test_a_clone_of_another_project_is_reported(tmp_path: Path) -> None:
    Repository(tmp_path / "other").commit("start", {"setup.py": ""})
    with pytest.raises(HistoryUnusable, match=r"has no commit with sklearn/__init__\.py"):
        naming.read(f"{tmp_path}/other@main")


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04 cut off"])
def test_a_broken_wheel_is_reported(tmp_path: Path, content: bytes) -> None:
    (tmp_path / WHEEL).write_bytes(content)
    with pytest.raises(SourceUnusable, match="is not a whole wheel"):
        naming.read(str(tmp_path / WHEEL))


def test_a_wheel_with_a_damaged_file_is_reported(tmp_path: Path) -> None:
    damaged = wheel(tmp_path)
    damaged.write_bytes(damaged.read_bytes().replace(b"__version__", b"__VERSION__"))
    with pytest.raises(SourceUnusable, match="is not a whole wheel"):
        naming.read(str(damaged))


def test_a_wheel_of_another_project_is_reported(tmp_path: Path) -> None:
    other = wheel(tmp_path, "numpy-2.0.0-cp313-cp313-linux_x86_64.whl", "numpy/__init__.py")
    with pytest.raises(SourceUnusable, match="is not a whole wheel of scikit-learn"):
        naming.read(str(other))


def test_a_patch_of_absurd_size_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "fix.patch"
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(SourceUnusable, match="has 1,099,511,627,776 bytes; should be a patch of at most"):
        naming.read(f"{NEWEST.version}+{path}")
