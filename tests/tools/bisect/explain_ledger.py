"""Find what made each defect of the ledger begin and end; put it into the ledger and its table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from fixtures import corpus, documentation, whole_file
from fixtures.fault import Fault, one_of
from tests.support import ledger
from tests.support.ledger import BEGINS, COMPARISONS, NUMPY, Culprit
from tests.tools import ledger_file, release_environment, release_table
from tests.tools.bisect import release_search
from tests.tools.bisect.commit_search import Culprit as CommitCulprit
from tests.tools.bisect.commit_search import NoCulprit
from tests.tools.bisect.explanation import Cause, Explainer
from tests.tools.bisect.question import Answers, Question
from tests.tools.bisect.release_search import ReleaseChange
from tests.tools.bisect.result import UPSTREAM, ExplainedChange, ledger_item
from tests.tools.clone import Clone
from tests.tools.release_table import Release
from tests.workers.probe import PASSES

README = documentation.REFERENCE
TABLE = "culprits"
# For the plan: a search takes four where the culprit is a known one, and seven or so where not.
STEPS_OF_A_SEARCH = 5

Item = dict[str, Any]  # a culprit, as the ledger lists it


@dataclass(frozen=True)
class Boundary:
    """A release at which a defect begins or ends, for one check on one case."""

    defect: str
    change: str
    after: Release  # The first release that has it, or has it no longer
    question: Question


def boundaries(known: ledger.Ledger, releases: Sequence[Release], cases: set[str]) -> list[Boundary]:
    """What the ledger says begins or ends: of each defect, release and check, the first case that shows it.

    A case on which one listed defect follows another shows no change, and one
    whose data are not stored here may not be at hand.
    """
    found: dict[tuple[str, str, Release, str], Boundary] = {}
    for entry in known.entries:
        for change, after in _changes(entry, releases):
            other_side = releases[releases.index(after) - (change == BEGINS)]
            fails_there = any(
                (other.check, other.case) == (entry.check, entry.case) and other.covers(other_side.version)
                for other in known.entries
            )
            if entry.case in cases and not fails_there:
                # Where a check is not judged, there being nothing to judge yet, the defect is not there.
                question = Question(entry.case, (entry.check,), None, entry.check, not_judged=PASSES)
                boundary = Boundary(entry.defect, change, after, question)
                found.setdefault((entry.defect, change, after, entry.check), boundary)
    return sorted(found.values(), key=lambda item: (item.defect, item.change, Version(item.after.version)))


def _changes(entry: ledger.Entry, releases: Sequence[Release]) -> Iterator[tuple[str, Release]]:
    """Each change of an entry with the first release after it, but those before the first release of all."""
    for change, comparison in COMPARISONS.items():
        for specifier in SpecifierSet(entry.releases):
            since = [release for release in releases if Version(release.version) >= Version(specifier.version)]
            if specifier.operator == comparison and since and since[0] is not releases[0]:
                yield change, since[0]


def run(clone: Clone, defects: Sequence[str], *, write: bool, dry_run: bool) -> int:
    """Explain every change that the ledger lists, or those of some defects; 0 where each has a culprit."""
    known = ledger_file.read()
    _require_known(defects, known)
    releases = release_table.read()
    stored = set(corpus.case_names()) - set(corpus.names_with("published"))
    todo = [item for item in boundaries(known, releases, stored) if not defects or item.defect in defects]
    minutes = len(todo) * STEPS_OF_A_SEARCH * release_search.SECONDS_OF_A_STEP / 60
    print(f"plan: {len(todo)} searches over the commits between neighbouring releases, about {minutes:.0f} min")
    if dry_run:
        for boundary in todo:
            asked = boundary.question
            print(f"  {boundary.defect} {boundary.change} with {boundary.after.version}: {asked.name} on {asked.case}")
        return 0
    items: dict[str, list[Item]] = {}
    unexplained = 0
    for boundary, item in _explain(todo, releases, clone):
        listed = items.setdefault(boundary.defect, [])
        if item is None:
            unexplained += 1
        elif item not in listed:
            listed.append(item)
    if write:
        write_culprits(items)
    return 1 if unexplained else 0


def _require_known(defects: Sequence[str], known: ledger.Ledger) -> None:
    listed = {entry.defect for entry in known.entries}
    for defect in defects:
        if defect not in listed:
            raise Fault(f"the ledger has no defect {defect!r}; should be {one_of(listed, defect)}")


def _explain(
    todo: Sequence[Boundary], releases: Sequence[Release], clone: Clone
) -> Iterator[tuple[Boundary, Item | None]]:
    answers = Answers()
    culprits: dict[str, list[str]] = {}
    with release_environment.private_folder() as scratch:
        explainer = Explainer(clone, scratch, answers)
        for boundary in todo:
            asked, clock = boundary.question, answers.seconds
            ask = release_search.asker(asked, answers)
            before = releases[releases.index(boundary.after) - 1]
            older, newer = release_search.ask_all(ask, [before, boundary.after])
            if not (older.known and newer.known and asked.differs(older, newer)):
                raise Fault(
                    f"{asked.name} on {asked.case} {asked.words(older)} with {before.version} and"
                    f" {asked.words(newer)} with {boundary.after.version}; the ledger says that"
                    f" {boundary.defect} {boundary.change} there"
                )
            change = ReleaseChange(before, boundary.after, older, newer)
            suspects = culprits.setdefault(boundary.after.version, [])
            cause = explainer.explain(asked, change, suspects)
            if isinstance(cause, CommitCulprit) and cause.commit.id not in suspects:
                suspects.append(cause.commit.id)
            item = ledger_item(ExplainedChange(change, cause), boundary.change == BEGINS)
            _show(boundary, cause, item, answers.seconds - clock)
            yield boundary, item


def _show(boundary: Boundary, cause: Cause, item: Item | None, seconds: float) -> None:
    asked = boundary.question
    said = f"no culprit: {cause.reason}" if isinstance(cause, NoCulprit) else ""
    if item is not None:
        said = item.get("dependency") or f"{item['commit'][:10]} {item['title']}"
    print(
        f"{boundary.defect} {boundary.change} with {boundary.after.version}: {said}"
        f" ({asked.name} on {asked.case}, {seconds:.0f} s)",
        flush=True,
    )


def write_culprits(items: dict[str, list[Item]], path: Path = ledger.LEDGER, readme: Path = README) -> None:
    """Put culprits of some defects into the ledger, and those of all into the table."""
    content = json.loads(path.read_text(encoding="utf-8"))
    for defect in content["defects"]:
        if defect["id"] in items:
            defect.pop("culprits", None)
        if items.get(defect["id"]):
            defect["culprits"] = items[defect["id"]]
    text = documentation.with_table(readme.read_text(encoding="utf-8"), TABLE, table(content["defects"]))
    whole_file.write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    whole_file.write_text(readme, text)


def table(defects: Sequence[dict[str, Any]]) -> str:
    """The table of culprits, from the ledger's defects; one that changes only a part of a defect says which."""
    rows = ["| known defect | scikit-learn | culprit |", "| --- | --- | --- |"]
    for defect in defects:
        for culprit in [Culprit(defect["id"], **item) for item in defect.get("culprits", [])]:
            change = f"{culprit.change} with {culprit.release}{_part(defect, culprit)}"
            rows.append(f"| `{defect['id']}` | {change} | {_link(culprit)} |")
    return "\n".join(rows)


def _part(defect: dict[str, Any], culprit: Culprit) -> str:
    """What a culprit changes, where the defect is there on its other side too; empty where it changes all of it.

    What is there with arrays of other libraries alone is no other side: releases before 1.8 take none.
    """
    begins = culprit.change == BEGINS
    versions = [release.version for release in release_table.read()]
    before = ["0", *(version for version in versions if Version(version) < Version(culprit.release))]
    there = before[-1] if begins else culprit.release
    with_numpy = [found for found in defect["found"] if NUMPY in found.get("arrays", [NUMPY])]
    others = {case for found in with_numpy if there in SpecifierSet(found["releases"]) for case in found["cases"]}
    if not others:
        return ""
    changed = [found for found in defect["found"] if _changes_there(found["releases"], culprit)]
    checks, cases = {found["check"] for found in changed}, {case for found in changed for case in found["cases"]}
    of = f" for `{next(iter(checks))}`" if len(checks) == 1 and cases & others else ""
    if begins:
        return f"{of} on {_number(cases)}; {_number(others)} had it before"
    return f"{of} on {_number(cases)} only; **still present on {_number(others)}**"


def _changes_there(releases: str, culprit: Culprit) -> bool:
    bound = (COMPARISONS[culprit.change], Version(culprit.release))
    return bound in {(one.operator, Version(one.version)) for one in SpecifierSet(releases)}


def _number(cases: set[str]) -> str:
    """How many cases; those in float32 alone are called so, as their names do."""
    kind = "float32 " if all("float32" in case for case in cases) else ""
    return f"{len(cases)} {kind}case{'' if len(cases) == 1 else 's'}"


def _link(culprit: Culprit) -> str:
    if culprit.dependency:
        return f"{culprit.dependency}: no commit of scikit-learn"
    title = (culprit.title or "").replace("|", "\\|").replace("[", "\\[")
    place = f"pull/{culprit.pull_request}" if culprit.pull_request else f"commit/{culprit.commit}"
    return f"[`{(culprit.commit or '')[:10]}`]({UPSTREAM}/{place}), {culprit.date}: {title}"
