"""Read scikit-learn's history in a clone of the user's without ever writing to it, and find releases in it.

git is asked for objects alone, with nothing of the user's or the clone's configuration that could run a program,
fetch what is missing, take a lock or change what an answer looks like. scikit-learn's main line carries versions like
1.7.dev0 only: a release is cut on a branch that leaves it. A clone may have neither the branch nor the tag.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from packaging.version import Version

from fixtures.fault import Fault
from tests.tools.release_table import Release

MIXTURE = "sklearn/mixture"
VERSION_FILE = "sklearn/__init__.py"
DIFF = ["--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--src-prefix=a/", "--dst-prefix=b/"]
NO_NAMES = {"", ".", "..", ".git"}  # git makes no tree with them; an absolute path begins with the first
FIELDS = "%H%x00%cI%x00%s%x00%b%x00%x00"
UNCONFIGURED = [
    "--no-pager", "--no-optional-locks", "--no-replace-objects",
    *("-c", "core.fsmonitor=false"), *("-c", f"core.hooksPath={os.devnull}"), *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"), *("-c", "protocol.allow=never"), *("-c", "log.showSignature=false"),
    *("-c", "log.follow=false"), *("-c", "i18n.logOutputEncoding=UTF-8"), *("-c", "core.quotePath=false"),
    *("-c", "safe.directory=*"),
]  # fmt: skip
VARIABLES = {
    "GIT_ATTR_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C",
}  # fmt: skip


class HistoryUnusable(Fault):
    """A clone, or a revision of it, that cannot be used: not scikit-learn's, unknown, or cut short."""


@dataclass(frozen=True)
class Commit:
    id: str  # All its hexadecimal digits
    date: str  # Day (ISO 8601) of the commit, which is that of the merge on the main line
    title: str  # First line of its message; of a merge commit, that of the pull request
    pull_request: int | None  # Number of the pull request that it came with


class Clone:
    """A clone of scikit-learn in a folder: a work tree, linked or not, or a bare repository."""

    def __init__(self, place: Path) -> None:
        self.place = place
        if not place.is_dir():
            raise HistoryUnusable(f"{place} is not a folder; should be a clone of scikit-learn")
        said = run_git("-C", str(place), "rev-parse", "--absolute-git-dir")
        if said.returncode:
            raise HistoryUnusable(f"{place} is not a git repository; should be a clone of scikit-learn")
        self.git_dir = Path(os.fsdecode(said.stdout).rstrip("\n"))
        ends = self._ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}", may_fail=True).split()
        ends += self._ask("for-each-ref", "--count=20", "--sort=-committerdate", "--format=%(objectname)").split()
        if not any(self._objects([f"{end}:{VERSION_FILE}" for end in ends])):
            raise HistoryUnusable(f"{place} has no commit with {VERSION_FILE}; should be a clone of scikit-learn")

    @property
    def shallow(self) -> bool:
        return self._ask("rev-parse", "--is-shallow-repository").strip() == "true"

    def resolve(self, revision: str) -> str:
        """The id of the commit that a revision (a commit, branch, tag, ``HEAD~3``) names."""
        name = "" if revision.startswith("-") else revision
        found = self._ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", may_fail=True).strip()
        if name and found:
            return found
        cut = f"; the clone is shallow: `git -C {self.place} fetch --unshallow` gets the rest" if self.shallow else ""
        raise HistoryUnusable(f"{self.place} has no commit {revision!r}; should be a commit, branch or tag{cut}")

    def commit(self, revision: str) -> Commit:
        return self._commits("show", "--no-patch", self.resolve(revision))[0]

    def version(self, commit: str) -> str:
        version = self.versions([commit])[0]
        if version is None:
            raise HistoryUnusable(f"{commit} of {self.place} has no __version__ in {VERSION_FILE}; should have")
        return version

    def versions(self, commits: Iterable[str]) -> list[str | None]:
        """The version of the source of each commit, None without one."""
        sources = self._objects([f"{commit}:{VERSION_FILE}" for commit in commits])
        return [version_in(source) if source is not None else None for source in sources]

    def mixture_files(self, commit: str) -> dict[str, bytes]:
        """The files of ``sklearn/mixture`` of a commit, by path relative to it."""
        files = self.files(commit, MIXTURE)
        if not files:
            raise HistoryUnusable(f"{commit} of {self.place} has no {MIXTURE}; should have")
        return files

    def files(self, commit: str, folder: str = "", *, suffixes: tuple[str, ...] = ("",)) -> dict[str, bytes]:
        """The files of a folder of a commit, as they are stored, by path relative to it; no links, no submodules."""
        listed = [path for path in self._modes(commit, folder) if path.endswith(suffixes)]
        contents = self._contents(commit, [f"{folder}/{path}".lstrip("/") for path in listed])
        return dict(zip(listed, contents, strict=True))

    def export(self, commit: str, place: Path, *, without: Sequence[str] = ()) -> None:
        """Write the files of a commit, as they are stored, into a new folder, `without` some folders at the root."""
        listed = {path: mode for path, mode in self._modes(commit, "").items() if path.split("/")[0] not in without}
        for path, content in zip(listed, self._contents(commit, list(listed)), strict=True):
            target = place / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            if listed[path] == "100755":
                target.chmod(0o755)

    def file_ids(self, commit: str, *, may_fail: bool = False) -> dict[str, str]:
        """Mode, kind and id of each file of a commit, by path: equal ones have equal content."""
        rows = self._ask("ls-tree", "-r", "-z", commit, may_fail=may_fail).split("\0")
        return {path: head for head, _, path in (row.partition("\t") for row in rows if row)}

    def _modes(self, commit: str, folder: str) -> dict[str, str]:
        """Mode of each file below a folder, by path relative to it."""
        heads = self.file_ids(f"{commit}:{folder}", may_fail=True)
        if outside := [path for path in heads if NO_NAMES & set(path.lower().split("/"))]:
            raise HistoryUnusable(f"{commit} of {self.place} has a file {outside[0]!r}; should lie inside")
        return {path: head.split()[0] for path, head in heads.items() if head.startswith("100")}

    def _contents(self, commit: str, paths: Sequence[str]) -> list[bytes]:
        contents = self._objects([f"{commit}:{path}" for path in paths])
        for path, content in zip(paths, contents, strict=True):
            if content is None:
                raise HistoryUnusable(
                    f"{self.place} lacks {path} of {commit}; should be a whole clone, not one made with --filter"
                )
        return [content for content in contents if content is not None]

    def mixture_blobs(self, commits: Iterable[str]) -> list[dict[str, str]]:
        """For each commit the blob ids of the files that lie directly in its ``sklearn/mixture``, by name."""
        trees = self._objects([f"{commit}:{MIXTURE}" for commit in commits])
        return [_blobs_of_tree(tree, self.id_length) if tree is not None else {} for tree in trees]

    @property
    def id_length(self) -> int:
        """Bytes of an object's id: 20 of SHA-1, 32 of SHA-256."""
        return 32 if self._ask("rev-parse", "--show-object-format").strip() == "sha256" else 20

    def require_whole(self) -> None:
        if self.shallow:
            raise HistoryUnusable(
                f"{self.place} is a shallow clone; should have its history (`git -C {self.place} fetch --unshallow`)"
            )

    def line(self, end: str, *, touching: Sequence[str] = ()) -> list[Commit]:
        """The commits of the main line that ends at a revision, newest first; only those that change some paths."""
        return self._commits("log", "--first-parent", self.resolve(end), "--", *touching)

    def last_until(self, day: str, end: str) -> str:
        """The newest commit, as of the end of a day (ISO 8601), of the main line that ends at a revision."""
        found = self._ask("rev-list", "--first-parent", "--max-count=1", f"--until={day}T23:59:59Z", end).strip()
        if not found:
            raise HistoryUnusable(f"{self.place} has no commit of {day} or before; should reach back to there")
        return found

    def main_line(self) -> str:
        """The commit at the end of the main line: upstream's, else origin's, else the clone's own, else HEAD."""
        for remote in ("refs/remotes/upstream/", "refs/remotes/origin/", "refs/heads/"):
            for branch in ("main", "master"):
                found = self._ask("rev-parse", "--verify", "--quiet", f"{remote}{branch}^{{commit}}", may_fail=True)
                if found:
                    return found.strip()
        return self.resolve("HEAD")

    def version_changes(self, *where: str) -> list[Commit]:
        """The commits that change the version, newest first, in the history that arguments of ``git log`` select."""
        return self._commits("log", "-G^__version__", *where, "--", VERSION_FILE)

    def parents(self, commit: str) -> list[str]:
        return self._ask("rev-list", "--parents", "--max-count=1", commit).split()[1:]

    def is_ancestor(self, one: str, other: str) -> bool:
        """Whether a commit is in the history of another, or is that one."""
        return self._run("merge-base", "--is-ancestor", one, other, may_fail=True).returncode == 0

    def objects(self) -> Path:
        """The folder of its objects, which another repository can borrow."""
        return Path(self.git_dir, self._ask("rev-parse", "--git-path", "objects").rstrip("\n")).resolve()

    def diff(self, before: str, after: str, paths: Sequence[str] = (MIXTURE,)) -> str:
        """The difference of some paths between two commits, as a unified diff."""
        return self._ask("diff-tree", "-p", "-r", *DIFF, before, after, "--", *paths)

    def count(self, old: str, new: str, paths: Sequence[str]) -> int:
        """How many commits, of all branches, lie after one up to another and change some paths."""
        return int(self._ask("rev-list", "--count", f"{old}..{new}", "--", *paths))

    def changing(self, old: str, new: str, paths: Sequence[str]) -> list[Commit]:
        """The commits that change some paths on the way to the newer of two, oldest first.

        Not those of which the older one, perhaps on a release's branch, has the same change.
        """
        select = ["--cherry-pick", "--right-only", "--no-merges", "--reverse", "--topo-order"]
        return self._commits("log", *select, f"{old}...{new}", "--", *paths)

    def _commits(self, *arguments: str) -> list[Commit]:
        first, *rest = arguments
        entries = self._ask(first, f"--format={FIELDS}", *DIFF, "--no-notes", *rest).split("\0\0\n")
        return [_commit(entry) for entry in entries if entry.strip()]

    def _objects(self, names: Iterable[str]) -> list[bytes | None]:
        """The content of each object; None for those that are not there."""
        asked = "".join(f"{name}\n" for name in names)
        answer = self._run("cat-file", "--batch", stdin=asked.encode()).stdout
        contents: list[bytes | None] = []
        place = 0
        while place < len(answer):
            head, _, _ = answer[place : place + 4096].partition(b"\n")
            place += len(head) + 1
            if head.endswith((b" missing", b" ambiguous")):
                contents.append(None)
                continue
            size = int(head.split()[2])
            contents.append(answer[place : place + size])
            place += size + 1
        return contents

    def _ask(self, *arguments: str, may_fail: bool = False) -> str:
        done = self._run(*arguments, may_fail=may_fail)
        return "" if done.returncode else done.stdout.decode("utf-8", errors="surrogateescape")

    def _run(self, *arguments: str, stdin: bytes = b"", may_fail: bool = False) -> subprocess.CompletedProcess[bytes]:
        done = run_git(f"--git-dir={self.git_dir}", *arguments, stdin=stdin)
        if done.returncode and not may_fail:
            said = (printed(done.stderr).strip().splitlines() or ["no message"])[-1]
            raise HistoryUnusable(f"{self.place}: `git {arguments[0]}` failed: {said}; should be whole (`git fsck`)")
        return done


def nearest_releases(version: str, day: str, releases: Sequence[Release]) -> list[Release]:
    """The releases, of a table with the oldest first, that a source is likely to run on top of, the likeliest first.

    Where the version is a release, that one is first. Then, of each series around it, the newest patch
    release and the first, by distance in time from the day of the commit: early in 1.7.dev0 the rest of
    scikit-learn is nearly that of 1.6, and late in it that of 1.7.0.
    """
    try:
        wanted = Version(version.replace("-git", ".dev0"))
    except ValueError:  # a number in it may be too long
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


def run_git(
    *arguments: str, folder: Path | None = None, stdin: bytes = b"", variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git, however it ends, with nothing of the user's configuration, the clone's, or a repository around it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        return subprocess.run(
            ["git", *UNCONFIGURED, *arguments], cwd=folder, input=stdin, capture_output=True, check=False,
            env={**inherited, **VARIABLES, **(variables or {})},
        )  # fmt: skip
    except FileNotFoundError:
        raise Fault("git is not on PATH; should be, to read a clone or to apply a patch") from None


def printed(output: bytes) -> str:
    """What git printed, as text; a name that is not UTF-8 has replacement characters in it."""
    return output.decode("utf-8", errors="replace")


def version_in(source: bytes) -> str | None:
    """The version in a ``sklearn/__init__.py``; None without one."""
    found = re.search(rb"""^__version__\s*=\s*['"]([^'"]+)['"]""", source, re.MULTILINE)
    return found.group(1).decode(errors="replace") if found else None


def _commit(entry: str) -> Commit:
    identifier, date, title, body = entry.strip("\n").split("\0")[:4]
    merged = re.match(r"Merge pull request #(\d+)", title)
    numbers = re.findall(r"\(#(\d+)\)", title)
    if merged:
        title = next((line.strip() for line in body.splitlines() if line.strip()), title)
    number = merged.group(1) if merged else (numbers[-1] if numbers else None)
    return Commit(identifier, date[:10], title, int(number) if number else None)


def _blobs_of_tree(tree: bytes, id_length: int) -> dict[str, str]:
    """Ids by name of the files of a tree object: ``mode name NUL id``, one after another."""
    blobs: dict[str, str] = {}
    place = 0
    while place < len(tree):
        end = tree.index(b"\0", place)
        mode, _, name = tree[place:end].partition(b" ")
        place = end + 1 + id_length
        if mode.startswith(b"100"):
            blobs[name.decode(errors="surrogateescape")] = tree[end + 1 : place].hex()
    return blobs


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
        except (HistoryUnusable, ValueError):
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
