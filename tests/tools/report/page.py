"""The page: all that it shows, put into one HTML file without outside references; and its summary in Markdown."""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2

from fixtures import corpus
from tests.support.check import Check
from tests.tools.peers import result
from tests.tools.peers.result import Measured
from tests.tools.report import matrix, pictures
from tests.tools.report.matrix import LEGEND, Defect, Matrix, Verdict
from tests.tools.report.records import Release, Runs

TEMPLATES = Path(__file__).resolve().parent / "templates"
RELEASE = "{release}"  # stands for the release in a text that is the same for several
MOST_FAULTS, MOST_REASONS = 20, 10  # of a summary
LONGEST = 160  # of a reason in it


@dataclass(frozen=True)
class Content:
    """What a page is made of."""

    runs: Runs
    matrix: Matrix
    defects: Sequence[Defect]
    pictures: Mapping[str, tuple[str, str]]  # SVG by case of its frame and its bounds; only where its data are at hand
    checks: Mapping[str, Check]
    course: str  # SVG of the fit time per iteration over the releases; nothing where it was not measured
    charts: Mapping[str, str]  # SVG of the fit times, by case
    remedies: dict[str, Any] | None  # what `nox -s remedies -- --json` wrote
    peers: Measured | None  # what `nox -s peers -- --write` wrote

    @functools.cached_property
    def verdict(self) -> Verdict:
        """The verdict on all runs."""
        return matrix.verdict(self.runs, self.matrix, self.defects)


def render(content: Content) -> str:
    """The text of the page."""
    cases = [_case(content, name) for name in content.matrix.states]
    text = templates().get_template("page.html.jinja").render(
        cases=cases, checks=_by_file(content), choices=_choices(cases), columns=content.matrix.versions,
        defects=content.defects, legend=LEGEND, matrix=content.matrix, newest=content.runs.newest.version,
        remedies=content.remedies, runs=content.runs, verdict=content.verdict, data=_embedded(_data(content, cases)),
        course=content.course, charts=content.charts, css=_source("page.css"), js=_source("page.js"),
        peers=content.peers, peers_head=result.HEAD, peers_rows=result.fates_rows(content.peers),
    )  # fmt: skip
    return pictures.with_shared_styles(text)


def templates() -> jinja2.Environment:
    """The templates, which escape all but what they mark as safe: files of this package, and what matplotlib drew."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def _case(content: Content, name: str) -> dict[str, Any]:
    description = corpus.read_description(corpus.CASES / name)
    files, settings = description["files"], description["settings"]
    frames = [entry for file_name, entry in sorted(files.items()) if file_name.startswith("frame")]
    samples, features = frames[-1]["shape"]
    picture, bounds = content.pictures.get(name, ("", ""))
    return {
        "name": name, "title": description["title"], "flags": description["flags"], "settings": settings,
        "kind": settings["covariance_type"], "dtype": frames[0]["dtype"], "frames": len(frames), "samples": samples,
        "features": features, "components": files["means.npy"]["shape"][0], "cells": content.matrix.cells(name),
        "picture": picture, "bounds": bounds, "broken": _broken(content, name),
    }  # fmt: skip


def _broken(content: Content, name: str) -> list[tuple[str, str, str]]:
    """Checks that do not simply pass: (check, word of the state, stretch of releases)."""
    return [
        (check, LEGEND[state][0], matrix.stretches(content.matrix.versions, row, state))
        for check, row in content.matrix.states[name].items()
        for state in matrix.WORST_FIRST
        if state in row and state not in (matrix.HEALTHY, matrix.NOT_RUN, matrix.SKIPPED)
    ]


def _by_file(content: Content) -> dict[str, dict[str, list[str]]]:
    """What is known of each check that was run, by its file and its name."""
    files: dict[str, dict[str, list[str]]] = {}
    for name, promise in content.matrix.promises.items():
        file = files.setdefault(promise.removeprefix("test_").replace("_", " "), {})
        file[name] = _known(content.checks.get(name))
    return files


def _known(check: Check | None) -> list[str]:
    """Promise without marks of code, headline and upstream; nothing of a check that is not here any more."""
    return ["", "", ""] if check is None else [check.promise.replace("``", ""), check.headline, check.upstream]


def _choices(cases: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    flags = sorted({flag for case in cases for flag in case["flags"]})
    kinds, dtypes = (sorted({case[name] for case in cases}) for name in ("kind", "dtype"))
    return {"flag": flags, "covariance type": kinds, "dtype": dtypes}


def _data(content: Content, cases: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the page's script reads: short, because it is most of the page."""
    seen, releases = content.matrix, content.runs.releases
    names, checks = list(seen.states), list(seen.promises)
    texts: dict[str, int] = defaultdict(lambda: len(texts))  # numbered: the same words in many releases are one text
    return {
        "releases": seen.versions,
        "about": [[case["kind"], case["dtype"], case["flags"]] for case in cases],
        "known": [_known(content.checks.get(check)) for check in checks],
        "cases": names, "checks": checks, "promises": list(seen.promises.values()),
        "states": [[seen.states[name].get(check, "") for check in checks] for name in names],
        "legend": {letter: [word, sign] for letter, (word, sign, _) in LEGEND.items()},
        "worst": "".join(matrix.WORST_FIRST),
        "defects": [[defect.name, defect.upstream, defect.reference] for defect in content.defects],
        "listed": [_listed(content, name, checks) for name in names],
        "seen": [_seen(releases, checks, name, texts) for name in names],
        "fits": [[texts[_figures(release.properties_of(name))] for release in releases] for name in names],
        "texts": list(texts),
    }  # fmt: skip


def _listed(content: Content, name: str, checks: Sequence[str]) -> list[list[Any]]:
    """For a case ``[check, defect, releases]``: which defect explains a check in which releases, as numbers."""
    return [
        [
            checks.index(entry.check),
            number,
            "".join("01"[entry in defect.listed[one]] for one in content.matrix.versions),
        ]
        for number, defect in enumerate(content.defects)
        for entry in defect.entries
        if entry.case == name and entry.check in checks
    ]


def _seen(releases: Sequence[Release], checks: Sequence[str], case: str, texts: dict[str, int]) -> list[list[Any]]:
    """For a case ``[check, [text, how many releases], ...]``: the number of what was found, -1 for nothing."""
    found = [[_text(release, check, case, texts) for release in releases] for check in checks]
    return [
        [number, *([text, len(list(stretch))] for text, stretch in groupby(row))]
        for number, row in enumerate(found)
        if max(row) >= 0
    ]


def _text(release: Release, check: str, case: str, texts: dict[str, int]) -> int:
    result = release.results.get((check, case))
    if result is None or not result.text:
        return -1
    return texts[result.text.strip().replace(f"scikit-learn {release.version}", f"scikit-learn {RELEASE}")]


def _figures(properties: Mapping[str, str]) -> str:
    """Figures of a fit in words."""
    if "error" in properties:
        return f"the fit raised {properties['error']}"
    if "n_iter" not in properties:
        return ""
    ended = "converged" if properties.get("converged") == "True" else "did not converge"
    bound, seconds = (_digits(properties.get(name, ""), n) for name, n in (("lower_bound", 8), ("fit_seconds", 2)))
    return f"{properties['n_iter']} iterations, {ended}, lower bound {bound}, {seconds} s in fit"


def _digits(number: str, digits: int) -> str:
    try:
        return f"{float(number):.{digits}g}"
    except ValueError:
        return number or "unknown"


def _embedded(data: dict[str, Any]) -> str:
    """JSON that nothing in it can end the script element of."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def summary(content: Content) -> str:
    """The verdict, the defects by release, and what is not as the ledger says, for a page with room for ten lines."""
    seen, judged = content.matrix, content.verdict
    lines = [f"## {judged.sentence}", ""]
    rows = []
    for defect in content.defects:
        numbers = [matrix.cases_showing(defect, seen, number) for number in range(len(seen.versions))]
        if any(numbers):
            rows.append(f"| [{defect.name}]({defect.upstream}) | {' | '.join(str(one or '') for one in numbers)} |")
    if rows:
        head = [f"| defect | {' | '.join(seen.versions)} |", "| --- |" + " ---: |" * len(seen.versions)]
        lines += ["Cases that show each known defect:", "", *head, *rows, ""]
    faults = [
        f"{LEGEND[state][0]}: `{check}[{case}]` with {matrix.stretches(seen.versions, row, state)}"
        for state in matrix.RED
        for case, of_case in seen.states.items()
        for check, row in of_case.items()
        if state in row
    ]
    lines += _first(faults, MOST_FAULTS)
    if judged.not_judged:
        reasons = [f"{one.tests} with {one.releases}: {_one_line(one.text)}" for one in judged.not_judged]
        lines += [*([""] if faults else []), "Checks on cases that are not judged:", "", *_first(reasons, MOST_REASONS)]
    return "\n".join(lines).rstrip() + "\n"


def _first(points: list[str], most: int) -> list[str]:
    left = len(points) - most
    return [f"- {point}" for point in points[:most]] + ([f"- and {left} more: see the report"] if left > 0 else [])


def _one_line(text: str) -> str:
    """A reason may hold all that a fit raised; nothing of it is markup."""
    words = " ".join(text.split()).replace("`", "'")
    return f"`{words if len(words) <= LONGEST else words[: LONGEST - 4] + ' ...'}`"
