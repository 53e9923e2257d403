"""Reduce a case that fails to the smallest one that fails in the same way, and write what an upstream issue needs.

Fewer samples, repeats, components, features and iterations, and numbers with
fewer digits, as long as the same check fails in the same way for the same
component.

Examples
--------
  nox -s reduce -- object-leaves-frame
  nox -s reduce -- capture-frame-44 --capture DIR --verify series
  nox -s reduce -- ladder-16-float64 --check test_fit_moves_with_a_translation --sklearn 1.6.1
  nox -s reduce -- .recorded/my-video-frame-44 --component 3 --into upstream-issue
  nox -s reduce -- --ledger --defect precisions-init-squared --verify series
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fixtures import command_line, corpus, documentation, whole_file
from fixtures.fault import Fault, one_of
from tests.support.estimator import ARRAY_NAMESPACE, takes_arrays
from tests.support.ledger import Ledger
from tests.tools import arrays, json_file, ledger_file, release_environment, release_table
from tests.tools.reduce.reduction import DoesNotFail, Reduction, Releases, matrix
from tests.tools.worker_process import WorkerFailed

RESULTS = corpus.PROJECT / "results"
REDUCTIONS = corpus.PROJECT / "tests" / "measured" / "reductions.json"
README, TABLE = documentation.REFERENCE, "reductions"
FORMAT = 1
MOST_SAMPLES, MOST_COMPONENTS = 4, 3  # that a reduction should reach


@command_line.command("stopped before anything was reduced")
def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    _check(options)
    try:
        with Releases(arrays.of(options)) as releases:
            return _ledger(options, releases) if options.ledger else _one(options, releases)
    except DoesNotFail as reason:
        print(reason)
        return 1


def _one(options: argparse.Namespace, releases: Releases) -> int:
    version = release_environment.find(options.sklearn).version if options.sklearn else matrix("series")[-1]
    case = _load(options.case, options.capture)
    if options.component is not None and not 0 <= options.component < case.n_components:
        has = f"{case.name} has the components 0 to {case.n_components - 1}"
        raise Fault(f"--component is {options.component}; {has}")
    check = _full_name(options.check, releases.probe(version).ask("names"))
    into = Path(options.into) if options.into else RESULTS / f"reduced-{case.name}"
    reduction = Reduction(releases, version, case, check=check, component=options.component, into=into)
    component = reduction.failure["component"]
    what = f"component {component} is {reduction.failure['state']}"
    what = ", ".join(reduction.failure["faults"]) if component is None else what
    print(f"{case.name}: {reduction.failure['check']} fails on scikit-learn {version}: {what}", flush=True)
    if options.dry_run:
        print("  nothing written: --dry-run")
        return 0
    versions = matrix(options.verify) if options.verify else []
    if not releases.arrays.is_numpy:
        versions = [one for one in versions if takes_arrays(one)]
    reduction.run(versions, least_components=options.least_components, afresh=options.afresh)
    print(f"  {reduction.original.size} -> {reduction.best.size}; {reduction.asked} candidates,", end="")
    print(f" {reduction.seconds:.1f} s")
    for name in (f"reduced-{case.name}", "reproduce.py", "issue.md"):
        print(f"  {into / name}")
    for row in reduction.rows:
        print(row.line())
    return 0 if reduction.agrees else 1


def _ledger(options: argparse.Namespace, releases: Releases) -> int:
    known = ledger_file.read()
    askable = releases.probe(matrix("series")[-1]).ask("names")
    every = pairs_of(known, askable, matrix("every"))
    pairs = [pair for pair in every if not options.defect or pair.defect in options.defect]
    done = results_for(every, read_results()) if options.write else []
    results = [result for result in done if not options.afresh or result.pair not in pairs]
    if options.dry_run:
        for pair in pairs:
            print(f"{pair.line()}{'  (done)' if is_done(pair, results) else ''}")
        return 0
    capture = corpus.find_capture(options.capture)
    into = Path(options.into) if options.into else RESULTS / "reduced-ledger"
    versions = matrix(options.verify) if options.verify else []
    try:
        for pair in (pair for pair in pairs if not is_done(pair, results)):
            folder = into / pair.defect / pair.case
            result = _reduced(pair, releases, listed_for(pair, known, versions), capture, folder)
            results = [*(one for one in results if one.pair != pair), result]
            print(result.line(), flush=True)
            if options.write:
                write_results(results_for(every, results))
    except KeyboardInterrupt:
        raise command_line.Interrupted("the same command with --write goes on from what is stored") from None
    finally:
        asked_for = [result for result in results if result.pair in pairs]
        print(table(asked_for))
    return 0 if reached(asked_for) else 1


class Pair(NamedTuple):
    defect: str
    case: str
    check: str  # the one that is asked: of those that the ledger lists, the first in the order of preference
    release: str  # the newest on which it fails

    def line(self) -> str:
        return f"{self.defect}  {self.case}  {self.check} on {self.release}"


class Result(NamedTuple):
    pair: Pair
    before: list[int]  # samples, components and features
    after: list[int]
    asked: int  # candidates
    seconds: float  # wall time of the reduction, without that of asking other releases
    same: list[str]  # of the releases on which the original fails, those on which the result does so in the same way
    other: list[str]  # the others
    failure: str | None = None  # why there is no result

    @property
    def is_small(self) -> bool:
        return not self.failure and self.after[0] <= MOST_SAMPLES and self.after[1] <= MOST_COMPONENTS

    def line(self) -> str:
        if self.failure:
            return f"{self.pair.line()}: {self.failure}"
        sizes = " -> ".join(" x ".join(f"{number:,}" for number in size) for size in (self.before, self.after))
        differs = f", NOT on {', '.join(self.other)}" if self.other else ""
        alike = f"; alike on {len(self.same)} releases{differs}" if self.same or self.other else ""
        return f"{self.pair.line()}: {sizes}, {self.asked} candidates, {self.seconds:.1f} s{alike}"


def pairs_of(ledger: Ledger, askable: Sequence[str], versions: Sequence[str]) -> list[Pair]:
    """Each defect with each of its cases, as the ledger has them in turn.

    The askable checks are in the order of preference, the versions in that of
    the releases. A pair that only other checks show, which compare with a
    baseline, is left out.
    """
    checks: dict[tuple[str, str], list[str]] = {}
    for entry in ledger.entries:
        if entry.check in askable:
            checks.setdefault((entry.defect, entry.case), []).append(entry.check)
    pairs = [Pair(*which, min(shown_by, key=askable.index), release="") for which, shown_by in checks.items()]
    # A defect of the development version is in no release yet.
    listed = {pair: listed_for(pair, ledger, versions) for pair in pairs}
    return [pair._replace(release=releases[-1]) for pair, releases in listed.items() if releases]


def listed_for(pair: Pair, ledger: Ledger, versions: Sequence[str]) -> list[str]:
    entries = [entry for entry in ledger.entries if (entry.defect, entry.case, entry.check) == pair[:3]]
    return [version for version in versions if any(entry.covers(version) for entry in entries)]


def results_for(pairs: Sequence[Pair], results: Iterable[Result]) -> list[Result]:
    by_pair = {result.pair: result for result in results}
    return [by_pair[pair] for pair in pairs if pair in by_pair]


def is_done(pair: Pair, results: Iterable[Result]) -> bool:
    return any(result.pair == pair and not result.failure for result in results)


def _reduced(pair: Pair, releases: Releases, versions: Sequence[str], capture: Path | None, into: Path) -> Result:
    """Reduce a pair, and ask the versions about the result."""
    try:
        case = corpus.load_case(pair.case, capture=capture)
        reduction = Reduction(releases, pair.release, case, check=pair.check, component=None, into=into)
        reduction.run(versions)
    except (DoesNotFail, WorkerFailed, corpus.CaptureNotAtHand) as reason:
        return Result(pair, [], [], 0, 0.0, [], [], str(reason).splitlines()[0])
    failing = [row for row in reduction.rows if row.original is not None]
    return Result(
        pair, list(reduction.original.shape), list(reduction.best.shape), reduction.asked, round(reduction.seconds, 1),
        same=[row.release for row in failing if row.same], other=[row.release for row in failing if not row.same],
    )  # fmt: skip


def reached(results: Sequence[Result]) -> bool:
    return bool(results) and all(result.is_small and not result.other for result in results)


def table(results: Sequence[Result]) -> str:
    head = "| known defect | cases | samples | components | features | seconds | fails alike on |"
    defects = list(dict.fromkeys(result.pair.defect for result in results))
    rows = [_row(defect, [result for result in results if result.pair.defect == defect]) for defect in defects]
    return "\n".join([head, "| --- | ---: | ---: | ---: | ---: | ---: | --- |", *rows])


def read_results(path: Path = REDUCTIONS) -> list[Result]:
    """The results that are stored; none where there is no file. A `Fault` where it has another format."""
    if not path.exists():
        return []
    return json_file.read(path, _results_in, "delete it, and `nox -s reduce -- --ledger --write` makes it anew")


def _results_in(content: Any) -> list[Result]:
    json_file.require_format(content, FORMAT, "results")
    items = content["results"]
    results = [Result(Pair(**{name: item.pop(name) for name in Pair._fields}), **item) for item in items]
    table(results)  # what it cannot show is of another form
    return results


def write_results(results: Sequence[Result], path: Path = REDUCTIONS, readme: Path = README) -> None:
    """Store the results, a line for each, and put the table into the README."""
    fields: list[dict[str, Any]] = [{**result.pair._asdict(), **result._asdict()} for result in results]
    lines = [json.dumps({name: value for name, value in one.items() if name != "pair"}) for one in fields]
    whole_file.write_text(path, f'{{"format": {FORMAT}, "results": [\n' + ",\n".join(lines) + "\n]}\n")
    documentation.put_table(readme, TABLE, table(results))


def _row(defect: str, results: Sequence[Result]) -> str:
    done = [result for result in results if not result.failure]
    if not done:
        return f"| `{defect}` | {len(results)} | no result |  |  |  |  |"
    sizes = zip(*(result.after for result in done), strict=True)
    ranges = " | ".join(" to ".join(map(str, sorted({min(size), max(size)}))) for size in sizes)
    seconds = [result.seconds for result in done]
    asked = [release for result in done for release in (*result.same, *result.other)]
    alike = sum(len(result.same) for result in done)
    how = f"{alike} of {len(asked)}, with {len(set(asked))} releases" if asked else "not asked"
    of = f" of {len(results)}" if len(done) < len(results) else ""
    times = f"{statistics.median(seconds):.1f}, at most {max(seconds):.1f}"
    return f"| `{defect}` | {len(done)}{of} | {ranges} | {times} | {how} |"


def _check(options: argparse.Namespace) -> None:
    if bool(options.case) == options.ledger:
        raise Fault("name one CASE, or --ledger for every case of every known defect")
    if options.ledger and not arrays.of(options).is_numpy:
        raise Fault(f"{ARRAY_NAMESPACE} is about one CASE; with --ledger every case is fitted with numpy's")
    if options.ledger and (options.check or options.sklearn or options.component is not None):
        raise Fault("--check, --component and --sklearn are about one CASE; with --ledger the ledger names them")
    if (options.defect or options.write) and not options.ledger:
        raise Fault("--defect and --write go with --ledger")
    known = {entry.defect for entry in ledger_file.read().entries} if options.defect else set()
    for defect in options.defect or ():
        if defect not in known:
            raise Fault(f"--defect is {defect!r}; should be {one_of(known, defect)}")


def _full_name(check: str | None, names: list[str]) -> str | None:
    for name in (check, f"test_{check}"):
        if name is None or name in names:
            return name
    raise Fault(f"--check is {check!r}; should be {one_of(names, check or '')}")


def _load(named: str, capture: str | None) -> corpus.Case:
    """A case of the corpus by its name, or any by its folder."""
    folder = Path(named)
    in_folder = (folder / "case.json").is_file()
    root = folder.resolve().parent if in_folder else corpus.CASES
    return corpus.load_case(folder.resolve().name if in_folder else named, root, corpus.find_capture(capture))


def _parser() -> argparse.ArgumentParser:
    parser = command_line.parser("reduce", __doc__)
    add = parser.add_argument
    series = release_table.newest_of_series(release_table.read())
    add("case", nargs="?", metavar="CASE", help="a case of the corpus by its name, or any case by its folder")
    add("--ledger", action="store_true", help="every case of every known defect, in turn")
    add("--defect", action="append", metavar="ID", help="with --ledger: only this one; may be repeated")
    add("--write", action="store_true", help="with --ledger: put it all into tests/README.md")
    add("--check", help="the check that fails (default: the first that does, collapse first)")
    add("--component", type=int, metavar="K", help="the component that fails (default: the first)")
    add("--sklearn", metavar="VERSION", help=f"release or series (default: {series[-1].version})")
    add("--least-components", type=int, default=1, metavar="N", help="keep so many (default: 1)")
    add("--into", metavar="DIR", help="where to write (default: in results/)")
    add("--verify", choices=["series", "every"], help="ask these releases about the result, too")
    add("--capture", metavar="DIR", help="folder that holds the public capture (default: GMM_CAPTURE)")
    arrays.add_options(parser)
    add("--afresh", action="store_true", help="do not go on with what was cut off, or is stored")
    add("--dry-run", action="store_true", help="show how the case fails; reduce and write nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
