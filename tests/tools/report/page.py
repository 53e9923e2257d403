"""The page: everything that it shows, put into one HTML file without outside references."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from fixtures import corpus
from tests.support.check import Check
from tests.tools.report import evidence, matrix, svg
from tests.tools.report.defects import Defect
from tests.tools.report.matrix import LEGEND, Matrix
from tests.tools.report.pictures import Pictures
from tests.tools.report.runs import Runs
from tests.tools.report.verdict import Verdict, verdict

TEMPLATES = Path(__file__).resolve().parent / "templates"
NO_PICTURES = Pictures("", "")


@dataclass(frozen=True)
class Content:
    """What a page is made of."""

    runs: Runs
    matrix: Matrix
    defects: Sequence[Defect]
    pictures: Mapping[str, Pictures]  # by case; a case whose data are not at hand has none
    checks: Mapping[str, Check]
    course: str  # SVG of the fit time per iteration over the releases; nothing where it was not measured
    charts: Mapping[str, str]  # SVG of the fit times, by case
    remedies: dict[str, Any] | None  # what `nox -s remedies -- --json` wrote


def render(content: Content) -> str:
    """The text of the page."""
    cases = [_case(content, name) for name in content.matrix.states]
    text = templates().get_template("page.html.jinja").render(
        cases=cases, checks=_by_file(content), choices=_choices(cases), columns=content.matrix.versions,
        defects=content.defects, legend=LEGEND, matrix=content.matrix, newest=content.runs.newest.version,
        remedies=content.remedies, runs=content.runs, verdict=judge(content), data=_embedded(_data(content, cases)),
        course=content.course, charts=content.charts, css=_source("page.css"), js=_source("page.js"),
    )  # fmt: skip
    return svg.with_shared_styles(text)


def judge(content: Content) -> Verdict:
    """The verdict on all runs."""
    return verdict(content.runs, content.matrix, content.defects)


def templates() -> jinja2.Environment:
    """The templates, which escape all but what they mark as safe: files of this package, and what matplotlib drew."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def _case(content: Content, name: str) -> dict[str, Any]:
    description = corpus.read_description(corpus.CASES / name)
    files = description["files"]
    frames = [entry for file_name, entry in sorted(files.items()) if file_name.startswith("frame")]
    samples, features = frames[-1]["shape"]
    pictures = content.pictures.get(name, NO_PICTURES)
    return {
        "name": name,
        "title": description["title"],
        "flags": description["flags"],
        "settings": description["settings"],
        "kind": description["settings"]["covariance_type"],
        "dtype": frames[0]["dtype"],
        "frames": len(frames),
        "samples": samples,
        "features": features,
        "components": files["means.npy"]["shape"][0],
        "cells": content.matrix.cells(name),
        "picture": pictures.frame,
        "bounds": pictures.bounds,
        "broken": _broken(content, name),
    }


def _broken(content: Content, name: str) -> list[tuple[str, str, str]]:
    """Checks that do not simply pass: (check, word of the state, stretch of releases)."""
    rows = []
    for check, row in content.matrix.states[name].items():
        for state in matrix.WORST_FIRST:
            if state in row and state not in (matrix.HEALTHY, matrix.NOT_RUN, matrix.SKIPPED):
                rows.append((check, LEGEND[state][0], matrix.stretches(content.matrix.versions, row, state)))
    return rows


def _by_file(content: Content) -> dict[str, dict[str, list[str]]]:
    """What is known of each check that was run, by its file and its name."""
    files: dict[str, dict[str, list[str]]] = {}
    for name, promise in content.matrix.promises.items():
        file = files.setdefault(promise.removeprefix("test_").replace("_", " "), {})
        file[name] = _known(content.checks.get(name))
    return files


def _choices(cases: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    return {
        "flag": sorted({flag for case in cases for flag in case["flags"]}),
        "covariance type": sorted({case["kind"] for case in cases}),
        "dtype": sorted({case["dtype"] for case in cases}),
    }


def _data(content: Content, cases: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the page's script reads: short, because it is most of the page."""
    names, checks = list(content.matrix.states), list(content.matrix.promises)
    texts = evidence.Texts()
    return {
        "releases": content.matrix.versions,
        "about": [[case["kind"], case["dtype"], case["flags"]] for case in cases],
        "known": [_known(content.checks.get(check)) for check in checks],
        "cases": names,
        "checks": checks,
        "promises": list(content.matrix.promises.values()),
        "states": [[content.matrix.states[name].get(check, "") for check in checks] for name in names],
        "legend": {letter: [word, sign] for letter, (word, sign, _) in LEGEND.items()},
        "worst": "".join(matrix.WORST_FIRST),
        "defects": [[defect.name, defect.upstream, defect.reference] for defect in content.defects],
        "listed": [_listed(content, name, checks) for name in names],
        "seen": evidence.seen(content.runs, checks, names, texts),
        "fits": evidence.fits(content.runs, names, texts),
        "texts": list(texts),
    }


def _known(check: Check | None) -> list[str]:
    """Promise without marks of code, headline and upstream; nothing of a check that is not here any more."""
    return ["", "", ""] if check is None else [check.promise.replace("``", ""), check.headline, check.upstream]


def _listed(content: Content, name: str, checks: Sequence[str]) -> list[list[Any]]:
    """For a case ``[check, defect, releases]``: which defect explains a check in which releases, as numbers."""
    return [
        [checks.index(entry.check), number, "".join("01"[defect.lists(entry, one)] for one in content.matrix.versions)]
        for number, defect in enumerate(content.defects)
        for entry in defect.entries
        if entry.case == name and entry.check in checks
    ]


def _embedded(data: dict[str, Any]) -> str:
    """JSON that nothing in it can end the script element of."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
