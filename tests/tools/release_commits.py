"""Where the releases of the table stand in the history of a clone, tagged or not, and which are near a commit.

scikit-learn's main line carries versions like 1.7.dev0 only: a release is cut
on a branch that leaves it. A clone may have neither the branch nor the tag.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date

from packaging.version import InvalidVersion, Version

from tests.tools.clone import MIXTURE, Clone, HistoryUnusable
from tests.tools.release_table import Release


def nearest_releases(version: str, day: str, releases: Sequence[Release]) -> list[Release]:
    """The releases, of a table with the oldest first, that a source is likely to run on top of, the likeliest first.

    Where the version is a release, that one is first. Then, of each series around it, the newest patch
    release and the first, by distance in time from the day of the commit: early in 1.7.dev0 the rest of
    scikit-learn is nearly that of 1.6, and late in it that of 1.7.0.
    """
    try:
        wanted = Version(version.replace("-git", ".dev0"))
    except InvalidVersion:
        raise HistoryUnusable(f"the source says version {version!r}; should be like 1.7.dev0") from None
    series = _series_around(wanted, releases)
    cut_from_main = wanted.is_devrelease and wanted.micro == 0
    around = [release for release in releases if release.series in series]

    def distance(release: Release) -> tuple[bool, int, int, Version]:
        first = next(other for other in around if other.series == release.series)
        same_patch = Version(release.version).release == wanted.release and not wanted.is_devrelease
        own = release.series == f"{wanted.major}.{wanted.minor}" and not cut_from_main
        days = abs((date.fromisoformat(first.dependencies_until) - date.fromisoformat(day)).days)
        patches = abs(Version(release.version).micro - wanted.micro)
        return not same_patch, 0 if own else 1 + days, patches, Version(release.version)

    return sorted(around, key=distance)


def commit_of_release(clone: Clone, release: Release, wheel: Mapping[str, bytes] | None = None) -> str:
    """The commit that stands for a release: its tag's, the one with its version, or its place on the main line.

    Its place is where ``sklearn/mixture`` is that of the `wheel` (its files by path), or the end of its series.
    """
    marked = _tagged(clone, release) or _saying(clone, release)
    if marked:
        return marked
    clone.require_whole()
    end = clone.main_line()
    last = _last_of_series(clone, release, end)
    if wheel is None:
        return last
    wanted = _blob_ids(wheel, clone.id_length)
    if _python(clone.mixture_blobs([last])[0]) == wanted:
        return last
    return _last_with(clone, end, wanted, release.dependencies_until) or last


def _blob_ids(files: Mapping[str, bytes], id_length: int) -> dict[str, str]:
    """The ids that git gives to the Python files that lie directly in ``sklearn/mixture``, by name."""
    kind = "sha1" if id_length == 20 else "sha256"
    return {
        name: hashlib.new(kind, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        for name, content in files.items()
        if name.endswith(".py") and "/" not in name
    }


def _series_around(wanted: Version, releases: Sequence[Release]) -> set[str]:
    """The series of a version, the one before and the one after; the newest two of a version beyond the table."""
    series = list(dict.fromkeys(release.series for release in releases))
    own = [Version(name) for name in series]
    place = sum(one < Version(f"{wanted.major}.{wanted.minor}") for one in own)
    return set(series[max(0, min(place, len(series) - 1) - 1) : place + 2])


def _tagged(clone: Clone, release: Release) -> str | None:
    for name in (release.version, f"v{release.version}"):
        try:
            commit = clone.resolve(f"refs/tags/{name}")
            if Version(clone.version(commit)) == Version(release.version):
                return commit
        except (HistoryUnusable, InvalidVersion):
            continue
    return None


def _saying(clone: Clone, release: Release) -> str | None:
    """The newest commit of any branch that changed the version to that of a release."""
    commits = [commit.id for commit in clone.version_changes("--all")]
    versions = zip(commits, clone.versions(commits), strict=True)
    return next((commit for commit, version in versions if version == release.version), None)


def _last_of_series(clone: Clone, release: Release, end: str) -> str:
    """The last commit of the main line with the development version of a release's series, as of its day.

    It is the one before the version went on to that of the next series.
    """
    changes = [commit.id for commit in clone.version_changes("--first-parent", end)]
    versions = clone.versions(changes)
    following = None
    for commit, version in zip(changes, versions, strict=True):
        if version is not None and version.replace("-git", ".dev0") == f"{release.series}.dev0":
            if following is None:
                return clone.last_until(release.dependencies_until, end)
            return clone.parents(following)[0]
        following = commit
    raise HistoryUnusable(
        f"{clone.place} has no commit of {release.series}.dev0; should reach back to scikit-learn {release.version}"
    )


def _last_with(clone: Clone, end: str, wanted: Mapping[str, str], until: str) -> str | None:
    """The newest commit of the main line, as of a day, that changed ``sklearn/mixture`` into that of a wheel."""
    commits = [commit for commit in clone.line(end, touching=[MIXTURE]) if commit.date <= until]
    blobs = clone.mixture_blobs([commit.id for commit in commits])
    return next((commit.id for commit, found in zip(commits, blobs, strict=True) if _python(found) == wanted), None)


def _python(blobs: Mapping[str, str]) -> dict[str, str]:
    return {name: blob for name, blob in blobs.items() if name.endswith(".py")}
