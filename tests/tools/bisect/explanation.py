"""What made an answer change between two releases: a commit, a dependency, or why neither was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.tools import overlay, release_commits, release_environment, release_table
from tests.tools.bisect.commit_environment import Wheel
from tests.tools.bisect.commit_search import CommitSearch, Culprit, Ends, NoCulprit
from tests.tools.bisect.dependency_search import DependencyCulprit, DependencySearch, Environments
from tests.tools.bisect.full_builds import FullBuilds
from tests.tools.bisect.question import Answers, Question
from tests.tools.bisect.release_search import EndsUnusable, ReleaseChange, require_ends
from tests.tools.clone import Clone
from tests.tools.release_table import Release

# How many wheels are tried on a commit: the nearest ones of the series before and after it are among them.
NEAR = 4

Cause = Culprit | DependencyCulprit | NoCulprit


@dataclass(frozen=True)
class Explainer:
    """Searches the commits, and then the dependencies, between two releases."""

    clone: Clone
    scratch: Path  # Folder for environments and repositories, removed by its maker
    answers: Answers
    wheels: dict[Release, Wheel] = field(default_factory=dict)  # Those that were laid over so far
    builds: FullBuilds | None = None  # What goes on where nothing was found without a build, if the user wants it

    def explain(self, question: Question, change: ReleaseChange, suspects: Sequence[str] = ()) -> Cause:
        """What made an answer change between two releases; a suspected commit that did it spares the search."""
        cause = self._without_builds(question, change, suspects)
        if self.builds and isinstance(cause, NoCulprit) and cause.ends:
            return self.builds.find(question, cause, [change.before, change.after])
        return cause

    def _without_builds(self, question: Question, change: ReleaseChange, suspects: Sequence[str]) -> Cause:
        wheels = [self._wheel(change.after), self._wheel(change.before)]
        search = CommitSearch(self.clone, question, lambda _: wheels, self.scratch)
        cause = search.confirm_one_of(suspects) or search.find(
            [self._commit(change.before)], [self._commit(change.after), self._until(change.after)]
        )
        if not (isinstance(cause, NoCulprit) and cause.outside):
            return cause
        environments = Environments(question, self.scratch, self.answers)
        found = DependencySearch(question, change, environments.ask).find()
        if isinstance(found, DependencyCulprit):
            return found
        return NoCulprit(f"{cause.reason}; {found}", outside=True, ends=cause.ends)

    def _wheel(self, release: Release) -> Wheel:
        if release not in self.wheels:
            self.wheels[release] = Wheel(release, self.scratch / f"wheel-{release.version}", self.answers)
        return self.wheels[release]

    def _commit(self, release: Release) -> str:
        packages = release_environment.packages_of(release_environment.make(release))
        files = overlay.read_folder(packages / "sklearn" / "mixture")
        return release_commits.commit_of_release(self.clone, release, files)

    def _until(self, release: Release) -> str:
        """The main line on the day of a release: what was added to its branch alone had been there before."""
        return self.clone.last_until(release.dependencies_until, self.clone.main_line())

    def between(self, question: Question, good: Release | str, bad: Release | str, names: tuple[str, str]) -> Cause:
        """What made an answer change between two ends, one of which at least is a commit; the user's names of them."""
        commits = [end if isinstance(end, str) else self._commit(end) for end in (good, bad)]
        reverse = self.clone.is_ancestor(commits[1], commits[0])
        old, new = reversed(commits) if reverse else commits
        search = CommitSearch(self.clone, question, self._near, self.scratch)

        def verify(ends: Ends) -> None:
            answers = (ends.after, ends.before) if reverse else (ends.before, ends.after)
            require_ends(question, answers[0], answers[1], names)

        ends = search.compare(old, new)
        try:
            verify(ends)
            cause = search.bisect(ends)
        except EndsUnusable as reason:
            if ends.known and question.differs(ends.before, ends.after):  # swapped
                raise
            if self.builds is None:
                raise EndsUnusable(f"{reason}; or, as the cause may lie outside sklearn/mixture, --build") from None
            cause = NoCulprit(str(reason), outside=ends.known, ends=(old, new))
        if self.builds and isinstance(cause, NoCulprit) and cause.ends:
            return self.builds.find(question, cause, [self._nearest(commit)[0] for commit in (old, new)], verify)
        return cause

    def _near(self, commit: str) -> list[Wheel]:
        """Wheels that are likely to run a commit, the likeliest first."""
        return [self._wheel(release) for release in self._nearest(commit)]

    def _nearest(self, commit: str) -> list[Release]:
        day = self.clone.commit(commit).date
        return release_commits.nearest_releases(self.clone.version(commit), day, release_table.read())[:NEAR]
