"""What tests/README.md shows of the checks and of the ledger: what is promised, and what cannot be judged."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from fixtures import documentation
from tests.support import check, ledger
from tests.tools import ledger_file

PAGE = documentation.REFERENCE
PROMISES = "promises"
NOT_JUDGED = "not judged"


def with_tables(text: str) -> str:
    """The page's text with its tables of checks and of the ledger made anew."""
    tables = {PROMISES: promises(check.by_file()), NOT_JUDGED: not_judged(ledger_file.read().not_judged)}
    for name, table in tables.items():
        text = documentation.with_table(text, name, table)
    return text


def promises(files: dict[str, list[check.Check]]) -> str:
    """The Markdown table of every check: what it promises, how its failure reads, and on which cases it runs."""
    rows = ["| check | what it promises | how its failure reads | runs on |", "| --- | --- | --- | --- |"]
    for file, checks in files.items():
        rows.append(f"| **`{file}.py`** | **{_promise_of(file)}** | | |")
        rows += [
            f"| `{one.name}` | {_cell(one.promise)}{_upstream(one)} | {_cell(one.headline)} | {_runs_on(one)} |"
            for one in checks
        ]
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


def _promise_of(file: str) -> str:
    """The first paragraph of a file of checks, without the word that opens it."""
    words = " ".join((sys.modules[f"tests.{file}"].__doc__ or "").partition("\n\n")[0].split())
    return _cell(words.partition(": ")[2])


def _upstream(one: check.Check) -> str:
    return f" ([#{one.upstream.rpartition('/')[2]}]({one.upstream}))" if one.upstream else ""


def _runs_on(one: check.Check) -> str:
    which = [f"{len(one.cases)} case{'s' if len(one.cases) > 1 else ''}"] if one.cases else []
    which += [need.words for need in one.needs]
    said = ", ".join(which) or "every case"
    said += f"; from {one.since} on" if str(one.since) != "0.18" else ""
    return said + ("; more in its code" if one.only else "")


def _cell(text: str) -> str:
    return " ".join(text.replace("``", "`").replace("|", "\\|").split())
