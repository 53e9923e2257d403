"""What made an answer change between two releases: a commit, a dependency, or why neither was found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.tools import overlay, release_commits, release_environment
from tests.tools.bisect.commit_search import CommitSearch, Culprit, NoCulprit
from tests.tools.bisect.dependency_search import DependencyCulprit, DependencySearch
from tests.tools.bisect.question import Question
from tests.tools.bisect.record import Record
from tests.tools.bisect.release_search import ReleaseChange
from tests.tools.bisect.wheel import Wheel
from tests.tools.history import Clone
from tests.tools.release_table import Release

Cause = Culprit | DependencyCulprit | NoCulprit


@dataclass(frozen=True)
class Explainer:
    """Searches the commits, and then the dependencies, between two releases.

    Attributes
    ----------
    clone : Clone
    scratch : Path
        Folder for environments and repositories, removed by its maker.
    record : Record
    """

    clone: Clone
    scratch: Path
    record: Record

    def explain(self, question: Question, change: ReleaseChange) -> Cause:
        """What made an answer change between two releases.

        Raises
        ------
        HistoryUnusable
            The clone's history does not reach to them.
        EnvironmentFailed
            An environment could not be made.
        """
        wheels = [self._wheel(change.after), self._wheel(change.before)]
        search = CommitSearch(self.clone, question, wheels, self.scratch / "history")
        cause = search.find(self._commits(change.before), [*self._commits(change.after), self._until(change.after)])
        if not (isinstance(cause, NoCulprit) and cause.outside):
            return cause
        found = DependencySearch(question, change, self.scratch, self.record).find()
        if isinstance(found, DependencyCulprit):
            return found
        return NoCulprit(f"{cause.reason}; {found}", outside=True)

    def _wheel(self, release: Release) -> Wheel:
        return Wheel(release, self.scratch / f"wheel-{release.version}", self.record)

    def _commits(self, release: Release) -> list[str]:
        packages = release_environment.packages_of(release_environment.make(release))
        files = overlay.read_folder(packages / "sklearn" / "mixture")
        return [release_commits.commit_of_release(self.clone, release, files).commit]

    def _until(self, release: Release) -> str:
        """The main line on the day of a release: what was added to its branch alone had been there before."""
        return self.clone.last_until(release.dependencies_until, self.clone.main_line())
