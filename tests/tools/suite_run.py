"""Run the suite in the environment of one release, and keep the record of the run."""

from __future__ import annotations

from pathlib import Path

import nox

from fixtures import whole_file
from tests.tools import session_arguments

PYTEST_OPTIONS = (
    "-p", "no:benchmark", "-p", "no:cacheprovider",
    "-p", "no:unraisableexception",  # it collects garbage for longer than some runs fit
)  # fmt: skip


def run_suite(session: nox.Session, python: str, version: str) -> None:
    """Run the checks against one release, with its Python; write ``results/sklearn-<version>.xml``."""
    arguments, variables = session_arguments.take(session, "--plots")
    record = Path("results", f"sklearn-{version}.xml")
    with whole_file.written_by_program(record) as scratch:
        session.log(f"the record of the run goes to {record}")
        session.run(
            python, "-m", "pytest", *PYTEST_OPTIONS,
            f"--junitxml={scratch}", "-o", f"junit_suite_name=scikit-learn {version}",
            *arguments, env=variables,
        )  # fmt: skip
