"""Culprits: what made a known defect begin or end, as ``nox -s bisect`` found it.

A defect of the ledger may have an entry ``culprits``: for each release at
which it begins or ends, the commit of scikit-learn that did it, or the version
of a dependency.

Runs inside old environments: Python 3.6 syntax, standard library and packaging.
"""

import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

BEGINS, ENDS = "begins", "ends"
# The comparison by which a specifier says that a defect begins, or ends, with a release.
COMPARISONS = {BEGINS: ">=", ENDS: "<"}
OF_A_COMMIT = {"release", "change", "commit", "date", "title", "pull_request"}
OF_A_DEPENDENCY = {"release", "change", "dependency"}
PATTERNS = {
    "commit": (r"[0-9a-f]{40}", "40 hexadecimal digits"),
    "date": (r"\d{4}-\d\d-\d\d", "a day like 2025-05-06"),
    "title": (r"\S.*", "the first line of the commit's message"),
    "dependency": (r"[A-Za-z][\w-]* \d[\w.]*", "a name and a version, like numpy 2.0.0"),
}


class Culprit(NamedTuple):
    """What made a defect begin or end: a commit of scikit-learn, or a dependency.

    Attributes
    ----------
    defect : str
        Id of the defect in the ledger.
    release : str
        First release of scikit-learn that has it, or has it no longer.
    change : {'begins', 'ends'}
    commit : str or None
        Full hash; None where a dependency did it.
    date : str or None
        Day (ISO 8601) of the commit.
    title : str or None
        First line of the commit's message.
    pull_request : int or None
        Number of the upstream pull request, where the title names one.
    dependency : str or None
        Name and version of the package that did it, like ``numpy 2.0.0``.
    """

    defect: str
    release: str
    change: str
    commit: Optional[str] = None
    date: Optional[str] = None
    title: Optional[str] = None
    pull_request: Optional[int] = None
    dependency: Optional[str] = None


def culprits_of(defect: Dict[str, Any]) -> Tuple[Culprit, ...]:
    """Read and check the culprits of a defect of the ledger.

    Parameters
    ----------
    defect : dict
        A defect whose other entries are as they should be.

    Raises
    ------
    ValueError
        What was seen and what should have been there.
    """
    listed = defect.get("culprits", [])
    if not isinstance(listed, list):
        raise ValueError("{!r:.60}; should be a list".format(listed))
    culprits: List[Culprit] = []
    for item in listed:
        culprit = _culprit(defect["id"], item)
        _require_boundary(culprit, [found["releases"] for found in defect["found"]])
        if culprit in culprits:
            raise ValueError("{!r:.60} twice; should be listed once".format(item))
        culprits.append(culprit)
    return tuple(culprits)


def as_item(culprit: Culprit) -> Dict[str, Any]:
    """What the ledger says of a culprit, the inverse of reading it."""
    keys = OF_A_DEPENDENCY if culprit.dependency else OF_A_COMMIT
    return {key: value for key, value in culprit._asdict().items() if key in keys}


def _culprit(defect: str, item: Any) -> Culprit:
    if not isinstance(item, dict) or set(item) not in (OF_A_COMMIT, OF_A_DEPENDENCY):
        raise ValueError(
            "{!r:.60}; should be an object with just {}, or with just {}".format(
                item, ", ".join(sorted(OF_A_COMMIT)), ", ".join(sorted(OF_A_DEPENDENCY))
            )
        )
    if item["change"] not in tuple(COMPARISONS):
        raise ValueError("the change {!r:.60}; should be {} or {}".format(item["change"], BEGINS, ENDS))
    try:
        Version(item["release"])
    except (InvalidVersion, TypeError):
        raise ValueError("the release {!r:.60}; should be a version like 1.7.0".format(item["release"])) from None
    for key, (pattern, should_be) in PATTERNS.items():
        if key in item and not (isinstance(item[key], str) and re.fullmatch(pattern, item[key])):
            raise ValueError("the {} {!r:.60}; should be {}".format(key, item[key], should_be))
    number = item.get("pull_request")
    if number is not None and (type(number) is not int or number < 1):
        raise ValueError("the pull_request {!r:.60}; should be a number or null".format(number))
    return Culprit(defect, **item)


def _require_boundary(culprit: Culprit, specifiers: List[str]) -> None:
    """Refuse a culprit of a change that the ledger does not list."""
    bounds = {
        (specifier.operator, Version(specifier.version)) for text in specifiers for specifier in SpecifierSet(text)
    }
    if (COMPARISONS[culprit.change], Version(culprit.release)) in bounds:
        return
    raise ValueError(
        "{} with {}; should be a release r that some 'releases' of it names as {}r".format(
            culprit.change, culprit.release, COMPARISONS[culprit.change]
        )
    )
