"""Find Python interpreters that are installed but not on PATH.

nox and uv look on PATH. pyenv keeps most of its versions off it, and its shims
answer only for versions that are switched on; so pyenv is asked where it keeps
them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


def pyenv_folders() -> list[Path]:
    """Folders of the executables of every version that pyenv has, newest first; empty without pyenv."""
    pyenv = shutil.which("pyenv")
    if pyenv is None:
        return []
    try:
        answer = subprocess.run([pyenv, "root"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return sorted((Path(answer.stdout.strip()) / "versions").glob("*/bin"), reverse=True)


def add_pyenv_to_path() -> None:
    """Let nox and uv find pyenv's interpreters, after all that PATH has already."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    new = [str(folder) for folder in pyenv_folders() if str(folder) not in folders]
    os.environ["PATH"] = os.pathsep.join(folders + new)
