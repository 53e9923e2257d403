"""What the README says is so: its snippet works, its checks and sessions exist."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from fixtures.corpus import CASES, case_names, load_case, read_description
from tests.support import replay
from tests.support.diagnosis import diagnose

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LOST = [
    name
    for name in case_names()
    if {"object-leaves", "underflow"} <= set(read_description(CASES / name)["flags"])
    and not {"published", "no-floor"} & set(read_description(CASES / name)["flags"])
]


@pytest.fixture(scope="module")
def snippet() -> type[GaussianMixture]:
    """The class of the README's Python snippet."""
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    names: dict[str, type[GaussianMixture]] = {}
    exec(code, names)  # noqa: S102  (what a user would paste)
    return names["LogDomainMixture"]


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


def test_every_check_file_is_in_the_table_of_promises() -> None:
    files = {path.name for path in (ROOT / "tests").glob("test_*.py")} - {"test_fit_time.py"}
    assert set(re.findall(r"^\| `(test_\w+\.py)` \|", README, flags=re.MULTILINE)) == files


def test_every_session_that_is_named_exists() -> None:
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    named = set(re.findall(r"nox -s ([a-z-]+)", README))
    defined = set(re.findall(r"^def (\w+)\(session", noxfile, flags=re.MULTILINE))
    assert {name.replace("-", "_") for name in named} <= defined


def test_every_file_of_the_map_exists() -> None:
    (tree,) = re.findall(r"## Map\n\n```\n(.*?)```", README, flags=re.DOTALL)
    for line in tree.splitlines():
        assert list(ROOT.glob(line.split()[0].rstrip("/"))), line
