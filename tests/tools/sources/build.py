"""Build a wheel of a source, in a private copy of it, and keep the wheel for the next time."""

from __future__ import annotations

import datetime
import hashlib
import os
import re
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from tests.tools import release_environment
from tests.tools.release_environment import EnvironmentFailed
from tests.tools.release_table import Release
from tests.tools.sources.tree import Tree

COST = "a full build of scikit-learn takes a quarter of an hour or more"
STEP = r"\[(\d+)/(\d+)\]"
LAST_LINES = 3


def wheel_of(tree: Tree, name: str, nearest: Release, say: Callable[[str], None]) -> Path:
    """A wheel built of a source, or the one that was built of the very same files before.

    It is built for the Python of the nearest release; what it is built with is as of the day of the source, or of
    this release where that is later. Where it cannot be built, the log stays and is named.
    """
    folder = release_environment.FOLDER / "built"
    folder.mkdir(parents=True, exist_ok=True)
    day_after = datetime.date.fromisoformat(tree.day) + datetime.timedelta(days=1)
    until = max(day_after.isoformat(), nearest.dependencies_until)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=folder) as scratch_name:
        scratch = Path(scratch_name)
        tree.export(scratch / "source")
        place = folder / f"{_fingerprint(scratch / 'source')}-{nearest.python}-{until}"
        built = sorted(place.glob("*.whl"))
        if built:
            say(f"{name} was built before: {built[0]}")
            return built[0]
        say(f"building {name} for Python {nearest.python}; Ctrl-C stops it")
        log = folder / f"{place.name}.log"
        _run(["build", "--wheel", f"--python={nearest.python}", f"--exclude-newer={until}",
              f"--out-dir={scratch / 'wheel'}", str(scratch / "source")], log, name)  # fmt: skip
        (wheel,) = (scratch / "wheel").glob("*.whl")
        place.mkdir(exist_ok=True)
        wheel.replace(place / wheel.name)
        log.unlink()
        return place / wheel.name


def _run(arguments: list[str], log: Path, name: str) -> None:
    """Run uv, show how far its compilation is, and keep what it says."""
    release_environment.add_pyenv_to_path()
    command, variables = release_environment.uv_command(arguments)
    last: deque[str] = deque(maxlen=LAST_LINES)
    with (
        log.open("w", encoding="utf-8") as kept,
        Console(stderr=True).status(f"building {name}") as status,
        subprocess.Popen(
            command, env={**variables, "PYTHONDONTWRITEBYTECODE": "1"}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
        ) as process,
    ):  # fmt: skip
        assert process.stdout is not None
        try:
            for line in process.stdout:
                kept.write(line)
                if line.strip():
                    last.append(line.strip())
                step = re.match(STEP, line.strip())
                if step:
                    status.update(f"building {name}: {step[1]} of {step[2]}")
        except BaseException:  # Ctrl-C, or a full disk: nobody waits for the rest of the build
            process.terminate()
            raise
    if process.returncode:
        raise EnvironmentFailed(f"{name} could not be built: {' / '.join(last)} (all of it: {log})")


def _fingerprint(folder: Path) -> str:
    """A hash of the names and contents of all files."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found.update(os.fsencode(path.relative_to(folder)) + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]
