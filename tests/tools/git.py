"""Run git with nothing of the user's configuration, of the clone's, or of a repository around the folder."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from fixtures.fault import Fault

UNCONFIGURED = [
    "--no-pager", "--no-optional-locks", "--no-replace-objects",
    *("-c", "core.fsmonitor=false"), *("-c", f"core.hooksPath={os.devnull}"), *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"), *("-c", "protocol.allow=never"), *("-c", "log.showSignature=false"),
    *("-c", "log.follow=false"), *("-c", "i18n.logOutputEncoding=UTF-8"), *("-c", "core.quotePath=false"),
    *("-c", "safe.directory=*"),
]  # fmt: skip
VARIABLES = {
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


def run(
    *arguments: str, folder: Path | None = None, stdin: bytes = b"", variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git, however it ends; a `Fault` where there is none."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        return subprocess.run(
            ["git", *UNCONFIGURED, *arguments], cwd=folder, input=stdin, capture_output=True, check=False,
            env={**inherited, **VARIABLES, **(variables or {})},
        )  # fmt: skip
    except FileNotFoundError:
        raise Fault("git is not on PATH; should be, to read a clone or to apply a patch") from None


def said(output: bytes) -> str:
    """What git printed, as text; a name that is not UTF-8 has marks in it."""
    return output.decode("utf-8", errors="replace")
