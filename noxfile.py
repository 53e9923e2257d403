"""Sessions: each names an environment and calls one module.

``nox --list`` shows them all; what follows ``--`` goes to the session's module,
and ``-- --help`` shows what that takes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nox

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tests.tools import environments, interpreters, release_table, suite_run

nox.needs_version = ">=2025.11"
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "always"
nox.options.sessions = ["tests"]

interpreters.add_pyenv_to_path()

Runner = Callable[[nox.Session, str], None]

RELEASES = release_table.read()
SERIES = release_table.newest_of_series(RELEASES)
LATEST = SERIES[-1]
OTHERS = [release for release in RELEASES if release not in SERIES]


@nox.session(tags=["every"])
@nox.parametrize(
    "python,version",
    [
        nox.param(
            release.python,
            release.version,
            id=f"sklearn={release.version!r}",
            tags=["series", *(["latest"] if release is LATEST else [])],
        )
        for release in SERIES
    ],
)
def tests(session: nox.Session, version: str) -> None:
    """The suite on the newest patch release of each series."""
    environments.install_release(session, next(release for release in SERIES if release.version == version))
    suite_run.run_suite(session, version)


def _named_session(name: str, release: release_table.Release, run: Runner, **options: Any) -> None:
    """Define a session of one release that `nox -s NAME` does not run, but its full name does."""

    @nox.session(name=f"{name}(sklearn={release.version!r})", python=release.python, **options)
    def session_of_release(session: nox.Session) -> None:
        environments.install_release(session, release)
        run(session, release.version)


for _release in OTHERS:
    _named_session("tests", _release, suite_run.run_suite, tags=["every"], default=False)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Fit times with pytest-benchmark on every series, or the releases that are named."""
    environments.install_group(session, "workers")
    arguments, variables = suite_run.name_capture(session)
    session.run("python", "-m", "tests.tools.bench", *arguments, env=variables)


@nox.session(default=False)
def compare(session: nox.Session) -> None:
    """Compare the fit times of two releases, with an interval and a verdict."""
    environments.install_group(session, "compare")
    arguments, variables = suite_run.name_capture(session)
    paths = _absolute_after(session, arguments, "--json")
    session.run("python", "-m", "tests.tools.compare", *paths, env=variables)


@nox.session(default=False)
def corpus(session: nox.Session) -> None:
    """Regenerate the synthetic cases byte for byte and verify every checksum."""
    environments.install_group(session, "corpus")
    session.run("python", "-m", "fixtures.regenerate", *session.posargs, env={"MPLBACKEND": "agg"})


@nox.session(name="add-case", default=False)
def add_case(session: nox.Session) -> None:
    """Check arrays of your own and add them to the corpus as a case."""
    environments.install_group(session, "corpus")
    session.run("python", "-m", "fixtures.add_case", *_absolute_paths(session))


@nox.session(default=False)
def record(session: nox.Session) -> None:
    """Fit a video of yours frame by frame, and keep the first frame that breaks a component."""
    environments.install_group(session, "record")
    session.run("python", "-m", "tests.tools.record", *_absolute_paths(session))


@nox.session(default=False)
def demonstration(session: nox.Session) -> None:
    """Make the small video that the README's story is told with."""
    environments.install_group(session, "record")
    session.run("python", "-m", "tests.tools.record.demonstration", *session.posargs)


@nox.session(default=False)
def reduce(session: nox.Session) -> None:
    """Reduce a case that fails to the smallest one that does, with a script and the text of an upstream issue."""
    environments.install_group(session, "workers")
    session.run("python", "-m", "tests.tools.reduce", *_absolute_paths(session, to_be_made=("--into",)))


@nox.session(default=False)
def bisect(session: nox.Session) -> None:
    """Find the release, and the commit of scikit-learn, that changed what becomes of a case."""
    environments.install_group(session, "bisect")
    arguments, variables = suite_run.name_capture(session)
    paths = _absolute_after(session, arguments, "--repo", "--json", "--markdown")
    session.run("python", "-m", "tests.tools.bisect", *paths, env=variables)


@nox.session(name="fetch-capture", default=False)
def fetch_capture(session: nox.Session) -> None:
    """Download the public capture of scikit-learn #12099."""
    environments.install_group(session, "capture")
    session.run("python", "-m", "tests.tools.fetch_capture", *session.posargs)


@nox.session(name="record-published-fit", python=LATEST.python, default=False)
def record_published_fit(session: nox.Session) -> None:
    """Record the fit of the capture that every release is compared with."""
    environments.install_release(session, LATEST)
    session.run("python", "-m", "tests.tools.published_fit", *session.posargs, env=environments.ENVIRONMENT_VARIABLES)


@nox.session(python=LATEST.python, default=False)
def remedies(session: nox.Session) -> None:
    """Run the suite on every candidate fix, and tabulate what each one passes and costs."""
    environments.install_release(session, LATEST)
    arguments, variables = suite_run.name_capture(session)
    session.run("python", "-m", "tests.tools.remedies", *arguments, env=variables)


@nox.session(name="record-baseline", python=LATEST.python, default=False)
def record_baseline(session: nox.Session) -> None:
    """Record what exact EM makes of each case, and how the newest release fits it."""
    environments.install_release(session, LATEST)
    _, variables = suite_run.name_capture(session)
    session.run("python", "-m", "tests.tools.record_baseline", *session.posargs, env=variables)


def _absolute_paths(session: nox.Session, to_be_made: tuple[str, ...] = ()) -> list[str]:
    """A session's arguments, with paths from where the user stands: files that exist, and what follows some options."""
    words = []
    for before, word in zip(["", *session.posargs], session.posargs, strict=False):
        place = Path(session.invoked_from, word)
        is_path = before in to_be_made or (not word.startswith("-") and place.exists())
        words.append(str(place) if is_path else word)
    return words


def _absolute_after(session: nox.Session, words: list[str], *options: str) -> list[str]:
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


@nox.session(default=False)
def releases(session: nox.Session) -> None:
    """Refresh the table of releases from the package index."""
    environments.install_group(session, "releases")
    session.run("python", "-m", "tests.tools.releases", *session.posargs)


@nox.session(default=False)
def selftest(session: nox.Session) -> None:
    """Test the suite itself, with fakes that are right, wrong, and wrong in one way."""
    environments.install_group(session, "selftest")
    arguments, variables = suite_run.name_capture(session)
    session.run("python", "-m", "pytest", "tests/selftest", *arguments, env=variables)


@nox.session(default=False)
def lint(session: nox.Session) -> None:
    """Lint and type-check with ruff and mypy."""
    environments.install_group(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
