"""Mutate scikit-learn's mixture code: which mutants this suite kills, and which scikit-learn's own tests do.

What has been tried is kept in results/mutants/: a run that was stopped goes on.

Examples
--------
  nox -s mutants -- --dry-run                     how many mutants there are, and where
  nox -s mutants -- --sample 50                   some, drawn at random from a fixed seed
  nox -s mutants -- --function _flipudlr          those of one function
  nox -s mutants -- --operators statements        those of the second set of operators only
  nox -s mutants -- --write                       all, and put the figures into tests/README.md
"""

from __future__ import annotations

import argparse
import functools
import os
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from fixtures import command_line
from fixtures.corpus import PROJECT
from fixtures.fault import Fault, one_of
from tests.tools import release_environment, release_table
from tests.tools.mutants import detection_power, trials
from tests.tools.mutants.enumeration import SETS, Mutant, mutants_of
from tests.tools.mutants.trials import OURS, THEIRS, TITLES, Result

RESULTS = PROJECT / "results" / "mutants"


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.parser("mutants", __doc__)
    add = parser.add_argument
    add("--release", metavar="VERSION", help="release to mutate (default: the newest)")
    add("--sample", metavar="N", type=_positive, help="try so many only, drawn at random")
    add("--seed", metavar="S", type=int, default=0, help="seed of the draw (default: 0)")
    add("--function", metavar="NAME", action="append", help="try those of one function; may be repeated")
    add("--operators", choices=SETS, action="append", help="mutants of one set of operators only (default: of both)")
    add("--suite", choices=TITLES, action="append", help="try one suite only (default: both)")
    add("--all-cases", action="store_true", help="try this suite on large cases too, which takes longer")
    add("--jobs", metavar="N", type=_positive, default=os.cpu_count() or 1, help="how many at a time")
    add("--fresh", action="store_true", help="try again what has been tried")
    add("--dry-run", action="store_true", help="list the mutants and try none")
    add("--write", action="store_true", help="put a whole run into tests/measured/ and tests/README.md")
    options = parser.parse_args(words)
    some = options.sample or options.function or options.operators or options.suite
    if options.write and (some or options.dry_run):
        without = "--sample, --function, --operators, --suite"
        raise Fault(f"--write is for the figures of a whole run; should come without {without}")
    return options


def _positive(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{word} is too small; should be 1 or more")
    return number


@command_line.command("what has been tried is kept, and the same command goes on")
def main(words: Sequence[str] | None = None) -> int:
    options = _arguments(words)
    if not hasattr(os, "fork"):
        raise Fault("this system cannot fork, by which mutants are tried; should be Linux or macOS")
    why = detection_power.read_explanations()
    release = release_environment.find(options.release or release_table.read()[-1].version)
    if release.version != why.release:
        raise Fault(
            f"{detection_power.EXPLANATIONS.name} explains the mutants of scikit-learn {why.release}, and"
            f" {release.version} was asked for; should be the same (change it there, and run again)"
        )
    python = release_environment.make(release)
    package = release_environment.packages_of(python) / "sklearn" / "mixture"
    sources = {file: (package / file).read_text(encoding="utf-8") for file in trials.FILES}
    sets = {
        which: [mutant for file, source in sources.items() for mutant in mutants_of(file, source, which)]
        for which in SETS
    }
    every = [mutant for mutants in sets.values() for mutant in mutants]
    wanted = [mutant for which in options.operators or SETS for mutant in sets[which]]
    chosen = _choose(detection_power.in_scope(wanted, why), options)
    if options.dry_run:
        for mutant in chosen:
            print(f"{mutant.file}:{mutant.line} {mutant.function}: `{mutant.original}` -> `{mutant.mutated}`")
        print(f"{len(chosen)} mutants would be tried, of {len(every)} in all; in:")
        for (file, function), number in Counter((mutant.file, mutant.function) for mutant in chosen).items():
            print(f"{number:5d}  {file} {function}")
        return 0
    results = _try(chosen, options, python, sources, release.version)
    return _report(options, chosen, sets, results, why)


def _choose(mutants: list[Mutant], options: argparse.Namespace) -> list[Mutant]:
    if options.function:
        names = [{mutant.function, mutant.function.rpartition(".")[2]} for mutant in mutants]
        if unknown := set(options.function).difference(*names):
            first = min(unknown)
            raise Fault(f"no mutant in scope is in {first!r}; should be in {one_of(set().union(*names), first)}")
        mutants = [mutant for mutant, own in zip(mutants, names, strict=True) if own & set(options.function)]
    if options.sample and options.sample < len(mutants):
        drawn = set(random.Random(options.seed).sample(range(len(mutants)), options.sample))  # noqa: S311
        mutants = [mutant for number, mutant in enumerate(mutants) if number in drawn]
    return mutants


def _try(
    mutants: Sequence[Mutant], options: argparse.Namespace, python: Path, sources: dict[str, str], release: str
) -> dict[str, dict[str, Result]]:
    results = {}
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    for suite in options.suite or TITLES:
        name = f"{suite}-all-cases" if options.all_cases and suite == OURS else suite
        state = trials.state_of(release, sources, trials.OUR_FILES if suite == OURS else ())
        tried = trials.Tried(RESULTS / f"{name}.jsonl", state, afresh=options.fresh)
        with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
            done = sum(mutant.identity() in tried.results for mutant in mutants)
            task = bar.add_task(TITLES[suite], total=len(mutants), completed=done)
            trials.run(
                suite, mutants, python, sources, tried, jobs=options.jobs, all_cases=options.all_cases,
                progress=functools.partial(bar.update, task),
            )  # fmt: skip
        results[suite] = tried.results
    return results


def _report(
    options: argparse.Namespace, mutants: list[Mutant], sets: dict[str, list[Mutant]],
    results: dict[str, dict[str, Result]], why: detection_power.Explanations,
) -> int:  # fmt: skip
    """Print how many mutants each suite kills, and whether the explanations agree; the exit code."""
    if set(results) == set(TITLES):
        counts = {
            which: detection_power.figures([one for one in mutants if one in made], results, why)
            for which, made in ((which, set(made)) for which, made in sets.items())
        }
        print(detection_power.table(detection_power.of_all_sets(counts)))
        for which in options.operators or SETS:
            print(detection_power.sentence(why.release, counts[which], which))
    suite = OURS if OURS in results else THEIRS
    survivors = [mutant for mutant in mutants if results[suite][mutant.identity()].killed_by is None]
    print(f"{TITLES[suite]}: {len(mutants) - len(survivors)} of {len(mutants)} mutants killed")
    every = [mutant for made in sets.values() for mutant in made]
    found = detection_power.faults(mutants, survivors, every, why) if suite == OURS else []
    for line in found:
        print(line, file=sys.stderr)
    if found:
        print(f"{len(found)} faults; should fix the suite, or {detection_power.EXPLANATIONS.name}", file=sys.stderr)
        return 1
    if options.write:
        detection_power.write(why.release, counts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
