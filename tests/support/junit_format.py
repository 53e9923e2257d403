"""The form of a run's JUnit file, for those who write it and those who read it: names of properties, and digests.

Runs inside old environments, and outside where no scikit-learn is: Python 3.6
syntax, numpy and packaging only.
"""

import hashlib
from pathlib import Path
from typing import Sequence

from fixtures.corpus import CASES
from tests.support.ledger import Ledger

FORMAT_VERSION = 2
# How much was run, where the ledger was off, and what a test's properties are called.
WHOLE, A_PART = "whole", "a part"
OFF = "off"
FINDINGS, NOT_JUDGED, PARTLY, GONE = "findings", "not judged", "not judged in part", "no longer occurs"
# More findings of one check than these say nothing new.
MOST_FINDINGS = 40
TESTS = Path(__file__).resolve().parent.parent
DIGITS = 16


def ledger_digest(ledger: Ledger) -> str:
    """What tells one state of the ledger from another: which check fails, or is not judged, on what."""
    listed = (*ledger.entries, *ledger.not_judged)
    entries = sorted("{0.defect} {0.releases} {0.check} {0.case}\n".format(entry) for entry in listed)
    return hashlib.sha256("".join(entries).encode()).hexdigest()[:DIGITS]


def corpus_digest() -> str:
    """What tells one state of the corpus from another: a digest of all that ``case.json`` and its like say."""
    return digest(sorted(CASES.glob("*/*.json")))


def checks_digest() -> str:
    """What tells one state of the checks from another."""
    return digest(sorted([*TESTS.glob("test_*.py"), *TESTS.glob("support/*.py")]))


def digest(paths: Sequence[Path]) -> str:
    """The sha256, shortened, of text files and their names; line ends do not count."""
    total = hashlib.sha256()
    for path in paths:
        content = path.read_bytes().replace(b"\r\n", b"\n")
        total.update("{}/{} {}\n".format(path.parent.name, path.name, len(content)).encode())
        total.update(content)
    return total.hexdigest()[:DIGITS]
