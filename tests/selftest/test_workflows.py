"""CI's workflows: actions pinned by commit, no more permissions than reading, no session that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_and_leave_no_credentials(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    actions = re.findall(r"uses: (.*)", text)
    assert actions
    for action in actions:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action
    checkouts = re.findall(r"uses: actions/checkout@.*\n(.*\n.*\n)", text)
    assert len(checkouts) == text.count("actions/checkout@")
    assert all("persist-credentials: false" in step for step in checkouts)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_nothing_may_be_written(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^permissions:\n(?:  .*\n)+", text, flags=re.MULTILINE) == ["permissions:\n  contents: read\n"]
    assert text.count("permissions:") == 1
    assert "secrets." not in text


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_session_exists(path: Path) -> None:
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    defined = set(re.findall(r"^def (\w+)\(session", noxfile, flags=re.MULTILINE))
    runs = re.findall(r"nox -s ((?:[a-z-]+ ?)+)", path.read_text(encoding="utf-8"))
    named = {name for run in runs for name in run.split(" -")[0].split()}
    assert named
    assert {name.replace("-", "_") for name in named} <= defined
