"""Findings: what a broken promise carries. Messages, records, the report and reductions are made from them.

Runs inside old environments, and outside where there is no scikit-learn:
Python 3.6 syntax, numpy only.
"""

import json
from typing import Any, Dict, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from fixtures import strict_json


class Finding(NamedTuple):
    """One thing that is not as promised.

    Attributes
    ----------
    what : str
        Fitted attribute or method, like ``means_`` or ``predict_proba``.
    seen, should_be : object
        Numbers, text, or nested lists of numbers.
    aspect : str
        What of it, where it is not the value itself: ``sum``, ``dtype``,
        ``shape``; or the type of an exception that it raised.
    tolerance : float or None
        How far `seen` may be from `should_be`.
    component : int or None
    feature : int, tuple of int or None
        A pair for an element of a covariance or precision matrix.
    frame : int or None
        Number of the frame of a chain.
    way : str or None
        How the case was replayed.
    step : int or None
        Number of a single EM step, from 1.
    state : str or None
        What became of the component: see `diagnosis`.
    evidence : dict
        What else was seen of the component, by name.
    """

    what: str
    seen: Any
    should_be: Any
    aspect: str = ""
    tolerance: Optional[float] = None
    component: Optional[int] = None
    feature: Any = None
    frame: Optional[int] = None
    way: Optional[str] = None
    step: Optional[int] = None
    state: Optional[str] = None
    evidence: Optional[Dict[str, Any]] = None

    @property
    def kind(self) -> str:
        """What tells it from a finding of another kind, numbers and places aside."""
        return "{} {}".format(self.what, self.aspect).strip()


NEEDED = {"what", "seen", "should_be"}
NOT_FINITE = ("nan", "inf", "-inf")


def raised(what: str, error: Any, should_be: str, **place: Any) -> Finding:
    """The finding that a call raised.

    Parameters
    ----------
    what : str
    error : Raised or Exception
    should_be : str
    **place
        Where: frame, way, step.
    """
    name = error.type if hasattr(error, "type") else type(error).__name__
    text = str(error) if hasattr(error, "type") else "{}: {}".format(name, error)
    return Finding(what, text, should_be, aspect=name, **place)


def place_in(name: str, index: Tuple[int, ...], covariance_type: str) -> Dict[str, Any]:
    """Component and feature of an element of a fitted attribute.

    Parameters
    ----------
    name : str
        Of the attribute; matrices of the type ``tied`` belong to all components.
    index : tuple of int
    covariance_type : {'full', 'tied', 'diag', 'spherical'}
    """
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
    """The inverse of `as_item`.

    Raises
    ------
    ValueError
        It is not what `as_item` gives.
    """
    if not isinstance(item, dict) or not NEEDED <= set(item) <= set(Finding._fields):
        raise ValueError("{!r:.60}; should be an object with {}".format(item, ", ".join(sorted(NEEDED))))
    return Finding(**{name: _restored(value) for name, value in item.items()})


def from_json(text: str) -> Tuple[Finding, ...]:
    """The inverse of `as_json`.

    Raises
    ------
    ValueError
        It is not what `as_json` writes.
    """
    items = strict_json.parse(text)
    if not isinstance(items, list):
        raise ValueError("{!r:.60}; should be a list of findings".format(items))
    return tuple(from_item(item) for item in items)


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
