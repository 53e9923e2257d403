"""What a record keeps of a test beside how it ended: findings, and what the fits of its case left.

A record may come from anywhere, so all of it is checked before it is used.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fixtures import strict_json
from tests.support import findings, junit_format
from tests.support.findings import Finding

LARGEST = 1e100
PLACE, BOUNDS = "place", "lower_bounds"
COMPONENT = re.compile(r"component ([0-9]{1,6})")
# Of a chain each figure is named after the way and the frame.
OF_A_FRAME = re.compile(r"(explicit|warm_start) frame ([0-9]{1,6}) (.+)", flags=re.DOTALL)


@dataclass(frozen=True)
class RecordedFit:
    """What the record of a release keeps of the fit of a case, for a picture."""

    release: str
    place: str  # JSON of the property of that name, or nothing; so are the bounds
    lower_bounds: str
    states: dict[int, str]  # of each component that is not healthy


class Unreadable(ValueError):
    """A property that is not what the suite writes."""


def require_readable(properties: Mapping[str, str]) -> None:
    """Read all of a test's properties that are more than words.

    Raises
    ------
    Unreadable
        The first that is not what the suite writes.
    """
    for name, text in properties.items():
        framed = OF_A_FRAME.fullmatch(name)
        read = _reader(framed[3] if framed else name)
        if read is None:
            continue
        try:
            read(text)
        # Anything may stand where words and numbers should.
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise Unreadable(f"the property {name!r:.40}, which cannot be read ({reason:.100})") from None


def words(text: str) -> str:
    """Findings in words, at most as many as a record keeps; none for none."""
    found = findings.from_json(text)
    if len(found) > junit_format.MOST_FINDINGS:
        raise ValueError(f"{len(found)} findings; should be at most {junit_format.MOST_FINDINGS}")
    return textwrap.dedent("\n".join(findings.body(found))).strip("\n")


def component(text: str) -> Finding:
    """What became of a component."""
    return findings.from_item(strict_json.parse(text))


def place(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Means, (n_components, 2), and covariances, (n_components, 2, 2), that a fit gave in the plane of two features."""
    content = strict_json.parse(text)
    means, triangles = (_finite(content[name]) for name in ("means", "covariances"))
    return means.reshape(-1, 2), triangles.reshape(-1, 3)[:, [0, 1, 1, 2]].reshape(-1, 2, 2)


def lower_bounds(text: str) -> list[float]:
    """The lower bound at each step, as far as it is finite."""
    return [float(value) for value in _finite([one for one in strict_json.parse(text) if one is not None])]


def _finite(numbers: Any) -> np.ndarray:
    array = np.array(numbers, dtype=np.float64)
    # What is larger cannot be drawn: an axis takes squares of it.
    if not (np.abs(array) < LARGEST).all():
        raise ValueError(f"a number that is not finite, or {LARGEST:g} and more")
    return array


def _reader(name: str) -> Callable[[str], Any] | None:
    if COMPONENT.fullmatch(name):
        return lambda text: findings.of_component(component(text))
    return {junit_format.FINDINGS: words, PLACE: place, BOUNDS: lower_bounds}.get(name)
