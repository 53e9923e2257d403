"""The ledger of known defects: read it, check it, ask it.

``tests/known_defects.json`` lists defects of scikit-learn that the suite finds:
what, which upstream issue, which releases, which checks on which cases. It also
lists which checks cannot be judged on which cases, and why. The suite is green
on a release exactly when the release behaves as listed here.

A defect may have culprits, as ``nox -s bisect`` found them: for each release at
which it begins or ends, the commit of scikit-learn that did it, or the version
of a dependency.

Runs inside old environments: Python 3.6 syntax, standard library and packaging
(which pytest brings).
"""

import re
from pathlib import Path
from typing import AbstractSet, Any, Dict, List, Mapping, NamedTuple, Optional, Set, Tuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from fixtures import plain_file, strict_json
from fixtures.fault import Fault, one_of

FORMAT_VERSION = 2
UPSTREAM = r"https://github\.com/scikit-learn/scikit-learn/(issues|pull|commit)/\w+"
LIBRARY = r"[a-z][a-zA-Z0-9_.]*( without float64)?"
LEDGER = Path(__file__).resolve().parent.parent / "known_defects.json"
_NAME = "tests/known_defects.json"
BEGINS, ENDS = "begins", "ends"
NUMPY = "numpy"
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
_KINDS = {int: "a whole number", str: "text that is not empty", list: "a list"}


class BadLedger(Fault):
    """The ledger is not what its format says, or lists what does not exist.

    Parameters
    ----------
    path : Path
    fault : str
        What was seen and what should be, continuing the sentence that the path begins; with places for `values`.
    """

    def __init__(self, path: Path, fault: str, *values: Any) -> None:
        super().__init__("{}{}".format(path, fault.format(*values)))


class Culprit(NamedTuple):
    """What made a defect begin or end: a commit of scikit-learn, or a dependency."""

    defect: str  # its id in the ledger
    release: str  # first release of scikit-learn that has it, or has it no longer
    change: str  # 'begins' or 'ends'
    commit: Optional[str] = None  # full hash; None where a dependency did it
    date: Optional[str] = None  # day (ISO 8601) of the commit
    title: Optional[str] = None  # first line of the commit's message
    pull_request: Optional[int] = None  # number of the upstream pull request, where the title names one
    dependency: Optional[str] = None  # name and version of the package that did it, like ``numpy 2.0.0``


class Entry(NamedTuple):
    """One check on one case that fails on some releases because of a defect, or is not judged there."""

    defect: str  # id of the defect, or of the reason why it is not judged
    summary: str  # the defect, or the reason, in one line
    upstream: str  # address of the upstream issue or change; empty where it is not judged
    releases: str  # version specifier (PEP 440) of the releases that have it
    check: str  # name of the test function
    case: str
    line: int  # of the ledger, where the case stands in this entry
    arrays: Tuple[str, ...] = ()  # the libraries with whose arrays it is so; none where it is with any

    @property
    def is_judged(self) -> bool:
        """Whether it is about a defect."""
        return bool(self.upstream)

    def is_of(self, arrays: str) -> bool:
        """Whether it is about arrays of a library, among others or alone."""
        return not self.arrays or arrays in self.arrays

    def covers(self, release: str, arrays: str = NUMPY) -> bool:
        """Whether a release of scikit-learn is listed as having the defect, with arrays of a library.

        A development version or a pre-release is judged as the release that it leads to:
        for PEP 440, 1.7.dev0 is neither before 1.7.0 nor from 1.7.0 on.
        """
        if not self.is_of(arrays):
            return False
        version = Version(release)
        judged = Version(version.base_version) if version.is_prerelease else version
        return SpecifierSet(self.releases).contains(judged)

    def unmatched(self) -> BadLedger:
        """The error where the check exists and does not run on the case."""
        fault = ", line {0.line}: {0.check} does not run on the case {0.case!r}; should be a case that it runs on"
        return BadLedger(LEDGER, fault, self)


class Ledger(NamedTuple):
    """All entries of a ledger, checked, and what made its defects begin and end, as far as it is known."""

    path: Path
    entries: Tuple[Entry, ...]
    culprits: Tuple[Culprit, ...] = ()
    not_judged: Tuple[Entry, ...] = ()

    def listed_for(self, release: str, arrays: str = NUMPY) -> List[Entry]:
        """The entries that cover a release with some arrays, those of checks that are not judged included.

        Raises
        ------
        BadLedger
            Two of them explain the same check on the same case.
        """
        listed: Dict[Tuple[str, str], Entry] = {}
        for entry in (*self.entries, *self.not_judged):
            if not entry.covers(release, arrays):
                continue
            other = listed.setdefault((entry.check, entry.case), entry)
            if other is not entry:
                fault = ", lines {0.line} and {1.line}: {1.check}[{1.case}] is listed twice for scikit-learn {2}"
                raise BadLedger(self.path, fault + "; should be listed once", other, entry, release)
        return list(listed.values())

    def require_known(self, checks: Set[str], cases: Set[str]) -> None:
        """Refuse entries for checks or cases that do not exist.

        Raises
        ------
        BadLedger
            The first such entry, with its line.
        """
        for entry in (*self.entries, *self.not_judged):
            for what, name, known in (("check", entry.check, checks), ("case", entry.case, cases)):
                if name not in known:
                    fault = ", line {}: there is no {} {!r}; should be {}"
                    raise BadLedger(self.path, fault, entry.line, what, name, one_of(known, name))


def read_ledger(path: Path = LEDGER) -> Ledger:
    """Read and check a ledger.

    Raises
    ------
    BadLedger
        The file is missing or malformed; the message names the place.
    """
    try:
        text = plain_file.read_text(path)
        content = strict_json.parse(text)
    except OSError as error:
        raise BadLedger(path, " cannot be read ({}); should be there", error.strerror) from None
    except ValueError as error:
        raise BadLedger(path, " is not valid JSON ({}); should be JSON in UTF-8", error) from None
    version = content.get("format") if isinstance(content, dict) else FORMAT_VERSION
    if type(version) in (int, bool) and version != FORMAT_VERSION:
        # Before its keys, which another version may have others of.
        fault = " has format version {}; should be {}, which lists under 'not_judged' what cannot be judged"
        raise BadLedger(path, fault, version, FORMAT_VERSION)
    _require_keys(path, "the ledger", content, {"format": int, "defects": list, "not_judged": list})
    lines = _lines_of_strings(text, content)
    defects = {"id": str, "summary": str, "upstream": str, "found": list}
    reasons = {"id": str, "reason": str, "found": list}
    entries = _entries(path, content, "defects", defects, lines)
    culprits: List[Culprit] = []
    for defect in content["defects"]:
        if not re.fullmatch(UPSTREAM, defect["upstream"]):
            fault = " gives {!r} as upstream of {!r}; should be the address of a scikit-learn {}"
            raise BadLedger(path, fault, defect["upstream"], defect["id"], "issue, pull request or commit")
        try:
            culprits.extend(_culprits_of(defect))
        except ValueError as fault:
            raise BadLedger(path, " has among the culprits of {!r} {}", defect["id"], fault) from None
    not_judged = _entries(path, content, "not_judged", reasons, lines)
    return Ledger(path, tuple(entries), tuple(culprits), tuple(not_judged))


def as_item(culprit: Culprit) -> Dict[str, Any]:
    """What the ledger says of a culprit, the inverse of reading it."""
    keys = OF_A_DEPENDENCY if culprit.dependency else OF_A_COMMIT
    return {key: value for key, value in culprit._asdict().items() if key in keys}


def judged(entry: Entry) -> str:
    """What to say where a promise is broken that the ledger lists as not judged."""
    words = "the ledger lists it as not judged ({0.defect}): {1}, line {0.line}; should be taken out there"
    return words.format(entry, _NAME)


def gone(entry: Entry, release: str, under_test: str) -> str:
    """What to say of a listed defect that no longer occurs, or of a check that is judged though it is listed not to."""
    listed, why = "what the ledger lists as not judged ({0.defect}) is judged", "it is so since this release"
    if entry.is_judged:
        why = "a release fixed it"
        listed = "the known defect {0.defect!r} ({0.upstream}) no longer occurs"
    return (
        listed + " with {4}: {0.check} passes on the case {0.case}.\n"
        "what to do: change {2}, line {0.line}: if {3}, give the case an entry whose"
        ' "releases" end there (now "{0.releases}", say "{0.releases},<{1}"); otherwise take the case out.'
    ).format(entry, release, _NAME, why, under_test)


def unlisted(check: str, case: str, under_test: str, reason: str, entry: Optional[Entry]) -> str:
    """What to say of a check that cannot be judged and is not listed so, or is listed with a defect."""
    words = ", and the ledger lists the defect {!r} there (line {})"
    listed = "" if entry is None else words.format(entry.defect, entry.line)
    return (
        "not judged with {}: {} on the case {}: {}{}\n"
        "what to do: find out why it cannot be judged; where that is right, list it in {} under 'not_judged'."
    ).format(under_test, check, case, reason, listed, _NAME)


def summary(found: List[Entry], under_test: str) -> List[str]:
    """A line for each known defect that a run found, with the number of cases."""
    defects: Dict[Tuple[str, str], Set[str]] = {}
    for entry in found:
        defects.setdefault((entry.defect, entry.upstream), set()).add(entry.case)
    if not defects:
        return ["no known defect occurred with {}".format(under_test)]
    return [
        "known defect still present in {}: {} on {} case{} ({})".format(
            under_test, defect, len(cases), "" if len(cases) == 1 else "s", upstream
        )
        for (defect, upstream), cases in sorted(defects.items())
    ]


def _entries(
    path: Path, content: Dict[str, Any], part: str, keys: Mapping[str, type], lines: Dict[Tuple[Any, ...], int]
) -> List[Entry]:
    """The entries of one part of the ledger: of its defects, or of what is not judged."""
    entries: List[Entry] = []
    seen: Set[str] = set()
    what, the = ("a defect", "the defect {!r}")
    if part != "defects":
        what, the = ("an item of 'not_judged'", "the item {!r} of 'not_judged'")
    for position, item in enumerate(content[part]):
        _require_keys(path, what, item, keys, {"culprits"} if part == "defects" else frozenset())
        if item["id"] in seen:
            raise BadLedger(path, " lists {} twice; should be listed once", the.format(item["id"]))
        seen.add(item["id"])
        for number in range(len(item["found"])):
            entries.extend(_found(path, item, number, lines, (part, position, "found", number, "cases")))
        if not item["found"]:
            raise BadLedger(path, " lists {} on no case; should name at least one", the.format(item["id"]))
    return entries


def _found(
    path: Path, item: Dict[str, Any], number: int, lines: Dict[Tuple[Any, ...], int], places: Tuple[Any, ...]
) -> List[Entry]:
    found = item["found"][number]
    what = "an item of 'found' of {!r}".format(item["id"])
    key, kind = ("check", str) if places[0] == "defects" else ("checks", list)
    _require_keys(path, what, found, {"releases": str, key: kind, "cases": list}, {"arrays"})
    if not isinstance(found.get("arrays", []), list):
        raise BadLedger(path, " has the arrays {!r:.60} in {}; should be a list of names", found["arrays"], what)
    arrays = tuple(_names(path, found, "arrays", what)) if "arrays" in found else ()
    if not all(re.fullmatch(LIBRARY, name) for name in arrays):
        fault = " has the arrays {!r:.60} in {}; should be names of modules, like numpy"
        raise BadLedger(path, fault, list(arrays), what)
    checks = _names(path, found, "checks", what) if kind is list else [found["check"]]
    try:
        SpecifierSet(found["releases"])
    except InvalidSpecifier:
        fault = " has the releases {!r} in {}; should be a version specifier, like >=0.18,<1.7"
        raise BadLedger(path, fault, found["releases"], what) from None
    of_item = (item["id"], item.get("summary") or item["reason"], item.get("upstream", ""), found["releases"])
    return [
        Entry(*of_item, check=check, case=case, line=lines[places + (index,)], arrays=arrays)
        for check in checks
        for index, case in enumerate(_names(path, found, "cases", what))
    ]


def _names(path: Path, found: Dict[str, Any], key: str, what: str) -> List[str]:
    """A list of names, each once."""
    names: List[str] = found[key]
    if not names or not all(isinstance(name, str) for name in names):
        raise BadLedger(path, " has the {0} {1!r:.60} in {2}; should be names of {0}", key, names, what)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise BadLedger(path, " repeats {!r} in the {} of {}; should be listed once", repeated[0], key, what)
    return names


def _lines_of_strings(text: str, content: Any) -> Dict[Tuple[Any, ...], int]:
    """The line of every string of a JSON text, by the keys and indices that lead to it.

    The strings of the text and those of the parsed content come in the same
    order, keys included.
    """
    tokens = re.finditer(r'"(?:[^"\\]|\\.)*"', text)
    lines = {}

    def walk(value: Any, path: Tuple[Any, ...]) -> None:
        if isinstance(value, str):
            lines[path] = text.count("\n", 0, next(tokens).start()) + 1
        elif isinstance(value, dict):
            for key, item in value.items():
                next(tokens)
                walk(item, path + (key,))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                walk(item, path + (index,))

    walk(content, ())
    return lines


def _require_keys(
    path: Path, what: str, mapping: Any, types: Mapping[str, type], optional: AbstractSet[str] = frozenset()
) -> None:
    if not isinstance(mapping, dict):
        raise BadLedger(path, " has {!r:.60} as {}; should be an object", mapping, what)
    odd = sorted((set(mapping) - optional) ^ set(types))
    if odd:
        fault = "lacks" if odd[0] in types else "has the unknown entry"
        raise BadLedger(path, " {} {!r} in {}; should have just {}", fault, odd[0], what, ", ".join(sorted(types)))
    for key, kind in types.items():
        if not isinstance(mapping[key], kind) or mapping[key] == "":
            raise BadLedger(path, " has {!r:.60} as {!r} in {}; should be {}", mapping[key], key, what, _KINDS[kind])


def _culprits_of(defect: Dict[str, Any]) -> Tuple[Culprit, ...]:
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


def _culprit(defect: str, item: Any) -> Culprit:
    if not isinstance(item, dict) or set(item) not in (OF_A_COMMIT, OF_A_DEPENDENCY):
        either = [", ".join(sorted(keys)) for keys in (OF_A_COMMIT, OF_A_DEPENDENCY)]
        raise ValueError("{!r:.60}; should be an object with just {}, or with just {}".format(item, *either))
    if item["change"] not in tuple(COMPARISONS):
        raise ValueError("the change {!r:.60}; should be {} or {}".format(item["change"], BEGINS, ENDS))
    try:
        Version(item["release"])
    except (TypeError, ValueError):
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
    comparison = COMPARISONS[culprit.change]
    bounds = {(bound.operator, Version(bound.version)) for text in specifiers for bound in SpecifierSet(text)}
    if (comparison, Version(culprit.release)) not in bounds:
        words = "{} with {}; should be a release r that some 'releases' of it names as {}r"
        raise ValueError(words.format(culprit.change, culprit.release, comparison))
