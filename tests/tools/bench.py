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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fixtures import command_line, corpus, whole_file
from tests.tools import json_file, release_environment, release_table

FOLDER = corpus.PROJECT / ".benchmarks"
FILE = "tests/test_fit_time.py"
AXES = {"samples": "n_samples", "components": "n_components", "features": "n_features"}
Entries = list[dict[str, Any]]


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
    named = [release_environment.find(name) for name in options.releases]
    by_release: dict[str, Entries] = {}
    failed = []
    try:
        for release in named or release_table.newest_of_series(release_table.read()):
            print(f"scikit-learn {release.version} ...", file=sys.stderr, flush=True)
            timings = folder / f"{'scaling' if options.scaling else 'sklearn'}-{release.version}.json"
            if run(release_environment.make(release), timings, options, capture):
                by_release[release.version] = read(timings)
            else:
                failed.append(release.version)
    finally:
        if by_release:
            print(slopes(by_release) if options.scaling else fit_times(by_release))
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
    variables = dict.fromkeys(release_environment.HELD, str(options.threads))
    variables |= {"GMM_CAPTURE": str(capture)} if capture else {}
    with whole_file.written_by_program(timings) as scratch:
        done = subprocess.run(
            [*command, f"--benchmark-json={scratch}"], cwd=corpus.PROJECT, env=release_environment.variables(variables),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            print(done.stdout, file=sys.stderr)
            scratch.unlink(missing_ok=True)
    return not done.returncode


def _threads(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"{text!r}; should be a number of threads, from 1 on")
    return int(text)


def read(path: Path) -> Entries:
    """The benchmarks that pytest-benchmark wrote into a file; a `Fault` where it is missing, or of another form."""
    return json_file.read(
        path, _entries_in, "should be written by `nox -s bench`", most_bytes=json_file.MOST_OF_BENCHMARKS
    )


def _entries_in(content: Any) -> Entries:
    entries: Entries = content["benchmarks"]
    for entry in entries:
        _ = entry["name"], entry["extra_info"]["n_iter"]
    # What cannot be shown is of another form.
    fit_times({"": entries})
    slopes({"": entries})
    return entries


def fit_times(by_release: Mapping[str, Entries]) -> str:
    """Median milliseconds of a fit: a line for each case and start, a column for each release."""
    columns: dict[str, dict[str, float]] = {}
    for release, entries in by_release.items():
        named = {f"{entry['group']} {entry['extra_info']['start']}": entry["stats"]["median"] for entry in entries}
        columns[release] = {name: 1e3 * seconds for name, seconds in named.items()}
    names = sorted({name for column in columns.values() for name in column})
    rows = [[name, *(f"{of[name]:.2f}" if name in of else "-" for of in columns.values())] for name in names]
    return command_line.aligned([["median ms of a fit", *columns], *rows], numbers=True)


def slopes(by_release: Mapping[str, Entries]) -> str:
    """By how much the seconds of an iteration grow: the slope of log(seconds) over log(size), by covariance type."""
    rows = [["release", "covariance", *AXES]]
    for release, entries in by_release.items():
        infos = [entry["extra_info"] for entry in entries]
        for kind in sorted({info["covariance_type"] for info in infos}):
            of_kind = [info for info in infos if info["covariance_type"] == kind]
            rows.append([release, kind, *(_slope(of_kind, axis) for axis in AXES.values())])
    return command_line.aligned(rows, numbers=True)


def _slope(infos: Entries, axis: str) -> str:
    """Least-squares slope over the frames that differ along one axis only; a dash where there are not two sizes."""
    # Where an axis does not grow it has the least value that there is.
    least = {name: min(info[name] for info in infos) for name in AXES.values() if name != axis}
    along = [info for info in infos if all(info[name] == value for name, value in least.items())]
    sizes, seconds = ([info[name] for info in along] for name in (axis, "seconds_per_iteration"))
    return f"{np.polyfit(np.log(sizes), np.log(seconds), 1)[0]:.2f}" if len(set(sizes)) > 1 else "-"


if __name__ == "__main__":
    sys.exit(main())
