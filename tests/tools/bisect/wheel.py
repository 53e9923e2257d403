"""Wheels of releases that another ``sklearn/mixture`` is laid over, each in a private environment."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.tools import overlay, release_environment
from tests.tools.bisect.question import Answer, Question
from tests.tools.bisect.record import Record
from tests.tools.overlay import NotAnOverlay
from tests.tools.release_table import Release

PREFIX = ".bisect-"


class Wheel:
    """A private environment of a release, asked with one ``sklearn/mixture`` after another.

    Parameters
    ----------
    release : Release
    place : Path
        Folder for the environment, which is made when it is first needed.
    record : Record
    """

    def __init__(self, release: Release, place: Path, record: Record) -> None:
        self.release = release
        self._place = place
        self._record = record
        self._known: dict[tuple[str, Question], Answer] = {}

    def ask(self, files: Mapping[str, bytes], what: str, question: Question) -> Answer:
        """What a ``sklearn/mixture`` answers on this wheel; the same files are never asked the same twice."""
        key = (_digest(files), question)
        if key not in self._known:
            self._known[key] = self._record.take(what, self.release.version, lambda: self._answer(files, question))
        return self._known[key]

    def _answer(self, files: Mapping[str, bytes], question: Question) -> Answer:
        python = release_environment.python_of(self._place)
        if not self._place.exists():
            release_environment.make_private(self.release, self._place)
        try:
            overlay.lay(files, python)
        except NotAnOverlay as reason:
            return Answer(None, str(reason))
        except OSError as error:
            raise release_environment.EnvironmentFailed(f"sklearn/mixture cannot be laid: {error}") from None
        return question.ask(python, f"sklearn/mixture on the wheel of {self.release.version}")


@contextlib.contextmanager
def scratch_folder(parent: Path = release_environment.FOLDER) -> Iterator[Path]:
    """A folder beside the shared environments, so that they can be linked, which is removed in the end.

    Those of processes that were killed are removed first.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for place in parent.glob(f"{PREFIX}*-*"):
        if not _runs(place.name[len(PREFIX) :].partition("-")[0]):
            shutil.rmtree(place, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", dir=parent, ignore_cleanup_errors=True) as name:
        yield Path(name)


def _runs(process: str) -> bool:
    if os.name == "nt":  # there, signal 0 would end the process
        return True
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def _digest(files: Mapping[str, bytes]) -> str:
    """Equal for equal modules: scikit-learn's own tests of them make no difference."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        if name.endswith(".py") and not name.startswith("tests/"):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
