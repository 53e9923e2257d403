"""Records of runs, made by hand as pytest and conftest.py write them, and a page that is made of some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from fixtures import corpus
from tests.support import ledger, record, record_format
from tests.tools.report import evidence, matrix, page, pictures, runs
from tests.tools.report.defects import defects_of

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
SEEN = "scikit-learn {}, case {}: 1 of 11 components collapsed (10 empty)"


@dataclass(frozen=True)
class Test:
    """One test of a record: how it ended, and what was recorded with it."""

    __test__ = False

    check: str
    case: str
    state: str = "passed"
    text: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


def header(release: str = "1.9.1", **changed: str) -> dict[str, str]:
    """What a record of this corpus and this ledger says of itself."""
    said = record.header(
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
        _properties(element, test.properties)
        if test.state == "known":
            ElementTree.SubElement(element, "skipped", type="pytest.xfail", message="known defect")
        elif test.state == "skipped":
            ElementTree.SubElement(element, "skipped", type="pytest.skip", message=test.text)
        elif test.state != "passed":
            ElementTree.SubElement(element, test.state, message=test.text).text = test.text
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    return path


def known(check: str, case: str, text: str) -> Test:
    """A test that fails as the ledger lists it."""
    return Test(check, case, "known", properties={record_format.SEEN: text})


def failed(check: str, case: str, text: str) -> Test:
    """A test that breaks a promise."""
    return Test(check, case, "failure", text, {record_format.SEEN: text})


def of_release(release: str) -> list[Test]:
    """Three cases and three checks as the ledger has them for 0.19.2 or 1.9.1."""
    counted_wrong = release == "0.19.2"
    tests = [known(COLLAPSE, LOST, SEEN.format(release, LOST)), Test(COLLAPSE, STILL, properties=FIT)]
    tests += [Test(BOUND, case, properties={"lower_bounds": "[-7.5, -7.42, -7.417]"}) for case in (LOST, STILL)]
    wrong = "scikit-learn {}, case {}: seen n_iter_ 2; should be 3"
    tests += [
        known(ITERATIONS, case, wrong.format(release, case)) if counted_wrong else Test(ITERATIONS, case)
        for case in (LOST, STILL)
    ]
    return [*tests, Test(COLLAPSE, FLOAT32, "skipped", "skipped for a reason")]


FIT = {"n_iter": "2", "converged": "True", "lower_bound": "-7.25", "fit_seconds": "0.010"}


def content_of(folder: Path, *drawn: str) -> page.Content:
    """What a page is made of, out of all records in a folder; some cases are drawn."""
    listed = ledger.read_ledger()
    told = runs.merge(runs.read(runs.find([folder])), listed)
    seen = matrix.matrix_of(told, listed, [])
    return page.Content(
        runs=told,
        matrix=seen,
        defects=defects_of(listed, seen.versions),
        pictures={name: pictures.draw(corpus.load_case(name), evidence.told(told.newest, name)) for name in drawn},
        promises=matrix.promises_kept(corpus.PROJECT / "tests"),
        course="",
        charts={},
        remedies=None,
    )


def _properties(parent: ElementTree.Element, said: Mapping[str, str]) -> None:
    element = ElementTree.SubElement(parent, "properties")
    for name, value in said.items():
        ElementTree.SubElement(element, "property", name=name, value=value)
