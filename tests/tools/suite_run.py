"""Run the suite in the environment of one release, and keep the record of the run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import nox

from tests.tools.environments import ENVIRONMENT_VARIABLES

PYTEST_OPTIONS = (
    "-p", "no:benchmark", "-p", "no:cacheprovider",
    "-p", "no:unraisableexception",  # it collects garbage for longer than some runs fit
)  # fmt: skip
PYTEST_CAPTURE_METHODS = ("fd", "sys", "no", "tee-sys")


def run_suite(session: nox.Session, version: str) -> None:
    """Run the checks against one release; write ``results/sklearn-<version>.xml``."""
    arguments, variables = name_capture(session)
    with _written_whole(session, Path("results", f"sklearn-{version}.xml")) as scratch:
        session.run(
            "python", "-m", "pytest", *PYTEST_OPTIONS,
            f"--junitxml={scratch}", "-o", f"junit_suite_name=scikit-learn {version}",
            *absolute_after(session, arguments, "--plots"), env=variables,
        )  # fmt: skip


@contextlib.contextmanager
def _written_whole(session: nox.Session, record: Path) -> Iterator[Path]:
    """A place to write a record to, which appears under its name when the run has ended.

    It appears whether checks failed or not, and not at all where the run broke
    off before it was written.
    """
    record.parent.mkdir(exist_ok=True)
    scratch = record.with_name(f".{record.name}.writing")
    scratch.unlink(missing_ok=True)
    try:
        yield scratch
    finally:
        if scratch.exists() and scratch.stat().st_size:
            scratch.replace(record)
            session.log(f"record of the run: {record}")
        scratch.unlink(missing_ok=True)


def name_capture(session: nox.Session) -> tuple[list[str], dict[str, str | None]]:
    """Turn ``--capture DIR`` among a session's arguments into GMM_CAPTURE.

    pytest has a ``--capture`` of its own, whose values are left to it. A
    relative folder is relative to where the user stands.

    Returns
    -------
    arguments : list of str
        The other arguments.
    variables : dict
        Environment variables to run with.
    """
    arguments: list[str] = []
    named = os.environ.get("GMM_CAPTURE")
    words = iter(session.posargs)
    for word in words:
        option, equals, value = word.partition("=")
        if option != "--capture":
            arguments.append(word)
            continue
        value = value if equals else next(words, "")
        if value in PYTEST_CAPTURE_METHODS:
            arguments.append(f"--capture={value}")
        elif not value:
            session.error("--capture names no folder; should be followed by the folder that holds the capture")
        else:
            named = value
    folder = {"GMM_CAPTURE": str(Path(session.invoked_from, named).resolve())} if named else {}
    return arguments, {**ENVIRONMENT_VARIABLES, **folder}


def absolute_after(session: nox.Session, words: list[str], *options: str) -> list[str]:
    """Arguments with the paths that follow some options from where the user stands."""
    made = []
    for before, word in zip(["", *words], words, strict=False):
        option, equals, value = word.partition("=")
        if before in options:
            made.append(str(Path(session.invoked_from, word)))
        elif equals and option in options:
            made.append(f"{option}={Path(session.invoked_from, value)}")
        else:
            made.append(word)
    return made
