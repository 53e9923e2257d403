"""The README's table of defects by series and its picture of the matrix, both out of the ledger.

A green run says that the releases are as the ledger lists them, so neither
needs a run to be made, and both can be tested.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fixtures import corpus, documentation, whole_file
from tests.tools import ledger_file, release_table
from tests.tools.report import page
from tests.tools.report.defects import Defect, defects_of

README = corpus.PROJECT / "README.md"
PICTURE = corpus.PROJECT / ".github" / "pictures" / "matrix.svg"
COLLAPSE = "test_no_component_collapses"
KINDS = {
    "collapses": "a component collapses, or the fit raises",
    "other": "another known defect",
    "fixed": "fixed",
    "healthy": "healthy since 0.18.1",
}
TABLE = "defects"


def write() -> list[Path]:
    """Bring the table and the picture up to date; the files that were written."""
    readme = documentation.with_table(README.read_text(encoding="utf-8"), TABLE, table())
    for path, text in ((README, readme), (PICTURE, picture())):
        whole_file.write_text(path, text)
    return [README, PICTURE]


def table() -> str:
    """The Markdown table: on how many cases each series has each defect."""
    series = release_table.newest_of_series(release_table.read())
    rows = [["defect", "", *(release.series for release in series)]]
    for defect in _defects():
        numbers = [str(len(defect.cases[release.version]) or "") for release in series]
        rows.append([f"`{defect.name}`", f"[{defect.reference}]({defect.upstream})", *numbers])
    written = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([written[0], "| --- | --- |" + " ---: |" * len(series), *written[1:]])


def picture() -> str:
    """The SVG: what the ledger lists for each series, a row, and each case, a column."""
    template = page.templates().get_template("matrix.svg.jinja")
    return template.render(rows=_rows(), names=corpus.case_names(), legend=KINDS) + "\n"


def _rows() -> list[dict[str, Any]]:
    releases, defects = release_table.read(), _defects()
    series = {release.version for release in release_table.newest_of_series(releases)}
    names = corpus.case_names()
    broken_before: set[str] = set()
    rows = []
    for version in [release.version for release in releases]:
        listed = [(entry.check, entry.case) for one in defects for entry in one.entries if one.lists(entry, version)]
        collapses = {case for check, case in listed if check == COLLAPSE}
        broken = {case for _, case in listed}
        kinds = [
            "collapses" if name in collapses
            else "other" if name in broken
            else "fixed" if name in broken_before
            else "healthy"
            for name in names
        ]  # fmt: skip
        broken_before |= broken
        if version in series:
            rows.append({"version": version, "kinds": kinds})
    return rows


def _defects() -> list[Defect]:
    return defects_of(ledger_file.read(), [release.version for release in release_table.read()])
