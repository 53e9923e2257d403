"""``tests/surviving_mutants.json``: what is not tried and why, and why each survivor survives."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fixtures.corpus import PROJECT
from fixtures.fault import Fault
from tests.tools.mutants.enumeration import Mutant

PATH = PROJECT / "tests" / "surviving_mutants.json"
FORMAT = 1
# A gap is what a test could notice, and none does yet.
KINDS = ("equivalent", "out of scope", "gap")

Key = tuple[str, str, str, str]


class Explanations(NamedTuple):
    """Why mutants are not tried, or survive."""

    release: str  # release whose source the explanations are of
    out_of_scope: dict[tuple[str, str], str]  # reason by file and function
    survivors: dict[Key, tuple[str, str]]  # kind and reason by the key of a mutant


def read(path: Path = PATH) -> Explanations:
    """The explanations; a `Fault` where the file is missing, malformed, or explains a mutant twice."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise Fault(f"{path.name} has format {content['format']!r}; should have {FORMAT}")
        scope = {(entry["file"], entry["function"]): str(entry["because"]) for entry in content["out_of_scope"]}
        survivors: dict[Key, tuple[str, str]] = {}
        for entry in content["survivors"]:
            for key in _keys(entry):
                if key in survivors:
                    raise Fault(f"{path.name} explains {name_of(key)} twice; should explain it once")
                survivors[key] = entry["kind"], str(entry["because"])
        return Explanations(str(content["release"]), scope, survivors)
    except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise Fault(f"{path.name} cannot be read ({what}); should be as its neighbours in git are") from None


def _keys(entry: dict[str, Any]) -> list[Key]:
    if entry["kind"] not in KINDS:
        raise Fault(f"{PATH.name} has the kind {entry['kind']!r}; should be one of {', '.join(KINDS)}")
    if not str(entry["because"]).strip():
        raise Fault(f"{PATH.name} has no reason for {entry['mutants']}; should give the reason why they survive")
    return [(entry["file"], entry["function"], before, after) for before, after in entry["mutants"]]


def name_of(key: Key) -> str:
    """A mutant in one line."""
    file, function, before, after = key
    return f"{file} {function}: `{before}` -> `{after}`"


def in_scope(mutants: Iterable[Mutant], explanations: Explanations) -> list[Mutant]:
    """The mutants that are tried; a `Fault` where a function out of scope has none."""
    mutants = list(mutants)
    functions = {(mutant.file, mutant.function) for mutant in mutants}
    for file, function in explanations.out_of_scope:
        if (file, function) not in functions:
            raise Fault(f"{PATH.name} puts {file} {function} out of scope, which has no mutants; should have")
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
        *(f"survives, and is not explained: {name_of(key)}" for key in unlisted),
        *(f"is explained as a survivor, and is killed: {name_of(key)}" for key in killed),
        *(f"is explained, and there is no such mutant: {name_of(key)}" for key in gone),
    ]
