"""What the READMEs show of the ledger and of the checks, without a run: tables, and the picture of the matrix."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from fixtures import corpus, documentation, whole_file
from tests.support import check, ledger
from tests.support.check import COLLAPSE
from tests.tools import ledger_file, release_table
from tests.tools.report import page
from tests.tools.report.matrix import Defect, defects_of

README = corpus.PROJECT / "README.md"
REFERENCE = documentation.REFERENCE
PICTURE = corpus.PROJECT / ".github" / "pictures" / "matrix.svg"
KINDS = {
    "collapses": "a component collapses, or the fit raises", "other": "another known defect", "fixed": "fixed",
    "healthy": "healthy since 0.18.1",
}  # fmt: skip
TABLE = "defects"
PRESENT = "present"


def write() -> list[Path]:
    """Bring the tables and the picture up to date; the files that were written."""
    documentation.put_table(README, PRESENT, present())
    whole_file.write_text(REFERENCE, reference(REFERENCE.read_text(encoding="utf-8")))
    whole_file.write_text(PICTURE, picture())
    return [README, REFERENCE, PICTURE]


def present() -> str:
    """The short Markdown table: the defects that the newest release has."""
    newest = release_table.read()[-1].version
    rows = [f"| defect of {newest} | releases that have it: number of cases |", "| --- | --- |"]
    rows += [
        f"| `{defect.name}` | {_course(defect)} |"
        for defect in _defects()
        if defect.n_cases(newest) and not defect.libraries
    ]
    return "\n".join(rows)


def table() -> str:
    """The Markdown table: which releases have each defect, on how many cases, and whether the newest does."""
    newest = release_table.read()[-1].version
    rows = [f"| defect | upstream | releases that have it: number of cases | {newest} |", "| --- | --- | --- | --- |"]
    for defect in _defects():
        now = "**has it**" if defect.n_cases(newest) else "fixed" if any(defect.listed.values()) else "to come"
        rows.append(f"| `{defect.name}` | [{defect.reference}]({defect.upstream}) | {_course(defect)} | {now} |")
    return "\n".join(rows)


def _course(defect: Defect) -> str:
    """On how many cases it is seen, by ranges of releases, like ``1.7.0 to 1.7.2: 42; from 1.8.0 on: 35``."""
    parts, releases = [], list(defect.listed)
    for number, group in groupby(releases, key=defect.n_cases):
        versions = list(group)
        first, last = versions[0], versions[-1]
        if first == releases[0]:
            when = "every release" if last == releases[-1] else f"up to {last}"
        elif last == releases[-1]:
            when = f"from {first} on"
        else:
            when = f"{first} to {last}" if len(versions) > 1 else first
        parts += [f"{when}: {number}"] if number else []
    course = "; ".join(parts) or "no release yet"
    return f"with {defect.libraries}: {course}" if defect.libraries else course


def picture() -> str:
    """The SVG: what the ledger lists for each series, a row, and each case, a column."""
    template = page.templates().get_template("matrix.svg.jinja")
    return template.render(rows=_rows(), names=corpus.case_names(), legend=KINDS) + "\n"


def _rows() -> list[dict[str, Any]]:
    releases, defects = release_table.read(), _defects()
    series = {release.version for release in release_table.newest_of_series(releases)}
    names = corpus.case_names()
    kinds = dict.fromkeys(names, "healthy")
    rows = []
    for version in [release.version for release in releases]:
        of_numpy = [defect for defect in defects if not defect.libraries]
        listed = [(entry.check, entry.case) for defect in of_numpy for entry in defect.listed[version]]
        kinds = {name: "healthy" if kind == "healthy" else "fixed" for name, kind in kinds.items()}
        kinds |= {case: "other" for _, case in listed}
        kinds |= {case: "collapses" for check, case in listed if check == COLLAPSE}
        if version in series:
            rows.append({"version": version, "kinds": [kinds[name] for name in names]})
    return rows


def _defects() -> list[Defect]:
    return defects_of(ledger_file.read(), [release.version for release in release_table.read()])


def reference(text: str) -> str:
    """The text of tests/README.md with its tables of the checks and of the ledger made anew."""
    text = documentation.with_table(text, TABLE, table())
    text = documentation.with_table(text, "promises", promises(check.by_file()))
    return documentation.with_table(text, "not judged", not_judged(ledger_file.read().not_judged))


def promises(files: dict[str, list[check.Check]]) -> str:
    """The Markdown table of every check: what it promises, how its failure reads, and on which cases it runs."""
    rows = ["| check | what it promises | how its failure reads | runs on |", "| --- | --- | --- | --- |"]
    for file, checks in files.items():
        # The first paragraph of the file, without the word that opens it.
        promise = " ".join((sys.modules[f"tests.{file}"].__doc__ or "").partition("\n\n")[0].split()).partition(": ")[2]
        rows.append(f"| **`{file}.py`** | **{_cell(promise)}** | | |")
        for one in checks:
            upstream = f" ([#{one.upstream.rpartition('/')[2]}]({one.upstream}))" if one.upstream else ""
            rows.append(f"| `{one.name}` | {_cell(one.promise)}{upstream} | {_cell(one.headline)} | {_runs_on(one)} |")
    return "\n".join(rows)


def not_judged(entries: Iterable[ledger.Entry]) -> str:
    """The Markdown table of what the ledger lists as not judged: why, on which case, how many checks."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for entry in entries:
        found.setdefault((entry.summary, entry.case, entry.releases), set()).add(entry.check)
    if not found:
        return "Nothing is listed: every check is judged on every case that it runs on."
    rows = ["| case | releases | checks | why |", "| --- | --- | --- | --- |"]
    for (why, case, releases), checks in sorted(found.items()):
        which = f"{len(checks)} checks" if len(checks) > 2 else ", ".join(f"`{check}`" for check in sorted(checks))
        rows.append(f"| `{case}` | `{releases}` | {which} | {_cell(why)} |")
    return "\n".join(rows)


def _runs_on(one: check.Check) -> str:
    which = [f"{len(one.cases)} case{'s' if len(one.cases) > 1 else ''}"] if one.cases else []
    which += [need.words for need in one.needs]
    since = f"; from {one.since} on" if str(one.since) != "0.18" else ""
    return (", ".join(which) or "every case") + since + ("; more in its code" if one.only else "")


def _cell(text: str) -> str:
    return " ".join(text.replace("``", "`").replace("|", "\\|").split())
