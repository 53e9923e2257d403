"""Store the fit of the capture, as the expectation of tests/test_capture.py.

Runs inside the environment of one release. The selftests compare it
with the figures that the reporter printed.

Examples
--------
  nox -s record-published-fit -- --capture DIR
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fixtures import command_line, corpus, whole_file
from tests import test_capture
from tests.support import environment, replay
from tests.support.estimator import DEFAULT_ESTIMATOR, import_estimator


@command_line.command()
def main(arguments: list[str] | None = None) -> int:
    parser = command_line.parser("record-published-fit", __doc__)
    parser.add_argument("--capture", metavar="DIR", help="folder that holds the public capture (default: GMM_CAPTURE)")
    parser.add_argument("--output", type=Path, default=test_capture.RECORD, help="default: %(default)s")
    options = parser.parse_args(arguments)
    case = corpus.load_case(corpus.CAPTURE_CASE, capture=corpus.find_capture(options.capture))
    print(f"fitting {case.title} ({len(case.frame):,} samples) ...", flush=True)
    (outcome,) = replay.replay(case, import_estimator(DEFAULT_ESTIMATOR))
    if outcome.means is None or outcome.covariances is None:
        print(f"error: the fit raised {outcome.error}; should return a fitted estimator", file=sys.stderr)
        return 1
    fitted = {"means": outcome.means.tolist(), "covariances": outcome.covariances.tolist()}
    content = {"recorded_with": environment.describe(), **fitted}
    whole_file.write_text(options.output, json.dumps(content, indent=1) + "\n")
    print(f"wrote {options.output} after {outcome.seconds:.1f} s of fitting")
    return 0


if __name__ == "__main__":
    sys.exit(main())
