"""Run the suite in the environment of one release, and keep the record of the run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import nox

from tests.tools import session_arguments

PYTEST_OPTIONS = (
    "-p", "no:benchmark", "-p", "no:cacheprovider",
    "-p", "no:unraisableexception",  # it collects garbage for longer than some runs fit
)  # fmt: skip


def run_suite(session: nox.Session, python: str, version: str) -> None:
    """Run the checks against one release, with its Python; write ``results/sklearn-<version>.xml``."""
    arguments, variables = session_arguments.take(session, "--plots")
    with _written_whole(session, Path("results", f"sklearn-{version}.xml")) as scratch:
        session.run(
            python, "-m", "pytest", *PYTEST_OPTIONS,
            f"--junitxml={scratch}", "-o", f"junit_suite_name=scikit-learn {version}",
            *arguments, env=variables,
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
