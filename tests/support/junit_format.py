"""A run's JUnit file, beside what pytest writes, so that the run can be judged when it is long over.

A header says what was run, a footer how the run ended. A file without them, or
whose tests are not as many as they say, is not of a whole run. A case's fits
are written down with the first check that asks for them.

Runs inside old environments, and outside where there is no scikit-learn: Python
3.6 syntax, numpy and packaging only.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from fixtures import plain_file
from fixtures.corpus import CASES, Case
from tests.support.diagnosis import NotDiagnosable, finding_of, fitted_parameters
from tests.support.findings import as_item
from tests.support.ledger import Ledger
from tests.support.picture import first_two_features
from tests.support.replay import Outcome
from tests.support.subject import Subject

FORMAT_VERSION = 2
# How much was run, where the ledger was off, and what a test's properties are called.
WHOLE, A_PART = "whole", "a part"
OFF = "off"
FINDINGS, NOT_JUDGED, PARTLY, GONE = "findings", "not judged", "not judged in part", "no longer occurs"
# More findings of one check than these say nothing new.
MOST_FINDINGS = 40
TESTS = Path(__file__).resolve().parent.parent
DIGEST_DIGITS, PICTURE_DIGITS = 16, 7

Properties = List[Tuple[str, str]]


def ledger_digest(ledger: Ledger) -> str:
    """What tells one state of the ledger from another: which check fails, or is not judged, on what."""
    listed = (*ledger.entries, *ledger.not_judged)
    entries = sorted("{0.defect} {0.releases} {0.check} {0.case}\n".format(entry) for entry in listed)
    return hashlib.sha256("".join(entries).encode()).hexdigest()[:DIGEST_DIGITS]


def corpus_digest() -> str:
    """What tells one state of the corpus from another: a digest of all that ``case.json`` and its like say."""
    # What cannot be read is a broken case, which the checks on it report.
    plain = (path for path in CASES.glob("*/*.json") if os.path.isfile(str(path)))
    return digest(sorted(path for path in plain if path.stat().st_size <= plain_file.MAX_BYTES))


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
    return total.hexdigest()[:DIGEST_DIGITS]


def header(environment: Dict[str, str], estimator: str, ledger: Optional[Ledger], capture: bool) -> Properties:
    """Names and values that say what is run: an environment, ``MODULE:CLASS`` with its arrays, what was at hand."""
    return [
        ("record", str(FORMAT_VERSION)),
        *environment.items(),
        ("estimator", estimator),
        ("ledger", ledger_digest(ledger) if ledger is not None else OFF),
        ("corpus", corpus_digest()),
        ("checks", checks_digest()),
        ("capture", "at hand" if capture else "not at hand"),
    ]


def of_replays(subject: Subject) -> Properties:
    """What a JUnit file keeps of the replays of a case: where they put the components, and figures of each fit."""
    properties = of_place(subject.case, subject.last)
    for way, outcomes in subject.replays.items():
        for outcome in outcomes:
            prefix = "" if len(subject.case.frames) == 1 else "{} frame {} ".format(way, outcome.frame)
            properties += [(prefix + name, value) for name, value in of_fit(subject, way, outcome)]
    return properties


def of_fit(subject: Subject, way: str, outcome: Outcome) -> Properties:
    """Names and values that a JUnit file keeps of a fit: figures, and each component that is not healthy."""
    properties = [
        ("n_iter", str(outcome.n_iter)),
        ("converged", str(outcome.converged)),
        ("lower_bound", "None" if outcome.lower_bound is None else repr(float(outcome.lower_bound))),
        ("fit_seconds", "{:.6f}".format(outcome.seconds)),
    ]
    if outcome.error is not None:
        properties.append(("error", str(outcome.error)))
    try:
        diagnosis = subject.diagnosis(way, outcome)
    except NotDiagnosable:
        return properties
    for component in diagnosis.not_healthy():
        item = as_item(finding_of(diagnosis, component))
        properties.append(("component {}".format(component.number), json.dumps(item, sort_keys=True)))
    return properties


def of_place(case: Case, outcome: Outcome) -> Properties:
    """Mean ``(x, y)`` and covariance ``(xx, xy, yy)`` of each component after the last fit, for a picture; if any."""
    try:
        parameters = fitted_parameters(case, outcome)
    except NotDiagnosable:
        return []
    triangles = first_two_features(parameters.covariances)[:, [0, 0, 1], [0, 1, 1]]
    means = first_two_features(parameters.means)
    return [("place", json.dumps({"means": _rounded(means), "covariances": _rounded(triangles)}))]


def of_steps(subject: Subject) -> Properties:
    """The lower bound at each single EM step on the first frame, as far as there is one."""
    bounds = []
    for outcome in subject.steps:
        if outcome.lower_bound is None:
            break
        bounds.append(_short(float(outcome.lower_bound)))
    return [("lower_bounds", json.dumps(bounds))]


def _rounded(array: np.ndarray) -> Any:
    return [_rounded(row) for row in array] if array.ndim else _short(float(array))


def _short(value: float) -> Any:
    # JSON has no infinity; a picture of one has no place.
    return float("{:.{}g}".format(value, PICTURE_DIGITS)) if np.isfinite(value) else None
