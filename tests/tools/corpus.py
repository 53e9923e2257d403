"""The session ``nox -s corpus``: verify the corpus, and draw it where that is asked for."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from fixtures import command_line, regenerate
from fixtures.corpus import CaptureNotAtHand, Case, case_names, find_capture, load_case


@command_line.command("every case is stored whole, as it was or anew; the same command goes on")
def main(arguments: list[str] | None = None) -> int:
    """Verify, and draw; 1 where the corpus is not as it should be."""
    parser = regenerate.options_parser()
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw every case, and a contact sheet, into a folder")
    options = parser.parse_args(arguments)
    code = regenerate.verify(options)
    if options.plots and not code:
        from tests.tools import drawing  # noqa: PLC0415  (matplotlib takes seconds to import)

        cases = list(at_hand(options.root, find_capture(options.capture)))
        drawing.draw_cases(cases, options.plots, options.root)
    return code


def at_hand(root: Path, capture: Path | None) -> Iterator[Case]:
    """The cases whose data are here: that of the capture may be published elsewhere only."""
    for name in case_names(root):
        with contextlib.suppress(CaptureNotAtHand):
            yield load_case(name, root, capture)


if __name__ == "__main__":
    sys.exit(main())
