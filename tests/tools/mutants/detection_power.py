"""How many mutants each suite kills, and why the survivors survive.

``tests/surviving_mutants.json`` explains what is not tried, and each survivor.
The counts of a whole run are stored, and put into the README.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fixtures import documentation, whole_file
from fixtures.corpus import PROJECT
from fixtures.fault import Fault
from tests.tools import json_file
from tests.tools.mutants.enumeration import SETS, Mutant
from tests.tools.mutants.trials import OURS, THEIRS, Result

README = documentation.REFERENCE
EXPLANATIONS = PROJECT / "tests" / "surviving_mutants.json"
FIGURES = PROJECT / "tests" / "measured" / "detection_power.json"
TABLE = "mutants"
FORMAT = 1  # of the explanations
FORMAT_OF_FIGURES = 2
BASELINE = "test_baseline.py"
# A gap is what a test could notice, and none does yet.
KINDS = ("equivalent", "out of scope", "gap")

Key = tuple[str, str, str, str]


class Explanations(NamedTuple):
    release: str  # release whose source the explanations are of
    out_of_scope: dict[tuple[str, str], str]  # reason by file and function
    survivors: dict[Key, tuple[str, str]]  # kind and reason by the key of a mutant


def read_explanations(path: Path = EXPLANATIONS) -> Explanations:
    """The explanations; a `Fault` where the file is missing, malformed, or explains a mutant twice."""
    return json_file.read(path, _explanations_in, "should be as its neighbours in git are")


def _explanations_in(content: Any) -> Explanations:
    json_file.require_format(content, FORMAT, "release", "out_of_scope", "survivors")
    release, *_ = _texts(content, "release")
    out_of_scope = [_texts(entry, "file", "function", "because") for entry in content["out_of_scope"]]
    survivors: dict[Key, tuple[str, str]] = {}
    for entry in content["survivors"]:
        file, function, kind, because = _texts(entry, "file", "function", "kind", "because")
        if kind not in KINDS:
            raise ValueError(f"it has the kind {kind!r}; should be one of {', '.join(KINDS)}")
        if not because.strip():
            raise ValueError(f"it has no reason for {entry['mutants']}; should give the reason")
        for before, after in entry["mutants"]:
            key: Key = (file, function, before, after)
            _texts(key, *range(4))
            if key in survivors:
                raise ValueError(f"it explains {_name_of(key)} twice; should explain it once")
            survivors[key] = kind, because
    return Explanations(release, {(file, function): because for file, function, because in out_of_scope}, survivors)


def _texts(entry: Any, *names: str | int) -> list[str]:
    """What an entry has under some names, all of it text."""
    values = [entry[name] for name in names]
    if not all(isinstance(value, str) for value in values):
        raise TypeError(f"{values!r:.60} should be text")
    return values


def _name_of(key: Key) -> str:
    return "{} {}: `{}` -> `{}`".format(*key)


def in_scope(mutants: Sequence[Mutant], explanations: Explanations) -> list[Mutant]:
    """The mutants that are tried; a `Fault` where a function out of scope has none."""
    functions = {(mutant.file, mutant.function) for mutant in mutants}
    for file, function in explanations.out_of_scope:
        if (file, function) not in functions:
            raise Fault(f"{EXPLANATIONS.name} puts {file} {function} out of scope, which has no mutants; should have")
    return [mutant for mutant in mutants if (mutant.file, mutant.function) not in explanations.out_of_scope]


def faults(
    tried: Sequence[Mutant], survived: Iterable[Mutant], every: Sequence[Mutant], why: Explanations
) -> list[str]:
    """How the explanations disagree with what survived of the mutants that were tried, one line each.

    Where a key stands for several mutants, all of them were tried, or none.
    `every` has all that the operators make of the sources.
    """
    left = {mutant.key() for mutant in survived}
    known, seen = {mutant.key() for mutant in every}, {mutant.key() for mutant in tried}
    unlisted = sorted(key for key in left if key not in why.survivors)
    killed = sorted(key for key in why.survivors if key in seen and key not in left)
    gone = sorted(key for key in why.survivors if key not in known)
    return [
        *(f"survives, and is not explained: {_name_of(key)}" for key in unlisted),
        *(f"is explained as a survivor, and is killed: {_name_of(key)}" for key in killed),
        *(f"is explained, and there is no such mutant: {_name_of(key)}" for key in gone),
    ]


class Count(NamedTuple):
    mutants: int
    ours: int  # killed by this suite
    baseline: int  # of those: killed by nothing but the comparison with the baseline
    theirs: int  # killed by scikit-learn's own tests
    neither: int
    equivalent: int  # survivors of this suite that no test can kill
    gaps: int  # survivors of this suite that a test could kill


NONE = Count(0, 0, 0, 0, 0, 0, 0)


def figures(
    mutants: Sequence[Mutant], results: Mapping[str, Mapping[str, Result]], why: Explanations
) -> dict[str, Count]:
    """Counts by file and function, in the order of the source, of the mutants of a set of operators."""
    counts: dict[str, Count] = {}
    for mutant in mutants:
        ours = results[OURS][mutant.identity()].killed_by
        theirs = results[THEIRS][mutant.identity()].killed_by
        kind = why.survivors.get(mutant.key(), ("", ""))[0] if ours is None else ""
        one = (True, bool(ours), BASELINE in (ours or ""), bool(theirs), not ours and not theirs)
        name = f"{mutant.file} {mutant.function}"
        counts[name] = _sum([counts.get(name, NONE), Count(*map(int, (*one, kind == "equivalent", kind == "gap")))])
    return counts


def total(counts: Mapping[str, Count]) -> Count:
    return _sum([NONE, *counts.values()])


def _sum(counts: Sequence[Count]) -> Count:
    return Count(*map(sum, zip(*counts, strict=True)))


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def of_all_sets(sets: Mapping[str, Mapping[str, Count]]) -> dict[str, Count]:
    """Counts by file and function of the mutants of every set of operators."""
    names = dict.fromkeys(name for counts in sets.values() for name in counts)
    return {name: _sum([counts.get(name, NONE) for counts in sets.values()]) for name in names}


def table(counts: Mapping[str, Count]) -> str:
    head = "| function | mutants | killed by this suite | by the baseline alone | by scikit-learn's own | by neither |"
    rows: list[list[Any]] = [
        [f"`{name.partition(' ')[2]}`", one.mutants, one.ours, one.baseline or "", one.theirs, one.neither or ""]
        for name, one in counts.items()
    ]
    whole = total(counts)
    shares = (_percent(part, whole.mutants) for part in (whole.ours, whole.baseline, whole.theirs, whole.neither))
    lines = (f"| {' | '.join(map(str, row))} |" for row in [*rows, ["all", whole.mutants, *shares]])
    return "\n".join([head, "| --- | ---: | ---: | ---: | ---: | ---: |", *lines])


def sentence(release: str, counts: Mapping[str, Count], which: str) -> str:
    whole = total(counts)
    alive = whole.mutants - whole.ours
    can_die = whole.mutants - whole.equivalent
    return (
        f"Of {whole.mutants:,} mutants that change {which} of scikit-learn {release}, this suite kills {whole.ours:,}"
        f" ({_percent(whole.ours, whole.mutants)}; {_percent(whole.ours - whole.baseline, whole.mutants)} without"
        f" `test_baseline.py`; {_percent(whole.ours, can_die)} of those that do not compute the same), and"
        f" scikit-learn's own `sklearn.mixture` tests kill {whole.theirs:,} ({_percent(whole.theirs, whole.mutants)})."
        f" Of the {alive} that survive, {whole.equivalent} compute the same,"
        f" {alive - whole.equivalent - whole.gaps} change what is out of scope, and {whole.gaps} show gaps."
    )


def write(release: str, sets: Mapping[str, Mapping[str, Count]], readme: Path = README, path: Path = FIGURES) -> None:
    """Store the figures of a whole run, and put them into the README; neither where the README has no place."""
    text = with_figures(readme.read_text(encoding="utf-8"), release, sets)
    counts = {which: {name: one._asdict() for name, one in sets[which].items()} for which in SETS}
    content = {"format": FORMAT_OF_FIGURES, "release": release, "sets": counts}
    whole_file.write_text(path, json.dumps(content, indent=2) + "\n")
    whole_file.write_text(readme, text)


def read(path: Path = FIGURES) -> tuple[str, dict[str, dict[str, Count]]]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    sets = content["sets"].items()
    return content["release"], {which: {name: Count(**one) for name, one in counts.items()} for which, counts in sets}


def with_figures(text: str, release: str, sets: Mapping[str, Mapping[str, Count]]) -> str:
    """A README's text with the figures made anew, between the marks."""
    sentences = [sentence(release, counts, which) for which, counts in sets.items()]
    return documentation.with_table(text, TABLE, "\n\n".join([*sentences, table(of_all_sets(sets))]))
