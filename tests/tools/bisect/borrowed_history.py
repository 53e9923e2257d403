"""git's own bisection of a clone's history, in a repository of our own that borrows the clone's objects.

Nothing is ever written into the clone, so there is nothing to undo in it when
the search is broken off, by Ctrl-C or by kill -9.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tests.tools import git
from tests.tools.clone import MIXTURE, Clone, HistoryUnusable

MIXTURE_ALONE = (MIXTURE, f":(exclude){MIXTURE}/tests")
OLD, NEW, SKIP = "old", "new", "skip"


class Bisection:
    """A bisection between two commits, driven from outside; the older one need not be an ancestor of the newer.

    A commit that changes none of the paths is never the culprit. The folder does not exist yet.
    """

    def __init__(self, clone: Clone, folder: Path, old: str, new: str, paths: Sequence[str] = MIXTURE_ALONE) -> None:
        self._folder = folder
        objects = clone.objects()
        folder.mkdir(parents=True)
        self._run("init", "--quiet", "--bare", f"--object-format={'sha1' if len(old) == 40 else 'sha256'}", str(folder))
        (folder / "objects" / "info" / "alternates").write_text(f"{objects}\n", encoding="utf-8")
        (folder / "HEAD").write_text(f"{new}\n", encoding="utf-8")
        terms = [f"--term-old={OLD}", f"--term-new={NEW}"]
        self._said = self._git("bisect", "start", "--no-checkout", *terms, new, old, "--", *paths)

    def place(self) -> str | list[str]:
        """The commit to judge next; in the end the first that is new, or several where those before it are skipped."""
        ended = re.search(rf"^([0-9a-f]+) is the first {NEW} commit$", self._said, re.MULTILINE)
        if ended:
            return [ended.group(1)]
        if "only 'skip'ped commits left" in self._said:
            return re.findall(r"^([0-9a-f]{40,64})$", self._said, re.MULTILINE)
        if re.search(r"^The merge base \S+ is", self._said, re.MULTILINE):
            raise HistoryUnusable(
                "where the histories of the two ends part, the answer is that of the later end already;"
                " should be two ends of one line of history"
            )
        return self._git("rev-parse", "--verify", "BISECT_HEAD").strip()

    def judge(self, word: str) -> None:
        """Say of the commit at hand that it is ``old``, ``new``, or to be skipped."""
        # git ends with 2 when only skipped ones are left, and with 3 at a merge base that is new.
        self._said = self._git("bisect", word, may_end_with=(0, 2, 3))

    def _git(self, *arguments: str, may_end_with: Sequence[int] = (0,)) -> str:
        return self._run(f"--git-dir={self._folder}", *arguments, may_end_with=may_end_with)

    def _run(self, *arguments: str, may_end_with: Sequence[int] = (0,)) -> str:
        done = git.run(*arguments, folder=self._folder)
        output, errors = git.said(done.stdout), git.said(done.stderr)
        if done.returncode not in may_end_with:
            said = ((errors or output).strip().splitlines() or ["no message"])[-1]
            raise HistoryUnusable(f"git cannot bisect: {said}")
        return output + errors
