"""What each run saw of each case, kept once: the same words in many releases are one text."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from tests.support.replay import EXPLICIT
from tests.tools.report import recorded
from tests.tools.report.recorded import RecordedFit
from tests.tools.report.runs import Release, Runs

# Stands for the release in a text that is the same for several.
RELEASE = "{release}"
OF_A_FIT = ("n_iter", "converged", "lower_bound", "fit_seconds")


class Texts(dict[str, int]):
    """The number of each text, in order; a text that is looked up gets one."""

    def __missing__(self, text: str) -> int:
        return self.setdefault(text, len(self))


def seen(runs: Runs, checks: Iterable[str], cases: Iterable[str], texts: Texts) -> list[list[Any]]:
    """What was found by each check on each case, by release.

    For each case a list of ``[check, [text, releases], ...]``: the number of
    the check, and for each stretch of releases the number of its text, -1 for
    nothing, and how many they are.
    """
    numbered = list(enumerate(checks))
    rows = []
    for case in cases:
        row = []
        for number, check in numbered:
            found = [_text(release, check, case, texts) for release in runs.releases]
            if any(text >= 0 for text in found):
                row.append([number, *([text, len(list(stretch))] for text, stretch in groupby(found))])
        rows.append(row)
    return rows


def fits(runs: Runs, cases: Iterable[str], texts: Texts) -> list[list[int]]:
    """Figures of the last explicit fit of each case with each release, as texts: see `OF_A_FIT`."""
    return [[texts[_figures(properties_of(release, case))] for release in runs.releases] for case in cases]


def recorded_fit(release: Release, case: str) -> RecordedFit:
    """What the record of a release keeps of the fit of a case, for a picture."""
    properties = properties_of(release, case)
    named = {recorded.COMPONENT.fullmatch(name): text for name, text in properties.items()}
    states = {int(match[1]): str(recorded.component(text).state) for match, text in named.items() if match}
    return RecordedFit(release.version, properties.get(recorded.PLACE, ""), properties.get(recorded.BOUNDS, ""), states)


def properties_of(release: Release, case: str) -> dict[str, str]:
    """What the checks recorded of a case; of a chain, of the last explicit fit."""
    merged: dict[str, str] = {}
    for result in release.by_case.get(case, []):
        merged.update(result.properties)
    framed = [(match, text) for name, text in merged.items() if (match := recorded.OF_A_FRAME.fullmatch(name))]
    explicit = [(int(match[2]), match[3], text) for match, text in framed if match[1] == EXPLICIT]
    last = max((frame for frame, _, _ in explicit), default=None)
    return merged | {name: text for frame, name, text in explicit if frame == last}


def _text(release: Release, check: str, case: str, texts: Texts) -> int:
    result = release.results.get((check, case))
    if result is None or not result.text:
        return -1
    return texts[result.text.strip().replace(f"scikit-learn {release.version}", f"scikit-learn {RELEASE}")]


def _figures(properties: dict[str, str]) -> str:
    if "error" in properties:
        return f"the fit raised {properties['error']}"
    if "n_iter" not in properties:
        return ""
    n_iter, converged, bound, seconds = (properties.get(name, "") for name in OF_A_FIT)
    ended = "converged" if converged == "True" else "did not converge"
    return f"{n_iter} iterations, {ended}, lower bound {_digits(bound, 8)}, {_digits(seconds, 2)} s in fit"


def _digits(number: str, digits: int) -> str:
    try:
        return f"{float(number):.{digits}g}"
    except ValueError:
        return number or "unknown"
