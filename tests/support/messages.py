"""Messages: findings in words. What was seen, what should have been, where, and what to do next.

Runs inside old environments, and outside where there is no scikit-learn:
Python 3.6 syntax, numpy only.
"""

from collections import Counter
from typing import Any, List, Sequence

import numpy as np

from tests.support.findings import Finding
from tests.support.states import DRAGGED, EMPTY, PINNED

READ_MORE = "see 'How to read a failure' in README.md"
HEADLINES = {
    EMPTY: "no responsibility mass is left; it sits at the origin",
    DRAGGED: "its mean is outside the data, where no weighted mean can be",
    PINNED: "it is alive, and an eigenvalue of its covariance is reg_covar and nothing more",
}


def render(place: str, headline: str, findings: Sequence[Finding], what_to_do: str) -> str:
    """The message of a broken promise.

    Parameters
    ----------
    place : str
        The release and the case.
    headline : str
        What is wrong, in a few words.
    findings : sequence of Finding
    what_to_do : str
        What the reader may do next.
    """
    if all(_is_of_a_raise(finding) for finding in findings):
        headline = "the call raised"  # and there is nothing that the check's own words are about
    states = Counter("{} {}".format(finding.component, finding.state) for finding in findings if finding.state)
    lines = ["{}: {}{}".format(place, headline, " ({})".format(", ".join(states)) if states else "")]
    lines += body(findings)
    return "\n".join([*lines, *([""] if states else []), "what to do: {}; {}".format(what_to_do, READ_MORE)])


def body(findings: Sequence[Finding]) -> List[str]:
    """What was found, in lines: all of a message but its place, its headline and what to do."""
    lines: List[str] = []
    for finding in findings:
        lines += ["", *of_component(finding)] if finding.state else ["  " + sentence(finding)]
    return lines


def sentence(finding: Finding) -> str:
    """A finding on one line."""
    where = where_of(finding)
    return "{}seen {}; should be {}{}".format(
        where + ": " if where else "", _seen(finding), _value(finding.should_be), _within(finding)
    )


def where_of(finding: Finding) -> str:
    """The way, the frame and the step that a finding is of; empty for a case that is fitted once."""
    frame = None if finding.frame is None else "frame {}".format(finding.frame)
    step = None if finding.step is None else "step {}".format(finding.step)
    return ", ".join(part for part in (finding.way, frame, step) if part)


def of_component(finding: Finding) -> List[str]:
    """What became of a component that is not healthy, and where it came from, in lines."""
    evidence = finding.evidence or {}
    where = where_of(finding)
    underflow = ": every responsibility underflows to 0" if evidence["underflows"] else ""
    # Pinned is no failure: nothing else should be.
    expected = ["    should be  {}".format(finding.should_be)] if finding.should_be else []
    return [
        "  {}component {} is {}: {}".format(
            where + ": " if where else "", finding.component, finding.state, HEADLINES[str(finding.state)]
        ),
        "    seen       mean {}, covariance {}, mass {:.3g} samples".format(
            numbers(finding.seen), numbers(evidence["covariance"]), evidence["mass"]
        ),
        *expected,
        "    started    at {}; nearest sample {} at a Mahalanobis distance of {:.4g}".format(
            numbers(evidence["started"]), numbers(evidence["nearest_sample"]), evidence["nearest_distance"]
        ),
        "    first E-step  log mass {:.6g}{}".format(evidence["log_mass"], underflow),
    ]


def numbers(array: Any, digits: int = 6) -> str:
    """An array on one line, like ``(314, 173.5)``."""
    array = np.asarray(array)
    if array.ndim == 0:
        return "{:.{}g}".format(float(array), digits)
    return "({})".format(", ".join(numbers(row, digits) for row in array))


def _seen(finding: Finding) -> str:
    """What was seen, with what it is of."""
    if _is_of_a_raise(finding):
        return "{} from {}".format(finding.seen, finding.what)
    named = finding.what + (" ({})".format(finding.aspect) if finding.aspect else "")
    of = [] if finding.component is None else ["component {}".format(finding.component)]
    if finding.feature is not None:
        of.append("feature {}".format(finding.feature if np.ndim(finding.feature) == 0 else tuple(finding.feature)))
    return "{}{} {}".format(named, " of {}".format(", ".join(of)) if of else "", _value(finding.seen))


def _is_of_a_raise(finding: Finding) -> bool:
    return bool(finding.aspect) and str(finding.seen).startswith(finding.aspect + ":")


def _within(finding: Finding) -> str:
    return "" if finding.tolerance is None else " within {:.3g}".format(finding.tolerance)


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple, np.ndarray)):
        return numbers(value)
    return value if isinstance(value, str) else repr(value)
