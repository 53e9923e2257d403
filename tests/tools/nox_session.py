"""A nox session: the environment that it runs in, its arguments, and what it runs.

nox makes no environment of its own: a tool that asks for a release after its session ran
finds the environment made, and sessions of one dependency group share one.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import nox
from nox.virtualenv import InterpreterNotFound

from fixtures import whole_file
from tests.support import estimator
from tests.tools import release_environment
from tests.tools.release_environment import ENVIRONMENT_VARIABLES, EnvironmentFailed, InterpreterMissing
from tests.tools.release_table import Release

PYTEST_CAPTURE_METHODS = ("fd", "sys", "no", "tee-sys")
PYTEST_OPTIONS = (
    "-p", "no:benchmark", "-p", "no:cacheprovider",
    "-p", "no:unraisableexception",  # it collects garbage for longer than some runs fit
)  # fmt: skip


def run_module(session: nox.Session, group: str, module: str, *path_options: str, files: bool = False) -> None:
    """Run a module in the environment of a dependency group, with the session's arguments (see `arguments_of`)."""
    python = enter_group(session, group)
    arguments, variables = arguments_of(session, *path_options, files=files)
    session.run(python, "-m", module, *arguments, env=variables)


def run_suite(
    session: nox.Session, python: str, version: str, arrays: tuple[str, str] | None = None, folder: str = ""
) -> None:
    """Run the checks against one release, with its Python; write ``results/sklearn-<version>.xml``.

    The record of arrays of another library, given by its name and a device, or of another Python than the table's, goes
    into a folder of its own.
    """
    arguments, variables = arguments_of(session, "--plots")
    record = Path("results", folder, "-".join(arrays or ()), f"sklearn-{version}.xml")
    if arrays:
        arguments = [estimator.ARRAY_NAMESPACE, arrays[0], estimator.OPTION_OF_DEVICE, arrays[1], *arguments]
        variables = {**variables, estimator.ARRAY_API_VARIABLE: "1"}
    with whole_file.written_by_program(record) as scratch:
        session.log(f"the record of the run goes to {record}")
        session.run(
            python, "-m", "pytest", *PYTEST_OPTIONS,
            f"--junitxml={scratch}", "-o", f"junit_suite_name=scikit-learn {version}",
            *arguments, env=variables, external=bool(arrays),
        )  # fmt: skip


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


def arguments_of(
    session: nox.Session, *path_options: str, files: bool = False
) -> tuple[list[str], dict[str, str | None]]:
    """A session's arguments and environment variables, with ``--capture DIR`` turned into GMM_CAPTURE.

    pytest has a ``--capture`` of its own, whose values are left to it. What follows `path_options` is a path, whether
    there is something at it or not. With `files` other words may name a file or a folder that exists: alone, as the
    repository of ``REPO@REV``, or as the patch of ``RELEASE+PATCHFILE``.
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
