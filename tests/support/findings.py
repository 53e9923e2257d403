"""Findings: what a broken promise carries, and the messages in words.

Records, the report and reductions are made from findings, too. A message says
what was seen, what should have been, where, and what to do next.

Runs inside old environments, and outside where there is no scikit-learn:
Python 3.6 syntax, numpy only.
"""

import json
from collections import Counter
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from fixtures import strict_json
from tests.support.states import DRAGGED, EMPTY, PINNED


class Finding(NamedTuple):
    """One thing that is not as promised."""

    what: str  # fitted attribute or method, like ``means_`` or ``predict_proba``
    seen: Any  # numbers, text, or nested lists of numbers
    should_be: Any
    aspect: str = ""  # what of it, where not the value: ``sum``, ``dtype``, ``shape``; or the type of what it raised
    tolerance: Optional[float] = None  # how far `seen` may be from `should_be`
    component: Optional[int] = None
    feature: Any = None  # a pair for an element of a covariance or precision matrix
    frame: Optional[int] = None  # its number in a chain
    way: Optional[str] = None  # how the case was replayed
    step: Optional[int] = None  # number of a single EM step, from 1
    state: Optional[str] = None  # what became of the component: see `diagnosis`
    evidence: Optional[Dict[str, Any]] = None  # what else was seen of the component, by name

    @property
    def kind(self) -> str:
        """What tells it from a finding of another kind, numbers and places aside."""
        return "{} {}".format(self.what, self.aspect).strip()


READ_MORE = "see 'How to read a failure' in README.md"
HEADLINES = {
    EMPTY: "no responsibility mass is left; it sits at the origin",
    DRAGGED: "its mean is outside the data, where no weighted mean can be",
    PINNED: "it is alive, and an eigenvalue of its covariance is reg_covar and nothing more",
}
NEEDED = {"what", "seen", "should_be"}
NOT_FINITE = ("nan", "inf", "-inf")


def raised(what: str, error: Any, should_be: str, **place: Any) -> Finding:
    """The finding that a call raised an exception, or what a replay keeps of one; its place is frame, way, step."""
    name = error.type if hasattr(error, "type") else type(error).__name__
    text = str(error) if hasattr(error, "type") else "{}: {}".format(name, error)
    return Finding(what, text, should_be, aspect=name, **place)


def place_in(name: str, index: Tuple[int, ...], covariance_type: str) -> Dict[str, Any]:
    """Component and feature of an element of a fitted attribute; matrices of the type ``tied`` have no component."""
    index = tuple(int(number) for number in index)
    shared = covariance_type == "tied" and not name.startswith(("weights", "means"))
    feature = index if shared else index[1:]
    place = {} if shared or not index else {"component": index[0]}  # type: Dict[str, Any]
    return dict(place, feature=feature[0] if len(feature) == 1 else feature) if feature else place


def as_json(findings: Sequence[Finding]) -> str:
    """Findings as a JSON text: what has no value is left out, what is not finite is a string."""
    return json.dumps([as_item(finding) for finding in findings], sort_keys=True)


def as_item(finding: Finding) -> Dict[str, Any]:
    """A finding as JSON can say it."""
    item = {name: _plain(value) for name, value in finding._asdict().items()}
    return {name: value for name, value in item.items() if name in NEEDED or value not in (None, "", {})}


def from_item(item: Dict[str, Any]) -> Finding:
    """The inverse of `as_item`; a ValueError where it is not what `as_item` gives."""
    if not isinstance(item, dict) or not NEEDED <= set(item) <= set(Finding._fields):
        raise ValueError("{!r:.60}; should be an object with {}".format(item, ", ".join(sorted(NEEDED))))
    return Finding(**{name: _restored(value) for name, value in item.items()})


def from_json(text: str) -> Tuple[Finding, ...]:
    """The inverse of `as_json`; a ValueError where it is not what `as_json` writes."""
    items = strict_json.parse(text)
    if not isinstance(items, list):
        raise ValueError("{!r:.60}; should be a list of findings".format(items))
    return tuple(from_item(item) for item in items)


def render(place: str, headline: str, findings: Sequence[Finding], what_to_do: str) -> str:
    """The message of a broken promise: the release and the case, what is wrong, and what the reader may do next."""
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
    within = "" if finding.tolerance is None else " within {:.3g}".format(finding.tolerance)
    return "{}seen {}; should be {}{}".format(_where(finding), _seen(finding), _value(finding.should_be), within)


def _where(finding: Finding) -> str:
    """The way, the frame and the step that a finding is of; empty for a case that is fitted once."""
    frame = None if finding.frame is None else "frame {}".format(finding.frame)
    step = None if finding.step is None else "step {}".format(finding.step)
    where = ", ".join(part for part in (finding.way, frame, step) if part)
    return where + ": " if where else ""


def of_component(finding: Finding) -> List[str]:
    """What became of a component that is not healthy, and where it came from, in lines."""
    evidence = finding.evidence or {}
    underflow = ": every responsibility underflows to 0" if evidence["underflows"] else ""
    # Pinned is no failure: nothing else should be.
    expected = ["    should be  {}".format(finding.should_be)] if finding.should_be else []
    covariance, started, nearest = (numbers(evidence[name]) for name in ("covariance", "started", "nearest_sample"))
    headline = HEADLINES[str(finding.state)]
    seen = "    seen       mean {}, covariance {}, mass {:.3g} samples"
    start = "    started    at {}; nearest sample {} at a Mahalanobis distance of {:.4g}"
    return [
        "  {}component {} is {}: {}".format(_where(finding), finding.component, finding.state, headline),
        seen.format(numbers(finding.seen), covariance, evidence["mass"]),
        *expected,
        start.format(started, nearest, evidence["nearest_distance"]),
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


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple, np.ndarray)):
        return numbers(value)
    return value if isinstance(value, str) else repr(value)


def _restored(value: Any) -> Any:
    """The inverse of `_plain` for what JSON has no number for."""
    if isinstance(value, list):
        return [_restored(item) for item in value]
    if isinstance(value, dict):
        return {name: _restored(item) for name, item in value.items()}
    return float(value) if value in NOT_FINITE else value


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, float) and not np.isfinite(value):
        return repr(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else repr(value)
