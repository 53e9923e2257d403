"""The session ``nox -s corpus``: verify the corpus, and draw it where that is asked for."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from fixtures import regenerate
from fixtures.corpus import CaptureNotAtHand, Case, case_names, find_capture, load_case
from fixtures.validation import BrokenCase


def main(arguments: list[str] | None = None) -> int:
    """Verify, and draw; 1 where the corpus is not as it should be."""
    parser = regenerate.options_parser()
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw every case, and a contact sheet, into a folder")
    options = parser.parse_args(arguments)
    try:
        code = regenerate.verify(parser, options)
        if options.plots and not code:
            from tests.tools import contact_sheet  # noqa: PLC0415  (matplotlib takes seconds to import)

            cases = list(_at_hand(options.root, find_capture(options.capture)))
            contact_sheet.draw_cases(cases, options.plots, options.root)
        return code
    except BrokenCase as error:
        print(f"error: {error}", file=sys.stderr)
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}; should be a place that can be written", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 2


def _at_hand(root: Path, capture: Path | None) -> Iterator[Case]:
    for name in case_names(root):
        with contextlib.suppress(CaptureNotAtHand):
            yield load_case(name, root, capture)


if __name__ == "__main__":
    sys.exit(main())
