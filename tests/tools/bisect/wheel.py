"""Wheels of releases that another ``sklearn/mixture`` is laid over, each in a private environment."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from tests.tools import overlay, release_environment
from tests.tools.bisect.question import Answer, Question
from tests.tools.bisect.record import Record
from tests.tools.history import Clone
from tests.tools.overlay import NotAnOverlay
from tests.tools.release_table import Release

# Digits of a commit that are shown.
SHORT = 10


class Wheel:
    """A private environment of a release, asked with one ``sklearn/mixture`` after another.

    A question that keeps its environments gets one for each ``sklearn/mixture``.

    Parameters
    ----------
    place : Path
        Folder for the environment, which is made when it is first needed.
    """

    built = False

    def __init__(self, release: Release, place: Path, record: Record) -> None:
        self.release = release
        self.place = place
        self.record = record
        self._known: dict[tuple[str, Question], Answer] = {}

    def ask(self, clone: Clone, commit: str, question: Question) -> Answer:
        """What ``sklearn/mixture`` of a commit answers on this wheel; the same files are never asked the same twice."""
        files, what = clone.mixture_files(commit), commit[:SHORT]
        key = (_digest(files), question)
        if key not in self._known:
            place = self.place.with_name(f"{self.place.name}-{what}") if question.keeps_environments else self.place
            answer = self.record.take(what, self.release.version, lambda: self._answer(what, files, question, place))
            self._known[key] = answer
        return self._known[key]

    def _answer(self, what: str, files: Mapping[str, bytes], question: Question, place: Path) -> Answer:
        python = release_environment.python_of(place)
        if not place.exists():
            release_environment.make_private(self.release, place)
        try:
            overlay.lay(files, python)
        except NotAnOverlay as reason:
            return Answer(None, str(reason))
        except OSError as error:
            raise release_environment.EnvironmentFailed(f"sklearn/mixture cannot be laid: {error}") from None
        return question.ask(python, f"{what} on the wheel of {self.release.version}")


def _digest(files: Mapping[str, bytes]) -> str:
    """Equal for equal modules: scikit-learn's own tests of them make no difference."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        if name.endswith(".py") and not name.startswith("tests/"):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
