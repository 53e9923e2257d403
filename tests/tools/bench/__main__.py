"""Time the fits with pytest-benchmark, on every release series or those that are named.

Examples
--------
  nox -s bench
  nox -s bench -- 1.6 1.9 -k capture
  nox -s bench -- --scaling 1.9
  nox -s bench -- 1.9 --threads 2
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from fixtures import command_line, corpus, whole_file
from tests.tools import release_environment, release_table
from tests.tools.bench import tables
from tests.tools.release_table import Release

FOLDER = corpus.PROJECT / ".benchmarks"
FILE = "tests/test_fit_time.py"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = command_line.parser("bench", __doc__)
    made.add_argument("releases", nargs="*", metavar="RELEASE", help="a release or series (default: every series)")
    made.add_argument("--scaling", action="store_true", help="how the fit time grows with the size of the frame")
    made.add_argument("-k", metavar="EXPRESSION", help="only the benchmarks that pytest's -k selects")
    made.add_argument("--threads", type=_threads, default=1, metavar="N", help="BLAS threads (%(default)s)")
    made.add_argument("--capture", metavar="DIR", help="folder that holds the public capture (default: GMM_CAPTURE)")
    return made


@command_line.command("the fit times of whole runs are kept")
def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    """Run the benchmark on each release, and print one table of all."""
    options = parser().parse_args(arguments)
    capture = corpus.find_capture(options.capture)
    by_release: dict[str, tables.Entries] = {}
    failed = []
    try:
        for release in _releases(options.releases):
            print(f"scikit-learn {release.version} ...", file=sys.stderr, flush=True)
            timings = folder / f"{'scaling' if options.scaling else 'sklearn'}-{release.version}.json"
            if run(release_environment.make(release), timings, options, capture):
                by_release[release.version] = tables.read(timings)
            else:
                failed.append(release.version)
    finally:
        if by_release:
            print(tables.slopes(by_release) if options.scaling else tables.fit_times(by_release))
            print(f"fit times: {folder}", flush=True)
        if failed:
            print(f"benchmarks failed on {', '.join(failed)}; what pytest printed of each is above", file=sys.stderr)
    return command_line.FAILED if failed else command_line.FINE


def run(python: Path, timings: Path, options: argparse.Namespace, capture: Path | None) -> bool:
    """Run the benchmark in one environment: whether it went well, and its file, which appears whole, was written."""
    test = "test_scaling" if options.scaling else "test_fit_time"
    command = [
        str(python), "-m", "pytest", f"{FILE}::{test}", "-q", "-p", "no:cacheprovider",
        "--benchmark-columns=median,iqr,rounds", *(["-k", options.k] if options.k else []),
        # What else the machine does is not in the CPU time of one thread; of several it is the sum.
        *(["--benchmark-timer=time.process_time"] if options.threads == 1 else []),
    ]  # fmt: skip
    with whole_file.written_by_program(timings) as scratch:
        done = subprocess.run(
            [*command, f"--benchmark-json={scratch}"], cwd=corpus.PROJECT, env=_variables(options.threads, capture),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            print(done.stdout, file=sys.stderr)
            scratch.unlink(missing_ok=True)
    return not done.returncode


def _releases(names: Sequence[str]) -> list[Release]:
    named = [release_environment.find(name) for name in names]
    return named or release_table.newest_of_series(release_table.read())


def _variables(threads: int, capture: Path | None) -> dict[str, str]:
    held = dict.fromkeys(release_environment.HELD, str(threads))
    return release_environment.variables({**held, **({"GMM_CAPTURE": str(capture)} if capture else {})})


def _threads(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"{text!r}; should be a number of threads, from 1 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
