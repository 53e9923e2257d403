"""Sessions: each names an environment and calls one module.

``nox --list`` shows them all; what follows ``--`` goes to the session's module,
and ``-- --help`` shows what that takes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox
from packaging.version import Version

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fixtures.fault import one_of
from tests.support import estimator
from tests.tools import own_tests, release_environment, release_table
from tests.tools.nox_session import arguments_of, enter_group, enter_release, run_module, run_suite
from tests.tools.release_environment import ENVIRONMENT_VARIABLES
from tests.tools.release_table import BadTable, Release

nox.needs_version = ">=2026.10.20"  # it runs sessions in parallel
nox.options.default_venv_backend = "none"  # sessions share the environments of the tools
nox.options.sessions = ["tests"]

release_environment.add_pyenv_to_path()


# What nox is asked for; the arguments of a session, after `--`, left out.
WORDS = sys.argv[1 : sys.argv.index("--")] if "--" in sys.argv else sys.argv[1:]
ASKED_FOR = [word for word in WORDS if not word.startswith("-")]
# One release more at a time than there are cores: while one waits for the disk or the index, the others go on.
# A session that runs alone shows its output as it comes.
if ASKED_FOR in ([], ["tests"]):
    nox.options.parallel = (os.cpu_count() or 1) + 1


def _table() -> list[Release]:
    """The table of releases; empty while it is invalid and the session that writes it runs alone."""
    try:
        return release_table.read()
    except BadTable as error:
        if ASKED_FOR == ["releases"]:
            return []
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


RELEASES = _table()
SERIES = release_table.newest_of_series(RELEASES)
# The first series that has wheels for a Python that is newer than the table's.
NEWER_PYTHONS = {"3.14": "1.7", "3.14t": "1.8"}
OTHERS = [release for release in RELEASES if release not in SERIES]


def _parameters(release: Release) -> nox.param:
    tags = ["series", "latest"] if release is SERIES[-1] else ["series"]
    return nox.param(release.python, release.version, id=f"sklearn={release.version!r}", tags=tags)


@nox.session(tags=["every"], allow_parallel=True)
@nox.parametrize("python,version", [_parameters(release) for release in SERIES])
def tests(session: nox.Session, version: str) -> None:
    """The suite on the newest patch release of each series."""
    python = enter_release(session, next(release for release in SERIES if release.version == version))
    run_suite(session, python, version)


def _define_other(release: Release) -> None:
    """Define the session of a release that `nox -s tests` does not run, but its full name does."""

    @nox.session(name=f"tests(sklearn={release.version!r})", python=release.python, tags=["every"], default=False)
    def session_of_release(session: nox.Session) -> None:
        run_suite(session, enter_release(session, release), release.version)


for _release in OTHERS:
    _define_other(_release)

# nox says only that there is none.
IDS = [f"tests(sklearn={release.version!r})" for release in RELEASES]
for _word in ASKED_FOR:
    if _word.startswith("tests(sklearn=") and _word.replace('"', "'") not in IDS:
        print(f"error: there is no session {_word}; should be {one_of(IDS, _word)}", file=sys.stderr)
        sys.exit(2)


@nox.session(default=False)
def namespaces(session: nox.Session) -> None:
    """The suite with arrays of array_api_strict, on every series that takes them; on the newest on three devices."""
    for release in SERIES:
        if not estimator.takes_arrays(release.version):
            continue
        devices = ("CPU_DEVICE", "device1", "no_float64") if release is SERIES[-1] else ("CPU_DEVICE",)
        with own_tests.environment(release) as python:
            for device in devices:
                run_suite(session, str(python), release.version, ("array_api_strict", device))


@nox.session(default=False)
@nox.parametrize(
    "python,release",
    [
        nox.param(python, release, id=f"python={python!r}, sklearn={release.version!r}")
        for release in SERIES
        for python, since in NEWER_PYTHONS.items()
        if Version(release.series) >= Version(since)
    ],
)
def pythons(session: nox.Session, release: Release) -> None:
    """The suite with newer Pythons than the table's, one of them free-threaded, on the series that have such wheels."""
    run_suite(session, enter_release(session, release), release.version, folder=f"python-{session.python}")


@nox.session(name="tests-source", default=False)
def tests_source(session: nox.Session) -> None:
    """The suite on any scikit-learn: a checkout, a revision, a patch, a wheel, the nightly build."""
    run_module(session, "workers", "tests.tools.sources", files=True)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Fit times with pytest-benchmark on every series, or the releases that are named."""
    run_module(session, "workers", "tests.tools.bench")


@nox.session(default=False)
def compare(session: nox.Session) -> None:
    """Compare the fit times of two scikit-learns, with an interval and a verdict."""
    run_module(session, "compare", "tests.tools.compare", "--json", files=True)


@nox.session(default=False)
def corpus(session: nox.Session) -> None:
    """Regenerate the synthetic cases byte for byte and verify every checksum."""
    python = enter_group(session, "corpus")
    arguments, variables = arguments_of(session, "--plots")
    session.run(python, "-m", "tests.tools.corpus", *arguments, env={**variables, "MPLBACKEND": "agg"})


@nox.session(name="add-case", default=False)
def add_case(session: nox.Session) -> None:
    """Check arrays of your own and add them to the corpus as a case."""
    run_module(session, "corpus", "fixtures.add_case", files=True)


@nox.session(default=False)
def record(session: nox.Session) -> None:
    """Fit a video of yours frame by frame, and keep the first frame that breaks a component."""
    run_module(session, "record", "tests.tools.record", "--picture", "--root", files=True)


@nox.session(default=False)
def demonstration(session: nox.Session) -> None:
    """Make the small video that the README shows."""
    run_module(session, "record", "tests.tools.record.video", "--to")


@nox.session(default=False)
def reduce(session: nox.Session) -> None:
    """Reduce a case that fails to the smallest one that does, with a script and the text of an upstream issue."""
    run_module(session, "workers", "tests.tools.reduce", "--into", files=True)


@nox.session(default=False)
def bisect(session: nox.Session) -> None:
    """Find the release, and the commit of scikit-learn, that changed what becomes of a case."""
    run_module(session, "bisect", "tests.tools.bisect", "--repo", "--json", "--markdown")


@nox.session(name="fetch-capture", default=False)
def fetch_capture(session: nox.Session) -> None:
    """Download the public capture of scikit-learn #12099."""
    session.run(enter_group(session, "capture"), "-m", "tests.tools.fetch_capture", *session.posargs)


@nox.session(name="record-published-fit", default=False)
def record_published_fit(session: nox.Session) -> None:
    """Record the fit of the capture that every release is compared with."""
    python = enter_release(session, RELEASES[-1])
    session.run(python, "-m", "tests.tools.published_fit", *session.posargs, env=ENVIRONMENT_VARIABLES)


@nox.session(default=False)
def remedies(session: nox.Session) -> None:
    """Run this suite and scikit-learn's own tests on every candidate fix, or write one as a patch."""
    run_module(session, "workers", "tests.tools.remedies", "--json", "--python", files=True)


@nox.session(default=False)
def peers(session: nox.Session) -> None:
    """Judge other implementations of EM where scikit-learn loses a component, and on controls."""
    run_module(session, "workers", "tests.tools.peers", "--json")


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Mutate scikit-learn's mixture code, and see what this suite and scikit-learn's own tests notice."""
    session.run(enter_group(session, "mutants"), "-m", "tests.tools.mutants", *session.posargs)


@nox.session(default=False)
def sensitivity(session: nox.Session) -> None:
    """Spoil one quantity of a fit after the other, and measure the smallest error that the checks notice."""
    python = enter_release(session, RELEASES[-1])
    session.run(python, "-m", "tests.tools.sensitivity", *session.posargs)


@nox.session(name="record-baseline", default=False)
def record_baseline(session: nox.Session) -> None:
    """Record what exact EM makes of each case, and how the newest release fits it."""
    python = enter_release(session, RELEASES[-1])
    _, variables = arguments_of(session)
    session.run(python, "-m", "tests.tools.record_baseline", *session.posargs, env=variables)


@nox.session(default=False)
def report(session: nox.Session) -> None:
    """Make one page out of the records of any number of runs."""
    paths = ("--output", "--summary", "--benchmarks", "--remedies")
    run_module(session, "report", "tests.tools.report", *paths, files=True)


@nox.session(default=False)
def releases(session: nox.Session) -> None:
    """Refresh the table of releases from the package index."""
    session.run(enter_group(session, "releases"), "-m", "tests.tools.release_table", *session.posargs)


@nox.session(default=False)
def selftest(session: nox.Session) -> None:
    """Test the suite itself, with fakes that are right, wrong, and wrong in one way."""
    python = enter_group(session, "selftest")
    arguments, variables = arguments_of(session)
    # On all cores; what tests of one file share is made once.
    session.run(python, "-m", "pytest", "tests/selftest", "-n=auto", "--dist=loadfile", *arguments, env=variables)


@nox.session(default=False)
def lint(session: nox.Session) -> None:
    """Lint and type-check with ruff and mypy; hold the workflows against their schema and zizmor's audits."""
    python = enter_group(session, "lint")
    session.run(python, "-m", "ruff", "check", ".")
    session.run(python, "-m", "ruff", "format", "--check", ".")
    session.run(python, "-m", "mypy")
    workflows = sorted(map(str, Path(".github", "workflows").glob("*.yml")))
    session.run(python, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    session.run(str(Path(python).with_name("zizmor")), "--offline", "--quiet", *workflows)
