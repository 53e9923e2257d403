"""What the text that names a scikit-learn means."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from fixtures.fault import Fault
from tests.tools import release_environment
from tests.tools.clone import VERSION_FILE, Clone
from tests.tools.release_environment import UnknownRelease
from tests.tools.release_table import Release

KINDS = (
    "a release like 1.9.1 or its series 1.9, a wheel file, a folder with a checkout, REPO@REV, RELEASE+PATCHFILE"
    " or nightly"
)
LIKE_A_VERSION = r"\d+(\.\d+)+\S*"
PATCHES = (".patch", ".diff")
MOST_OF_A_PATCH = 4 * (1 << 20)  # all of sklearn/mixture has 200 kB


class SourceUnusable(Fault):
    """A source that cannot be put under test, for a reason that the user should read."""


@dataclass(frozen=True)
class WheelFile:
    path: Path
    version: Version
    tags: frozenset[Tag]


@dataclass(frozen=True)
class Checkout:
    """A folder with scikit-learn's source, as its files are now."""

    folder: Path


@dataclass(frozen=True)
class Revision:
    clone: Clone
    commit: str
    name: str


@dataclass(frozen=True)
class Patched:
    release: Release
    patch: Path


@dataclass(frozen=True)
class Nightly:
    """The newest build of scikit-learn's main line."""


Source = Release | WheelFile | Checkout | Revision | Patched | Nightly


def read(text: str) -> Source:
    """What a text names."""
    if text == "nightly":
        return Nightly()
    place = Path(text)
    if text and place.is_dir():
        return _checkout(place)
    if place.suffix == ".whl":
        return _wheel(place)
    base, plus, patch = text.partition("+")
    if plus and patch.endswith(PATCHES):
        return _patched(base, Path(patch))
    for at in reversed([found.start() for found in re.finditer("@", text)]):
        if Path(text[:at]).is_dir():
            return _revision(Path(text[:at]), text[at + 1 :])
    if re.fullmatch(LIKE_A_VERSION, text):
        return release_environment.find(text)
    raise SourceUnusable(f"{text!r} is not a scikit-learn that can be found; should be {KINDS}")


def _checkout(folder: Path) -> Checkout:
    if not (folder / VERSION_FILE).is_file():
        raise SourceUnusable(
            f"{folder} has no {VERSION_FILE}; should be a checkout of scikit-learn (a clone: REPO@REV)"
        )
    return Checkout(folder.resolve())


def _wheel(path: Path) -> WheelFile:
    try:
        name, version, _, tags = parse_wheel_filename(path.name)
        with zipfile.ZipFile(path) as archive:
            whole = archive.testzip() is None and VERSION_FILE in archive.namelist()
    except InvalidWheelFilename:
        raise SourceUnusable(f"{path.name} is not the name of a wheel; should be like pip downloads it") from None
    except FileNotFoundError:
        raise SourceUnusable(f"{path} does not exist; should be {KINDS}") from None
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise SourceUnusable(f"{path} is not a whole wheel ({error}); should be as pip downloads it") from None
    if name != "scikit-learn" or not whole:
        raise SourceUnusable(f"{path} is not a whole wheel of scikit-learn; should be as pip downloads it")
    return WheelFile(path.resolve(), version, tags)


def _patched(base: str, patch: Path) -> Patched:
    try:
        release = release_environment.find(base)
    except UnknownRelease as error:
        raise SourceUnusable(f"a patch goes on top of a release: {error}") from None
    if not patch.is_file():
        raise SourceUnusable(f"{patch} does not exist; should be a patch file, as `git diff` writes it")
    if (size := patch.stat().st_size) > MOST_OF_A_PATCH:
        raise SourceUnusable(f"{patch} has {size:,} bytes; should be a patch of at most {MOST_OF_A_PATCH:,}")
    return Patched(release, patch.resolve())


def _revision(place: Path, revision: str) -> Revision:
    clone = Clone(place)
    commit = clone.resolve(revision)
    short = revision if not re.fullmatch("[0-9a-f]{12,}", revision) else revision[:10]
    return Revision(clone, commit, f"{place.resolve().name}@{short}")
