"""A worker that does what a test asks for, well or badly."""

from __future__ import annotations

import os
import sys
import threading

from tests.workers import worker


def echo(value: object) -> object:
    print("printed by the code under test")
    return value


def refuse() -> None:
    raise worker.Refused("there is no such case")


def fail() -> None:
    raise ZeroDivisionError("in the code under test")


def die() -> None:
    sys.stderr.write("last words\n")
    sys.stderr.flush()
    os._exit(3)


def hang() -> None:
    threading.Event().wait()


if __name__ == "__main__":
    worker.serve({"echo": echo, "refuse": refuse, "fail": fail, "die": die, "hang": hang})
