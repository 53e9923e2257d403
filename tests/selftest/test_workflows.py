"""CI's workflows: actions pinned by commit, no more permissions than reading, no session that does not exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CALLED = "$/.github/workflows/tests.yml"
TESTS = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_and_leave_no_credentials(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    actions = re.findall(r"uses: (.*)", text)
    assert actions
    for action in actions:
        if action == CALLED:  # of this commit
            continue
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action
    checkouts = [step for step in re.split(r"^      - ", text, flags=re.MULTILINE) if "actions/checkout@" in step]
    assert all("          persist-credentials: false\n" in step for step in checkouts)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_nothing_may_be_written_but_the_page(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    of_the_workflow, *of_jobs = re.findall(r"^ *permissions:\n(?: +[\w-]+: \w+\n)+", text, flags=re.MULTILINE)
    assert of_the_workflow == "permissions:\n  contents: read\n"
    assert text.count("permissions:") == 1 + len(of_jobs)
    assert "secrets." not in text
    may_write = [name for name, job in jobs(text).items() if "permissions:" in job]
    assert may_write == (["pages"] if path.stem == "main" else [])  # a workflow that others call may ask for no more
    assert all(one.split() == ["permissions:", "pages:", "write", "id-token:", "write"] for one in of_jobs)


def test_the_job_that_may_write_runs_no_code_of_a_pull_request() -> None:
    job = jobs((ROOT / ".github" / "workflows" / "main.yml").read_text(encoding="utf-8"))["pages"]
    assert "run:" not in job
    assert re.findall(r"uses: actions/([\w-]+)@", job) == ["deploy-pages"]
    assert "github.event_name == 'push'" in job
    assert "github.ref_name == github.event.repository.default_branch" in job


def test_the_report_takes_the_records_of_every_machine() -> None:
    found = jobs(TESTS)
    uploaded = {
        name for job in found.values() for name in re.findall(r"upload-artifact@[^#]*#.*\n +with:\n +name: (.*)", job)
    }
    of_the_source = "-of-${{ needs.matrix.outputs.name }}"
    results = {f"results-{which}{of_the_source}" for which in ("${{ strategy.job-index }}", "remedies")}
    assert uploaded == {*results, "platform-${{ matrix.os }}", "report-${{ needs.matrix.outputs.name }}"}
    assert re.findall("pattern: (.*)", found["report"]) == [f"results-*{of_the_source}", "platform-*"]
    assert "needs: [matrix, series, source, platforms, remedies]\n" in found["report"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_an_expression_names_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    declared = set(re.findall(r"^      ([\w-]+):\n +description:", text.partition("\npermissions:")[0], re.MULTILINE))
    assert set(re.findall(r"\binputs\.([\w-]+)", text)) <= declared
    found = jobs(text)
    for name, job in found.items():
        needed = re.findall(r"[\w-]+", "".join(re.findall(r"^    needs: (.*)", job, re.MULTILINE)))
        assert set(needed) <= set(found)
        assert set(re.findall(r"\bneeds\.([\w-]+)", job)) <= set(needed), name
        assert set(re.findall(r"\bsteps\.([\w-]+)", job)) <= set(re.findall(r"\bid: ([\w-]+)", job)), name
        for other, output in re.findall(r"\bneeds\.([\w-]+)\.outputs\.([\w-]+)", job):
            given = declared_by_the_called() if f"uses: {CALLED}" in found[other] else outputs_of(found[other])
            assert output in given, name
    for output in re.findall(r"\bjobs\.report\.outputs\.([\w-]+)", text):
        assert output in outputs_of(found["report"])


def outputs_of(job: str) -> set[str]:
    (block,) = re.findall(r"^    outputs:\n((?:      .*\n)+)", job, flags=re.MULTILINE)
    return set(re.findall(r"^      ([\w-]+):", block, flags=re.MULTILINE))


def declared_by_the_called() -> set[str]:
    return set(
        re.findall(r"^      ([\w-]+):\n", TESTS.partition("    outputs:\n")[2].partition("\npermissions")[0], re.M)
    )


def test_what_is_checked_out_of_a_called_workflow_is_its_own() -> None:
    """Without a repository it would be the caller's."""
    found = jobs(TESTS)
    for name in ("matrix", "series", "source", "report"):
        own = r"actions/checkout@.*\n +with:\n(?: +#.*\n)? +repository: \$\{\{ job\.workflow_repository \}\}\n"
        assert re.search(own + r" +ref: \$\{\{ job\.workflow_sha \}\}\n", found[name]), name


@pytest.mark.parametrize(
    ("source", "kind", "name"),
    [
        ("", "series", "series"),
        ("series", "series", "series"),
        ("scikit-learn/scikit-learn@refs/pull/1/merge", "revision", "scikit-learn-scikit-learn-refs-pull-1-merge"),
        ("nightly", "named", "nightly"),
        ("1.9.1", "named", "1.9.1"),
        ("0.22.2.post1", "named", "0.22.2.post1"),
        ("wheel-cp313", "wheel", "wheel-cp313"),
        ("3.13 wheel", "wheel", "3.13-wheel"),
        ("a; exit 3 $(exit 4)", "wheel", "a--exit-3---exit-4-"),
    ],
)
def test_a_source_is_told_by_its_name(tmp_path: Path, source: str, kind: str, name: str) -> None:
    said = run_step(tmp_path, "SHARDS: ", SOURCE=source, SHARDS="3")
    assert (said["kind"], said["name"], said["parts"]) == (kind, name, '["1/3","2/3","3/3"]')
    if kind == "revision":
        assert (said["repository"], said["revision"]) == ("scikit-learn/scikit-learn", "refs/pull/1/merge")


@pytest.mark.parametrize(
    ("kind", "source", "found"),
    [
        ("named", "1.9.1", "1.9.1"),
        ("revision", "scikit-learn/scikit-learn@main", "source/scikit-learn"),
        ("wheel", "my-wheel", "source/below/one.whl"),
    ],
)
def test_a_source_is_tested_in_parts(tmp_path: Path, kind: str, source: str, found: str) -> None:
    (tmp_path / "source" / "below").mkdir(parents=True)
    (tmp_path / "source" / "below" / "one.whl").touch()
    (tmp_path / "python").write_text('#!/bin/sh\necho "said=$*" > "$GITHUB_OUTPUT"\n')
    (tmp_path / "python").chmod(0o755)
    said = run_step(tmp_path, "KIND: ", KIND=kind, SOURCE=source, PART="2/3")
    assert said["said"] == f"-m nox -s tests-source -- {found} --shard 2/3"


@pytest.mark.parametrize("code", ["0", "1"])
def test_the_exit_code_is_given_to_the_caller(tmp_path: Path, code: str) -> None:
    assert run_step(tmp_path, "CODE: ", ends=int(code), CODE=code) == {"exit-code": code}


def run_step(folder: Path, variable: str, *, ends: int = 0, **variables: str) -> dict[str, str]:
    """Run the step of the workflow that is given a variable, as GitHub runs it, and return its outputs."""
    bash = shutil.which("bash")
    if bash is None or shutil.which("jq") is None:
        pytest.skip("bash and jq are needed, which GitHub's machines have")
    (step,) = (one for one in re.split(r"^      - ", TESTS, flags=re.MULTILINE) if f"  {variable}" in one)
    script = textwrap.dedent(step.partition("run: |\n")[2].partition("\n\n")[0])
    output = folder / "output"
    output.touch()
    place = {"GITHUB_OUTPUT": str(output), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [bash, "-e", "-o", "pipefail", "-c", script], cwd=folder, env={**place, **variables}, check=False
    )
    assert done.returncode == ends
    return dict(line.split("=", 1) for line in output.read_text().splitlines())


def test_what_a_maintainer_pastes_calls_the_workflow() -> None:
    (pasted,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(pasted.splitlines()) == 5
    assert re.search(r"    uses: [A-Z/]+/\.github/workflows/tests\.yml@main\n    with:\n      source: ", pasted)


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
    assert named or f"uses: {CALLED}" in path.read_text(encoding="utf-8")
    assert {name.replace("-", "_") for name in named} <= defined
