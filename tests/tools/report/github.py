"""What is not as the ledger says, as annotations that GitHub shows with a pull request.

They are workflow commands, lines of the log. GitHub shows ten of a step at each
level and no more, so that all cases of a check share one.
"""

from __future__ import annotations

from tests.tools.report.matrix import GONE, LEGEND, RED, Matrix, stretches
from tests.tools.report.records import Runs

MOST = 10
LONGEST = 400


def annotated(runs: Runs, seen: Matrix) -> list[str]:
    """A line for each check that is not as the ledger says, with the cases, the releases and what was seen."""
    lines = []
    # A defect that is gone is no fault of the release: the ledger must change.
    for level, states in (("error", [state for state in RED if state != GONE]), ("warning", [GONE])):
        found = [
            _command(level, *_said(state, check, runs, seen)) for state in states for check in _checks(seen, state)
        ]
        left = len(found) - MOST
        if left > 0:
            found[MOST - 1 :] = [_command(level, "more checks", f"and {left + 1} more checks: see the report")]
        lines += found
    return lines


def _checks(seen: Matrix, state: str) -> list[str]:
    return [check for check in seen.promises if _cases(seen, state, check)]


def _cases(seen: Matrix, state: str, check: str) -> list[str]:
    """The cases on which a check is in a state, with some release."""
    return [case for case, rows in seen.states.items() if state in rows.get(check, "")]


def _said(state: str, check: str, runs: Runs, seen: Matrix) -> tuple[str, str]:
    """The title and the message of a check: of its first case, and with how many more it is so."""
    case, *more = _cases(seen, state, check)
    row = seen.states[case][check]
    text = " ".join(runs.releases[row.rindex(state)].results[check, case].text.split())
    others = f" and {len(more)} more" if more else ""
    said = f"{LEGEND[state][0]} with scikit-learn {stretches(seen.versions, row, state)} on {case}{others}: {text}"
    return f"{check}[{case}]", said if len(said) <= LONGEST else f"{said[: LONGEST - 4]} ..."


def _command(level: str, title: str, message: str) -> str:
    """A workflow command, in which nothing that was recorded ends the line or begins another property."""
    message, title = (text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A") for text in (message, title))
    return f"::{level} title={title.replace(':', '%3A').replace(',', '%2C')}::{message}"
