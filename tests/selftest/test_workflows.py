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
def test_nothing_may_be_written_but_the_page(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    of_the_workflow, *of_jobs = re.findall(r"^ *permissions:\n(?: +[\w-]+: \w+\n)+", text, flags=re.MULTILINE)
    assert of_the_workflow == "permissions:\n  contents: read\n"
    assert text.count("permissions:") == 1 + len(of_jobs)
    assert "secrets." not in text
    may_write = [name for name, job in jobs(text).items() if "permissions:" in job]
    assert may_write == (["pages"] if path.stem == "tests" else [])
    assert all(one.split() == ["permissions:", "pages:", "write", "id-token:", "write"] for one in of_jobs)


def test_the_job_that_may_write_runs_no_code_of_a_pull_request() -> None:
    job = jobs((ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8"))["pages"]
    assert "run:" not in job
    assert re.findall(r"uses: actions/([\w-]+)@", job) == ["deploy-pages"]
    assert "github.event_name == 'push'" in job
    assert "github.ref_name == github.event.repository.default_branch" in job


def test_the_report_takes_the_records_of_every_machine() -> None:
    found = jobs((ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8"))
    uploaded = {name for job in found.values() for name in re.findall(r"name: (\w+-)(?:\$|remedies)", job)}
    assert uploaded == set(re.findall(r"pattern: (\w+-)\*", found["report"])) == {"results-", "platform-"}
    assert "needs: [series, platforms, remedies]\n" in found["report"]


def jobs(text: str) -> dict[str, str]:
    """The text of each job."""
    parts = re.split(r"^  ([\w-]+):\n", text.partition("\njobs:\n")[2], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_session_exists(path: Path) -> None:
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    defined = set(re.findall(r"^def (\w+)\(session", noxfile, flags=re.MULTILINE))
    runs = re.findall(r"nox -s ((?:[a-z-]+ ?)+)", path.read_text(encoding="utf-8"))
    named = {name for run in runs for name in run.split(" -")[0].split()}
    assert named
    assert {name.replace("-", "_") for name in named} <= defined
