"""Environments of releases in which commits are tried, by laying their ``sklearn/mixture`` over the release's wheel."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from tests.tools import overlay, release_environment
from tests.tools.bisect.question import Answer, Answers, Question
from tests.tools.clone import Clone
from tests.tools.overlay import NotAnOverlay
from tests.tools.release_table import Release

# Digits of a commit that are shown.
SHORT = 10


class CommitEnvironment(ABC):
    """The environment of a release in which commits are tried, one after another."""

    built: ClassVar[bool]  # Whether each commit is built; else its ``sklearn/mixture`` is laid over the release

    def __init__(self, release: Release, answers: Answers) -> None:
        self.release = release
        self.answers = answers
        self._asked: dict[tuple[str, Question], Answer] = {}

    @abstractmethod
    def ask(self, clone: Clone, commit: str, question: Question) -> Answer:
        """What a commit answers; those of equal content are asked once."""

    def _ask_once(
        self, content: str, commit: str, wheel: str, question: Question, answer: Callable[[], Answer]
    ) -> Answer:
        if (content, question) not in self._asked:
            self._asked[content, question] = self.answers.keep(commit[:SHORT], wheel, answer)
        return self._asked[content, question]


class Wheel(CommitEnvironment):
    """A private environment of a release, made when it is first needed.

    A question that keeps its environments gets one for each ``sklearn/mixture``.
    """

    built = False

    def __init__(self, release: Release, place: Path, answers: Answers) -> None:
        super().__init__(release, answers)
        self.place = place

    def ask(self, clone: Clone, commit: str, question: Question) -> Answer:
        """What ``sklearn/mixture`` of a commit answers on this wheel."""
        files, what = clone.mixture_files(commit), commit[:SHORT]
        place = self.place.with_name(f"{self.place.name}-{what}") if question.keeps_environments else self.place
        return self._ask_once(
            _digest(files), commit, self.release.version, question, lambda: self._answer(what, files, question, place)
        )

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
