"""The verifier refuses a claim that the arrays do not bear out, for every flag."""

from __future__ import annotations

import pytest

from fixtures import verifier
from fixtures.corpus import FLAGS, CaptureNotAtHand, Case, case_names, load_case, names_with

# A case for which each claim is false, and none of whose own flags is lost by claiming it.
WITHOUT = {
    "at-floor": "control-still-scene",
    "chain": "control-still-scene",
    "control": "object-leaves-frame",
    "far-component": "control-still-scene",
    "far-offset": "control-still-scene",
    "few-distinct": "control-still-scene",
    "integer-pixels": "control-16d",
    "ladder": "control-still-scene",
    "large-floor": "control-still-scene",
    "no-floor": "control-still-scene",
    "object-leaves": "control-still-scene",
    "origin-in-data": "control-still-scene",
    "reduced": "control-still-scene",
    "shared-object": "control-still-scene",
    "still": "control-slow-motion",
    "underflow": "control-still-scene",
}
# These say where a case comes from, which no array shows.
OF_ORIGIN = {"published", "upstream-report"}


def all_cases() -> list[Case]:
    cases = []
    for name in case_names():
        try:
            cases.append(load_case(name))
        except CaptureNotAtHand:
            continue
    return cases


def test_every_flag_is_verified_or_says_where_a_case_comes_from() -> None:
    assert set(verifier.CLAIMS) | OF_ORIGIN == set(FLAGS)
    assert set(WITHOUT) == set(verifier.CLAIMS)


@pytest.mark.parametrize("flag", sorted(verifier.CLAIMS))
def test_a_claim_that_does_not_hold_is_refused(flag: str) -> None:
    honest = load_case(WITHOUT[flag])
    assert verifier.verify(honest) == []
    (line,) = verifier.verify(honest._replace(flags=(*honest.flags, flag)))
    assert line.startswith(f"{honest.name} has the flag {flag}, which its arrays do not bear out")


@pytest.mark.parametrize("flag", sorted(verifier.COMPLETE))
def test_a_flag_that_is_left_out_is_asked_for(flag: str) -> None:
    name = next(name for name in names_with(flag) if name not in names_with("published"))
    case = load_case(name)
    lines = verifier.verify(case._replace(flags=tuple(set(case.flags) - {flag})))
    assert any(line.startswith(f"{name} lacks the flag {flag}") for line in lines)


def test_every_case_of_the_corpus_bears_out_its_flags() -> None:
    assert [line for case in all_cases() for line in verifier.verify(case)] == []
