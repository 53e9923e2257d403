"""Find the release, and the commit, that changed what becomes of a case; as ``step``, judge one of a bisection.

``git bisect run python PROJECT/tests/tools/bisect step ...`` runs with the interpreter that it is called with, on the
scikit-learn that this imports where the user stands. Standard library only: the user's environment need have no more
than pytest and what scikit-learn needs, and nothing of what the search needs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[3]
GOOD, BAD, SKIP = 0, 1, 125


def step(arguments: list[str]) -> int:
    """The exit code that ``git bisect run`` understands: 0 good, 1 bad, 125 cannot be tested, and no other."""
    try:
        code, said = _step(arguments)
    except SystemExit as ended:  # argparse: 0 after --help, 2 for a wrong option, which git would take for bad
        return SKIP if ended.code else GOOD
    except KeyboardInterrupt:
        code, said = SKIP, "cannot be tested: interrupted"
    except Exception as error:  # whatever it is, it is no verdict on the commit
        code, said = SKIP, f"cannot be tested: {type(error).__name__}: {error}"
    print(said, file=sys.stderr)
    return code


def _step(arguments: list[str]) -> tuple[int, str]:
    options = _parser().parse_args(arguments)
    try:
        replies = _ask(options)
    except subprocess.TimeoutExpired:
        return SKIP, f"cannot be tested: it took more than {options.timeout:g} s"
    tested, verdict = replies[0], replies[-1]
    if "answer" not in verdict:
        return SKIP, f"cannot be tested: {verdict.get('refused') or verdict['error']}"
    place = Path(tested["answer"]["place"])
    if Path("sklearn", "__init__.py").exists() and Path.cwd().resolve() not in place.resolve().parents:
        return (
            SKIP,
            f"cannot be tested: {place} was imported; should be the checkout here (`pip install -e .`)",
        )
    name = f"scikit-learn {tested['answer']['scikit-learn']} of {place}"
    if verdict["answer"]["value"] == "passes":
        return GOOD, f"good: {options.check} passes on {options.case}, {name}"
    if verdict["answer"]["value"] == "not judged":
        return SKIP, f"cannot be tested: {verdict['answer']['said']}"
    return BAD, f"bad: {verdict['answer']['said']} ({name})"


def _ask(options: argparse.Namespace) -> list[dict[str, Any]]:
    """What the worker answers; in a process of its own, so that a crash of scikit-learn is an answer too."""
    questions = [{"do": "under_test"}, {"do": "judge", "checks": [options.check], "case": options.case}]
    path = [str(PROJECT), os.environ.get("PYTHONPATH", "")]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path)), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.workers.probe"],
        input="".join(json.dumps(question) + "\n" for question in questions),
        capture_output=True, text=True, check=False, env=variables, timeout=options.timeout,
    )  # fmt: skip
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    if replies and "answer" not in replies[0]:
        return replies[:1]
    if len(replies) < len(questions):
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return [*replies, {"refused": f"the worker ended with {done.returncode}: {last}"}]
    return replies


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.tools.bisect step",
        description="Judge the scikit-learn at hand by one check on one case, as `git bisect run` understands it.",
        epilog="exit codes: 0 good (or fixed: use git's terms), 1 bad, 125 cannot be tested",
    )
    parser.add_argument("--case", required=True, help="name of a case of the corpus")
    parser.add_argument("--check", required=True, help="a check (test_no_component_collapses), or a file of them")
    parser.add_argument("--timeout", type=float, default=600.0, metavar="SECONDS", help="(default: %(default)s)")
    return parser


if __name__ == "__main__":
    if sys.argv[1:2] == ["step"]:
        sys.exit(step(sys.argv[2:]))
    if not __package__:  # run as `python PROJECT/tests/tools/bisect`: from anywhere, with nothing set
        sys.path[0] = str(PROJECT)
    from tests.tools.bisect.command import main

    sys.exit(main())
