"""What a user wrote after ``--``, as the module of a session gets it: every path from where the user stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import nox

from tests.tools.environments import ENVIRONMENT_VARIABLES

PYTEST_CAPTURE_METHODS = ("fd", "sys", "no", "tee-sys")


def take(session: nox.Session, *path_options: str, files: bool = False) -> tuple[list[str], dict[str, str | None]]:
    """A session's arguments and variables, with ``--capture DIR`` among the arguments turned into GMM_CAPTURE.

    pytest has a ``--capture`` of its own, whose values are left to it.

    Parameters
    ----------
    *path_options : str
        Options that are followed by a path, whether there is something at that path or not.
    files : bool
        Whether other words may name a file or a folder that exists: alone, as
        the repository of ``REPO@REV``, or as the patch of ``RELEASE+PATCHFILE``.

    Returns
    -------
    variables : dict
        Environment variables to run with.
    """
    stand = Path(session.invoked_from)
    arguments: list[str] = []
    capture = os.environ.get("GMM_CAPTURE")
    words = iter(session.posargs)
    for word in words:
        option, equals, value = word.partition("=")
        if option == "--capture":
            value = _value(session, option, equals, value, words)
            if value in PYTEST_CAPTURE_METHODS:
                arguments.append(f"--capture={value}")
            else:
                capture = value
        elif option in path_options:
            arguments += [option, str(stand / _value(session, option, equals, value, words))]
        elif files and not word.startswith("-"):
            arguments.append(_from(stand, word))
        else:
            arguments.append(word)
    named = {"GMM_CAPTURE": str((stand / capture).resolve())} if capture else {}
    return arguments, {**ENVIRONMENT_VARIABLES, **named}


def _value(session: nox.Session, option: str, equals: str, value: str, words: Iterator[str]) -> str:
    value = value if equals else next(words, "")
    if not value:
        session.error(f"{option} is followed by nothing; should be followed by a path")
    return value


def _from(stand: Path, word: str) -> str:
    """A word with the file or folder that it names, if it names one, from where the user stands."""
    release, plus, patch = word.partition("+")
    if plus and (stand / patch).is_file():
        return f"{release}+{stand / patch}"
    folder = word.partition("@")[0]
    return str(stand / word) if folder and ((stand / word).exists() or (stand / folder).exists()) else word
