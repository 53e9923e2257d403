"""A worker that says how long fits took without making any; what they are like is told by an environment variable."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from typing import Any

from tests.workers import worker

NAME = "FIT_TIMER_FAKE"


def serve(told: dict[str, Any]) -> None:
    """Answer as a real timer would, with what `test_compare.Behaviour` says."""
    draw = random.Random(f"{told['seed']} {told['round']}")  # noqa: S311  (noise of a fake)

    def load(case: str, **_: object) -> dict[str, object]:
        if case == told["refuses"]:
            raise worker.Refused(f"the fit of {case} raised ValueError: ill-defined empirical covariance")
        return {"n_iter": told["n_iter"], "seconds": told["seconds"], "way": "explicit"}

    def time(n_fits: int, **_: object) -> dict[str, float]:
        if told["round"] == told["dies_in_round"]:
            sys.stderr.write("out of memory\n")
            sys.stderr.flush()
            os._exit(9)
        if told["round"] == told["interrupts_in_round"]:
            os.kill(os.getppid(), signal.SIGINT)
        seconds = n_fits * told["seconds"] * draw.lognormvariate(0, told["noise"])
        return {"cpu": seconds, "wall": seconds}

    versions = {"python": "3.13.0", "numpy": "2.3.0", "scipy": "1.16.0"}
    worker.serve({"load": load, "time": time, "peak_memory": lambda **_: 400_000, "describe": lambda: versions})


if __name__ == "__main__":
    serve(json.loads(os.environ[NAME]))
