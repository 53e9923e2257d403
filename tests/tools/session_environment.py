"""The environment that a nox session runs in: one of those that the tools share.

nox makes none of its own: a tool that asks for a release after its session ran
finds the environment made, and sessions of one dependency group share one.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import nox
from nox.virtualenv import InterpreterNotFound

from tests.tools import release_environment
from tests.tools.release_environment import EnvironmentFailed, InterpreterMissing
from tests.tools.release_table import Release


def enter_release(session: nox.Session, release: Release) -> str:
    """The Python of a release's environment, for the session to run: the table's, or what ``nox -P`` names."""
    python = _python_of(session) or release.python
    return _enter(session, python, lambda: release_environment.make(dataclasses.replace(release, python=python)))


def enter_group(session: nox.Session, group: str) -> str:
    """The Python of a dependency group's environment, for the session to run: nox's, or what ``nox -P`` names."""
    python = _python_of(session)
    return _enter(session, python, lambda: release_environment.make_group(group, python))


def _python_of(session: nox.Session) -> str | None:
    return session.python if isinstance(session.python, str) else None


def _enter(session: nox.Session, python: str | None, make: Callable[[], Path]) -> str:
    """Make the environment, and let the session's programs find what is installed in it."""
    try:
        made = make()
    except InterpreterMissing as error:
        raise InterpreterNotFound(python or str(error)) from None  # nox skips the session by name
    except EnvironmentFailed as error:
        session.error(str(error))
    session.env["PATH"] = os.pathsep.join([str(made.parent), os.environ.get("PATH", "")])
    session.env["VIRTUAL_ENV"] = str(made.parent.parent)
    return str(made)
