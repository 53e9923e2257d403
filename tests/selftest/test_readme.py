"""What the READMEs say is so: the pasted class works; what they name and link to exists."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from fixtures import documentation
from fixtures.corpus import CASES, PROJECT, case_names, load_case, read_description
from tests.support import check, ledger, remedies, replay
from tests.support.diagnosis import diagnose
from tests.support.subject import Subject
from tests.tools import release_environment, release_table
from tests.tools.nox_session import PYTEST_OPTIONS
from tests.tools.release_table import Release
from tests.workers import pasted

FRONT = PROJECT / "README.md"
README = FRONT.read_text(encoding="utf-8")
PAGES = {
    str(path.relative_to(PROJECT)): path.read_text(encoding="utf-8")
    for path in (FRONT, documentation.REFERENCE, documentation.README)
}
NOXFILE = (PROJECT / "noxfile.py").read_text(encoding="utf-8")
MOST_BYTES = 10_500
SERIES = release_table.newest_of_series(release_table.read())
LOST = [
    name
    for name in case_names()
    if {"object-leaves", "underflow"} <= set(read_description(CASES / name)["flags"])
    and not {"published", "no-floor"} & set(read_description(CASES / name)["flags"])
]


OTHER_DEFECTS = ("float32-negative-covariance", "float32-loses-reg-covar")


@pytest.fixture(scope="module")
def snippet() -> type[GaussianMixture]:
    """The class of the README's Python snippet."""
    made: type[GaussianMixture] = pasted.defined("WarmStartMixture")
    return made


@pytest.mark.parametrize("name", LOST)
def test_the_snippet_loses_no_component(name: str, snippet: type[GaussianMixture]) -> None:
    case = load_case(name)
    for way in replay.ways(case):
        for outcome in replay.replay(case, snippet, way):
            assert not diagnose(case, outcome).collapsed()


def test_the_snippet_changes_nothing_where_nothing_is_lost(snippet: type[GaussianMixture]) -> None:
    case = load_case("control-16d")
    (own,), (plain,) = (replay.replay(case, estimator) for estimator in (snippet, GaussianMixture))
    assert own.means is not None
    assert plain.means is not None
    np.testing.assert_allclose(own.means, plain.means, rtol=1e-12)
    assert own.n_iter == plain.n_iter


def test_the_snippet_is_the_remedy_of_its_name() -> None:
    remedy = Path(remedies.__file__).read_text(encoding="utf-8")
    assert _methods(pasted.code_of("WarmStartMixture"), "WarmStartMixture") == _methods(remedy, "WarmStartMixture")


def _methods(source: str, name: str) -> list[str]:
    """The methods of a class without what only readers see: annotations and docstrings."""
    (found,) = (one for one in ast.parse(source).body if isinstance(one, ast.ClassDef) and one.name == name)
    methods = [one for one in found.body if isinstance(one, ast.FunctionDef)]
    for method in methods:
        method.returns = None
        for argument in ast.walk(method.args):
            if isinstance(argument, ast.arg):
                argument.annotation = None
        if ast.get_docstring(method):
            del method.body[0]
    return [ast.unparse(method) for method in methods]


@pytest.mark.parametrize("release", SERIES, ids=[release.version for release in SERIES])
def test_the_remedy_loses_no_component_on_any_series(release: Release) -> None:
    # Some fits of float32 raise, on scikit-learn's class as well: other defects, which the class does not cure.
    entries = ledger.read_ledger().entries
    raising = {entry.case for entry in entries if entry.defect in OTHER_DEFECTS}
    others = " and ".join(f"not {name}" for name in sorted(raising))
    estimator = ["--estimator", "tests.support.remedies:WarmStartMixture", "--no-ledger", "-k", others]
    done = _run_in(release, "pytest", *PYTEST_OPTIONS, "-q", *estimator, "tests/test_collapse.py")
    assert done.returncode == 0, done.stdout


def _run_in(release: Release, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module in the environment of a release that is made already."""
    if not release_environment.is_made(release):
        pytest.skip(f'the environment of {release.version} is not made; `nox -s "tests(sklearn=...)"` makes it')
    return subprocess.run(
        [str(release_environment.make(release)), "-m", module, *arguments],
        cwd=PROJECT, env=release_environment.variables(), capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("release", SERIES, ids=[release.version for release in SERIES])
def test_the_pasted_function_agrees_with_the_diagnosis_on_every_series(release: Release) -> None:
    done = _run_in(release, "tests.workers.pasted", *(["--capture"] if release is SERIES[-1] else []))
    assert done.returncode == 0, done.stdout


def test_the_pasted_function_says_that_what_is_not_finite_is_lost() -> None:
    mixture = SimpleNamespace(weights_=np.full(2, 0.5), means_=np.array([[np.nan, 1], [1, 1]]))
    assert pasted.defined("lost_components")(mixture, np.array([[0, 0], [2, 2]])).tolist() == [0]


def test_the_pasted_function_takes_a_component_among_samples_for_lost_without_mass_at_the_origin_only() -> None:
    """In no case of the corpus is the origin among the samples."""
    masses = np.finfo(float).eps * np.array([10, 20, 5e15, 10])
    mixture = SimpleNamespace(weights_=masses / 2, means_=np.array([[0.0], [0.0], [0.0], [0.5]]))
    assert pasted.defined("lost_components")(mixture, np.array([[-1.0], [1.0]])).tolist() == [0]


def test_the_pasted_function_has_at_most_fifteen_lines_and_needs_numpy_alone() -> None:
    code = pasted.code_of("lost_components")
    assert len(code.splitlines()) <= 15
    assert re.findall(r"^(?:import|from) .*$", code, flags=re.MULTILINE) == ["import numpy as np"]


def test_the_readme_is_short() -> None:
    assert FRONT.stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if target.startswith("https://"):
            continue
        path, _, heading = target.partition("#")
        place = (PROJECT / page).parent / path if path else PROJECT / page
        assert place.exists(), target
        assert not heading or heading in anchors(place.read_text(encoding="utf-8")), target


def anchors(text: str) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_is_named_exists(page: str) -> None:
    for name in re.findall(r"`((?:tests|fixtures|measured|generators|\.github)/[^\s`]*)`", PAGES[page]):
        assert any(list(folder.glob(name.rstrip("/"))) for folder in (PROJECT, (PROJECT / page).parent)), name


@pytest.mark.parametrize("page", PAGES)
def test_every_session_that_is_named_exists(page: str) -> None:
    defined = set(re.findall(r"^def (\w+)\(session", NOXFILE, flags=re.MULTILINE))
    assert {name.replace("-", "_") for name in re.findall(r"nox -s ([a-z-]+)", PAGES[page])} <= defined


def options_named() -> dict[str, set[str]]:
    """The options that the READMEs give each session after ``--``."""
    named: dict[str, set[str]] = {}
    for text in PAGES.values():
        for session, words in re.findall(r"nox -s ([a-z-]+) -- ([^`\n]*)", text):
            named.setdefault(session, set()).update(re.findall(r"(?<!\S)--[a-z-]+", words))
    # What follows tests goes to pytest.
    return {session: options for session, options in named.items() if options and session != "tests"}


@pytest.mark.parametrize("session", sorted(options_named()))
def test_every_option_that_is_named_exists(session: str) -> None:
    body = re.split(rf"^def {session.replace('-', '_')}\(session", NOXFILE, flags=re.MULTILINE)[1]
    module = re.findall(r'"((?:tests|fixtures)\.[\w.]+)"', body)[0]
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert options_named()[session] <= set(re.findall(r"--[a-z-]+", done.stdout))


def test_every_file_of_the_map_exists() -> None:
    (tree,) = re.findall(r"## Map\n\n```\n(.*?)```", README, flags=re.DOTALL)
    for line in tree.splitlines():
        assert list(PROJECT.glob(line.split()[0].rstrip("/"))), line


def test_the_message_that_is_shown_is_one_that_is_rendered() -> None:
    """But for what a machine rounds otherwise, and the last line, which is cut."""
    subject = Subject(load_case("object-leaves-frame"), GaussianMixture, "1.9.1")
    made = check.every()["test_no_component_collapses"]
    (shown,) = re.findall(r"```\n_+ test_no_component_collapses.*?_\n(.*?)```", README, flags=re.DOTALL)
    *lines, last = shown.strip().splitlines()
    *rendered, next_step = made.message(subject, made.judge(subject)).splitlines()
    assert lines == rendered
    assert next_step.startswith(last.removesuffix("..."))
