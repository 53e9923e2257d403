"""What a reduction leaves: the case, ``reproduce.py`` and ``issue.md``, each whole or not at all."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from fixtures import add_case, stored_case, verifier, whole_file
from fixtures.corpus import MAX_TITLE, Case
from tests.support import ledger
from tests.tools import ledger_file
from tests.tools.environments import ENVIRONMENT_VARIABLES
from tests.tools.reduce.candidate import Candidate
from tests.tools.reduce.issue import title_of

SECONDS_TO_RUN = 120
VERSIONS = """\
import json, sklearn
if hasattr(sklearn, "show_versions"):
    sklearn.show_versions()
else:
    from tests.support import environment
    print("\\n".join("{}: {}".format(*item) for item in environment.describe().items()))
"""


def reduced_case(candidate: Candidate, original: Case, failure: dict[str, Any], release: str) -> Case:
    """The reduced case, with the flags that its arrays bear out and where it comes from."""
    provenance = {
        "kind": "reduced",
        "from": original.name,
        "by": "nox -s reduce",
        "check": failure["check"],
        "component": failure["component"],
        "release": release,
    }
    what = title_of(failure["check"], failure["state"]).removeprefix("GaussianMixture: ")
    title = f"reduced from {original.name}: {what}"[:MAX_TITLE]
    case = candidate.case(f"reduced-{original.name}", title, provenance)
    case = add_case.with_flags(case)
    return case._replace(flags=tuple(sorted({*case.flags, *({"reduced"} if verifier.reduced(case) else ())})))


def store(folder: Path, case: Case, texts: dict[str, str]) -> None:
    """Put a case's folder and some texts into a folder, in place of those of an earlier reduction.

    Raises
    ------
    Fault
        It could not be written; what was there before is still there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as written:
        # The texts first, beside their places: they take them once the case has taken its own.
        for name, text in texts.items():
            written.enter_context(whole_file.writing(folder / name)).write_text(text, encoding="utf-8", newline="\n")
        stored_case.store(case, folder, replace=True)


def run_script(python: Path, script: str) -> str:
    """What a script prints in an environment; where it raises also the last line of the traceback."""
    with tempfile.TemporaryDirectory() as folder:
        done = _run([str(python), "-B", "-W", "ignore", "-c", script], Path(folder))
    last = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    return "\n".join([done.stdout.rstrip(), *last]) + "\n"


def versions(python: Path, project: Path) -> str:
    """What ``sklearn.show_versions()`` says, without the paths of this machine."""
    lines = _run([str(python), "-W", "ignore", "-c", VERSIONS], project).stdout.strip().splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith(("executable:", "filepath:"))) + "\n"


def upstream_of(case: str, check: str, release: str) -> str | None:
    """The address that the ledger has for a check that fails on a case."""
    try:
        entries = ledger_file.read().listed_for(release)
    except ledger.BadLedger:
        return None
    return next((entry.upstream for entry in entries if (entry.check, entry.case) == (check, case)), None)


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    held = {name: value for name, value in ENVIRONMENT_VARIABLES.items() if value is not None}
    return subprocess.run(
        command, cwd=folder, env=held, capture_output=True, text=True, check=False, timeout=SECONDS_TO_RUN
    )
