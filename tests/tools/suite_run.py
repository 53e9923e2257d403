"""Run the suite in the environment of one release, and keep the record of the run."""

from __future__ import annotations

import os
from pathlib import Path

import nox

from tests.tools.environments import ENVIRONMENT_VARIABLES

PYTEST_CAPTURE_METHODS = ("fd", "sys", "no", "tee-sys")


def run_suite(session: nox.Session, version: str) -> None:
    """Run the checks against one release; write ``results/sklearn-<version>.xml``.

    The record appears when the run has ended, whole, whether checks failed or
    not.
    """
    arguments, variables = name_capture(session)
    results = Path("results")
    results.mkdir(exist_ok=True)
    record = results / f"sklearn-{version}.xml"
    scratch = results / f".sklearn-{version}.xml.writing"
    try:
        session.run(
            "python", "-m", "pytest", "-p", "no:benchmark", "-p", "no:cacheprovider",
            f"--junitxml={scratch}", "-o", f"junit_suite_name=scikit-learn {version}",
            *arguments, env=variables,
        )  # fmt: skip
    finally:
        if scratch.exists():
            scratch.replace(record)


def run_benchmarks(session: nox.Session, version: str) -> None:
    """Time the fits with one release; save pytest-benchmark's JSON under ``.benchmarks/``."""
    arguments, variables = name_capture(session)
    folder = Path(".benchmarks")
    folder.mkdir(exist_ok=True)
    session.run(
        "python", "-m", "pytest", "tests/test_fit_time.py", "-p", "no:cacheprovider",
        f"--benchmark-json={folder / f'sklearn-{version}.json'}", "--benchmark-group-by=param:case_name",
        "--benchmark-columns=min,median,iqr,rounds", *arguments, env=variables,
    )  # fmt: skip


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
