"""Regenerate the synthetic cases and verify the whole corpus.

Without options every generated case is made anew in memory and compared byte
for byte with what is stored, and every stored case is loaded and checked from
end to end. ``--write`` stores what differs first.

Examples
--------
  nox -s corpus
  nox -s corpus -- --write
  nox -s corpus -- --plots DIR --capture DIR
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from fixtures import command_line, documentation, stored_case, verifier, whole_file
from fixtures.corpus import CASES, CaptureNotAtHand, Case, case_names, find_capture, load_case
from fixtures.fault import Fault
from fixtures.generators import generated_cases


@command_line.command("every case is stored whole, as it was or anew; the same command goes on")
def main(arguments: list[str] | None = None) -> int:
    """Verify, and draw; 1 where the corpus is not as it should be."""
    options = _parser().parse_args(arguments)
    code = verify(options)
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


def differences(case: Case, root: Path) -> list[str]:
    """What of a stored case is not as the generator makes it, one line each."""
    return [
        f"{path} differs from what the generator makes; should be equal byte for byte"
        if path.is_file()
        else f"{path} is missing; should be there"
        for path in stored_case.differing(case, root)
    ]


def check_readme(write_tables: bool) -> list[str]:
    """Whether the tables of fixtures/README.md are as the corpus has them; written where asked."""
    text = documentation.README.read_text(encoding="utf-8")
    current = documentation.with_tables(text)
    if text == current:
        return []
    if write_tables:
        whole_file.write_text(documentation.README, current)
        print(f"  {documentation.README.name}: tables written")
        return []
    return [f"{documentation.README} has tables that are not as the corpus is; should be generated from it"]


def verify(options: argparse.Namespace) -> int:
    """Regenerate and verify; 1 where something is not as it should be."""
    if not options.root.is_dir():
        raise Fault(f"--root names {str(options.root)!r}, which is not a folder")
    capture = find_capture(options.capture)
    generated = list(generated_cases())
    if options.write:
        for case in generated:
            if differences(case, options.root):
                stored_case.store(case, options.root, replace=True)
                print(f"  {case.name}: written; next: `nox -s record-baseline -- {case.name}`")
    wrong = [line for case in generated for line in differences(case, options.root)]
    wrong += verifier.lint(options.root, capture, {case.name for case in generated})
    if options.root == CASES and not wrong:
        wrong = check_readme(options.write)
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    if wrong:
        print("next: `nox -s corpus -- --write` stores the cases as the generator makes them", file=sys.stderr)
        return 1
    print(f"{len(case_names(options.root))} cases verified")
    return 0


def _parser() -> command_line.Parser:
    parser = command_line.parser("corpus", __doc__)
    parser.add_argument("--write", action="store_true", help="store the generated cases that differ, then verify")
    parser.add_argument("--root", type=Path, default=CASES, help="the folder of all cases (default: the corpus)")
    parser.add_argument("--capture", metavar="DIR", help="folder that holds the public capture (default: GMM_CAPTURE)")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw every case, and a contact sheet, into a folder")
    return parser


if __name__ == "__main__":
    sys.exit(main())
