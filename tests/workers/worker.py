"""The inside end of a worker process: answers requests, one JSON object a line.

A worker is held open by a tool outside (``tests/tools/worker_process.py``), so
that many fits share one import of scikit-learn. What the estimator prints goes
to standard error: standard output carries answers only.

Runs inside old environments: Python 3.6 syntax, standard library only.
"""

import json
import os
import select
import sys
import threading
import time
import traceback
from typing import Any, Callable, Dict, Tuple


class Refused(ValueError):
    """A request that cannot be met, for a reason that the user should read."""


def serve(answers: Dict[str, Callable[..., Any]]) -> None:
    """Answer requests until standard input ends.

    A request is ``{"do": NAME, ...}``; the other items are the arguments of the
    answer of that name, which takes and returns what JSON can represent. The
    reply is ``{"answer": ...}``, ``{"refused": "why"}`` where it raises
    `Refused`, or ``{"error": "Type: message", "traceback": "..."}``. Where the
    process that asks is killed this one ends too, in the middle of an answer.
    """
    requests, replies = _private_ends()
    threading.Thread(target=_end_with_parent, args=(requests.fileno(), os.getppid()), daemon=True).start()
    for line in requests:
        request = json.loads(line)
        try:
            reply = {"answer": answers[request.pop("do")](**request)}
        except Refused as reason:
            reply = {"refused": str(reason)}
        except Exception as error:  # the tool outside decides what it means
            reply = {"error": "{}: {}".format(type(error).__name__, error), "traceback": traceback.format_exc()}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def _end_with_parent(requests: int, parent: int) -> None:
    """Wait, without any work, until nobody can ask any more; and then until the parent has ended, if ever."""
    if hasattr(select, "poll"):  # not on Windows
        hung_up = select.poll()
        hung_up.register(requests, 0)  # of no event but that one
        hung_up.poll()
        while os.getppid() == parent:  # it may wait for answers to what it asked before
            time.sleep(0.1)
        os._exit(1)


def _private_ends() -> Tuple[Any, Any]:
    """The two ends of the pipe, moved to where no code under test reads or prints."""
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return os.fdopen(requests, encoding="utf-8"), os.fdopen(replies, "w", encoding="utf-8")
