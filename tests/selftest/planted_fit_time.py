"""A worker that says how long fits took without making any: its ``sklearn.mixture`` says what they are like."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.selftest import fit_timer_fake

PLAIN = {"seconds": 0.03, "noise": 0.0, "n_iter": 3, "refuses": "", "dies_in_round": 0, "interrupts_in_round": 0}


def started() -> int:
    """How often a worker of this environment was started: each one draws other numbers than the last."""
    with Path(sys.prefix, "started").open("a+", encoding="utf-8") as lines:
        lines.write(f"{os.getpid()}\n")
        lines.seek(0)
        return len(lines.readlines())


if __name__ == "__main__":
    from sklearn.mixture import PLANTED  # another one in each environment

    fit_timer_fake.serve({**PLAIN, "seed": str(PLANTED), "round": started(), **PLANTED})
