"""Every case of every known defect, reduced: whether what a reduction should reach is reached for all of them."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fixtures import corpus, documentation, strict_json, whole_file
from fixtures.fault import Fault
from tests.support.ledger import Entry, Ledger
from tests.tools.reduce.reduction import DoesNotFail, Reduction, Releases
from tests.tools.worker_process import WorkerFailed

README = documentation.REFERENCE
RESULTS = corpus.PROJECT / "tests" / "measured" / "reductions.json"
FORMAT = 1
TABLE = "reductions"
MOST_SAMPLES, MOST_COMPONENTS = 4, 3


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
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in ledger.entries:
        if entry.check in askable:
            found.setdefault((entry.defect, entry.case), []).append(entry)
    pairs = []
    for (defect, case), entries in found.items():
        pair = Pair(defect, case, min((entry.check for entry in entries), key=askable.index), release="")
        pairs.append(pair._replace(release=listed_for(pair, ledger, versions)[-1]))
    return pairs


def listed_for(pair: Pair, ledger: Ledger, versions: Sequence[str]) -> list[str]:
    entries = [entry for entry in ledger.entries if (entry.defect, entry.case, entry.check) == pair[:3]]
    return [version for version in versions if any(entry.covers(version) for entry in entries)]


def results_for(pairs: Sequence[Pair], results: Iterable[Result]) -> list[Result]:
    by_pair = {result.pair: result for result in results}
    return [by_pair[pair] for pair in pairs if pair in by_pair]


def is_done(pair: Pair, results: Iterable[Result]) -> bool:
    return any(result.pair == pair and not result.failure for result in results)


def run(
    pairs: Sequence[Pair], results: list[Result], releases: Releases,
    *, versions: Callable[[Pair], Sequence[str]], capture: Path | None, into: Path,
) -> Iterator[Result]:  # fmt: skip
    """Reduce each pair that has no result yet; each result is added to the others before it is yielded.

    `versions` gives the releases that are asked about a pair's result; `into`
    gets a folder for each pair, by the names of defect and case.
    """
    for pair in pairs:
        if is_done(pair, results):
            continue
        try:
            case = corpus.load_case(pair.case, capture=capture)
            folder = into / pair.defect / pair.case
            reduction = Reduction(releases, pair.release, case, check=pair.check, component=None, into=folder)
            reduction.run(versions(pair))
            failing = [row for row in reduction.rows if row.original is not None]
            result = Result(
                pair, list(reduction.original.shape), list(reduction.best.shape), reduction.asked,
                round(reduction.seconds, 1), same=[row.release for row in failing if row.same],
                other=[row.release for row in failing if not row.same],
            )  # fmt: skip
        except (DoesNotFail, WorkerFailed, corpus.CaptureNotAtHand) as reason:
            result = Result(pair, [], [], 0, 0.0, [], [], str(reason).splitlines()[0])
        results[:] = [*(one for one in results if one.pair != pair), result]
        yield result


def reached(results: Sequence[Result]) -> bool:
    return bool(results) and all(result.is_small and not result.other for result in results)


def table(results: Sequence[Result]) -> str:
    head = "| known defect | cases | samples | components | features | seconds | fails alike on |"
    defects = list(dict.fromkeys(result.pair.defect for result in results))
    rows = [_row(defect, [result for result in results if result.pair.defect == defect]) for defect in defects]
    return "\n".join([head, "| --- | ---: | ---: | ---: | ---: | ---: | --- |", *rows])


def read(path: Path = RESULTS) -> list[Result]:
    """The results that are stored; none where there is no file. A `Fault` where it has another format."""
    if not path.exists():
        return []
    try:
        content = strict_json.parse(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format version {content['format']!r}, not {FORMAT}")
        return [Result(Pair(**{name: item.pop(name) for name in Pair._fields}), **item) for item in content["results"]]
    except (ValueError, KeyError, TypeError) as error:
        raise Fault(f"{path}: {error}; delete it, and `nox -s reduce -- --ledger --write` makes it anew") from None


def write(results: Sequence[Result], path: Path = RESULTS, readme: Path = README) -> None:
    """Store the results, a line for each, and put the table into the README."""
    lines = []
    for result in results:
        fields: dict[str, Any] = {**result.pair._asdict(), **result._asdict()}
        lines.append(json.dumps({name: value for name, value in fields.items() if name != "pair"}))
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
