"""A patch on top of the ``sklearn/mixture`` of a release's wheel."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from tests.tools import git, overlay
from tests.tools.clone import MIXTURE
from tests.tools.sources.naming import SourceUnusable

WITHOUT_EFFECT = ("doc", "examples", "benchmarks", "asv_benchmarks", ".github")


def apply(patch: Path, files: Mapping[str, bytes], place: str) -> dict[str, bytes]:
    """The files of ``sklearn/mixture``, by path relative to it, with a patch applied.

    The patch is as ``git diff`` or ``git format-patch`` writes it, with or without the prefixes ``a/`` and ``b/``;
    what it changes in tests and documentation is passed over. Messages call the files those of `place`.
    """
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name).resolve()
        for name, content in files.items():
            target = scratch / MIXTURE / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        strip, paths = _paths(patch, scratch)
        wanted = [path for path in paths if not _passed_over(path)]
        elsewhere = [path for path in wanted if not path.startswith(f"{MIXTURE}/")]
        if elsewhere:
            raise SourceUnusable(
                f"{patch.name} changes {elsewhere[0]}; should change {MIXTURE} alone to go on top of a release"
                " (apply it in a checkout and name that, to have it built)"
            )
        if not wanted:
            raise SourceUnusable(f"{patch.name} changes no code of {MIXTURE}; should change some")
        included = [f"--include={_literal(path)}" for path in wanted]
        done = _git_apply(scratch, strip, "--whitespace=nowarn", *included, str(patch))
        if done.returncode:
            said = "; ".join(line.removeprefix("error: ") for line in git.said(done.stderr).splitlines()[:2])
            raise SourceUnusable(f"{patch.name} does not apply to {MIXTURE} of {place}: {said}")
        return overlay.read_folder(scratch / MIXTURE)


def _paths(patch: Path, folder: Path) -> tuple[str, list[str]]:
    """How many leading folders of its names a patch wants to have taken off, and which paths it then changes."""
    said = ""
    for strip in ("-p1", "-p0"):
        done = _git_apply(folder, strip, "--numstat", "-z", str(patch))
        paths = [row.split("\t")[-1] for row in git.said(done.stdout).split("\0") if row]
        if any(path.startswith("sklearn/") for path in paths):
            return strip, paths
        said = said or (git.said(done.stderr).strip().splitlines() or ["it changes nothing below sklearn/"])[0]
    said = said.removeprefix("error: ")
    raise SourceUnusable(f"{patch.name} is not a patch of scikit-learn ({said}); should be as `git diff` writes it")


def _passed_over(path: str) -> bool:
    name = PurePosixPath(path)
    return name.parts[0] in WITHOUT_EFFECT or "tests" in name.parts or name.suffix in (".md", ".rst")


def _literal(path: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path)


def _git_apply(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    # Without this, git looks for a repository around the folder, and takes the paths to be relative to that.
    return git.run("apply", *arguments, folder=folder, variables={"GIT_CEILING_DIRECTORIES": str(folder.parent)})
