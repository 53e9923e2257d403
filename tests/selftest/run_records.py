"""Records of runs, made by hand as pytest and conftest.py write them, and a page that is made of some."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from fixtures import corpus
from tests.support import check, findings, junit_format, ledger
from tests.support.findings import Finding
from tests.tools.report import matrix, page, pictures, records
from tests.tools.report.matrix import defects_of

ENVIRONMENT = {
    "python": "3.13.0", "scikit-learn": "1.9.1", "numpy": "2.5.3", "scipy": "1.18.1", "blas": "openblas",
    "machine": "Linux",
}  # fmt: skip
COLLAPSE, BOUND, ITERATIONS = (
    "test_no_component_collapses",
    "test_lower_bound_never_falls",
    "test_iterations_are_counted",
)
LOST, STILL, FLOAT32 = "object-leaves-frame", "control-still-scene", "ladder-10-float32"
PROMISES = {COLLAPSE: "test_collapse", BOUND: "test_likelihood", ITERATIONS: "test_likelihood"}
EMPTIED = Finding(
    "means_", [0.0, 0.0], "a mean inside the data, 16..138 x 17..115", component=10, state="empty",
    evidence={
        "covariance": [[1e-6, 0.0], [0.0, 1e-6]], "mass": 2.2e-15, "started": [150.0, 47.0],
        "nearest_sample": [121.0, 36.0], "nearest_distance": 9.95, "log_mass": -np.inf, "underflows": True,
    },
)  # fmt: skip
COUNTED = Finding("n_iter_", 2, 3)
FALLS = Finding("lower_bound_", -7.5, -7.25, tolerance=1e-12, step=2)
NO_TRUTH = "exact EM ends in a singular covariance: there is nothing to compare with"


@dataclass(frozen=True)
class Test:
    """One test of a record: how it ended, and what was recorded with it and of its case."""

    __test__ = False

    check: str
    case: str
    state: str = "passed"
    text: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, str] = field(default_factory=dict)


def header(release: str = "1.9.1", **changed: str) -> dict[str, str]:
    """What a record of this corpus and this ledger says of itself."""
    said = junit_format.header(
        {**ENVIRONMENT, "scikit-learn": release}, "sklearn.mixture:GaussianMixture", ledger.read_ledger(), False
    )
    return {**dict(said), **changed}


def write(path: Path, tests: Sequence[Test], said: Mapping[str, str], footer: Mapping[str, str] | None = None) -> Path:
    """Write a record; its footer tells of a whole run, but for what is given."""
    ended = str(len(tests))
    usual = {"selection": "whole", "tests selected": ended, "tests ended": ended, "end": "complete"}
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(root, "testsuite", name="scikit-learn")
    _properties(suite, {**said, **usual, **(footer or {})})
    for test in tests:
        name = f"{test.check}[{test.case}]"
        element = ElementTree.SubElement(suite, "testcase", classname=f"tests.{PROMISES[test.check]}", name=name)
        _properties(element, {**test.properties, **test.more})
        if test.state == "known":
            ElementTree.SubElement(element, "skipped", type="pytest.xfail", message="known defect")
        elif test.state in ("skipped", "not judged"):
            ElementTree.SubElement(element, "skipped", type="pytest.skip", message=test.text)
        elif test.state != "passed":
            ElementTree.SubElement(element, test.state, message=test.text).text = test.text
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path


def known(check: str, case: str, *found: Finding) -> Test:
    """A test that fails as the ledger lists it."""
    return Test(check, case, "known", properties={junit_format.FINDINGS: findings.as_json(found)})


def failed(check: str, case: str, *found: Finding) -> Test:
    """A test that breaks a promise."""
    return Test(check, case, "failure", "a message", {junit_format.FINDINGS: findings.as_json(found)})


def not_judged(check: str, case: str, reason: str = NO_TRUTH, *, listed: bool = True) -> Test:
    """A test that has nothing to compare."""
    properties = {junit_format.NOT_JUDGED: reason}
    return Test(check, case, "not judged" if listed else "failure", "what pytest says of it", properties)


def of_release(release: str) -> list[Test]:
    """Three cases and three checks as the ledger has them for 0.19.2 or 1.9.1."""
    counted_wrong = release == "0.19.2"
    left = {"component 10": json.dumps(findings.as_item(EMPTIED)), "place": PLACE}
    tests = [replace(known(COLLAPSE, LOST, EMPTIED), more=left), Test(COLLAPSE, STILL, properties=FIT)]
    tests += [Test(BOUND, case, properties={"lower_bounds": "[-7.5, -7.42, -7.417]"}) for case in (LOST, STILL)]
    tests += [known(ITERATIONS, case, COUNTED) if counted_wrong else Test(ITERATIONS, case) for case in (LOST, STILL)]
    return [*tests, Test(COLLAPSE, FLOAT32, "skipped", "skipped for a reason")]


PLACE = json.dumps({"means": [[10.0 * one, 20.0] for one in range(11)], "covariances": [[4.0, 0.0, 4.0]] * 11})
FIT = {"n_iter": "2", "converged": "True", "lower_bound": "-7.25", "fit_seconds": "0.010"}


def content_of(folder: Path, *drawn: str) -> page.Content:
    """What a page is made of, out of all records in a folder; some cases are drawn."""
    listed = ledger.read_ledger()
    told = records.merge(records.read_all(records.find([folder])), listed)
    seen = matrix.matrix_of(told, listed, [])
    return page.Content(
        runs=told,
        matrix=seen,
        defects=defects_of(listed, seen.versions),
        pictures={
            name: pictures.draw(corpus.load_case(name), told.newest.version, told.newest.properties_of(name))
            for name in drawn
        },
        checks=check.every(),
        course="",
        charts={},
        remedies=None,
        peers=None,
    )


def _properties(parent: ElementTree.Element, said: Mapping[str, str]) -> None:
    element = ElementTree.SubElement(parent, "properties")
    for name, value in said.items():
        ElementTree.SubElement(element, "property", name=name, value=value)
