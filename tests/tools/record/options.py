"""The options of a recording: what there is, what makes no sense, and what they make of pixels."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path

from fixtures import add_case, command_line, scratch
from fixtures.corpus import NAME, PROJECT
from fixtures.fault import Fault
from fixtures.validation import check_settings
from tests.tools import arrays
from tests.tools.record.frames import MOST_FEATURES, PIXELS, POINTS, FrameSource
from tests.tools.record.pixels import Conversion, Crop, Thinning, default_most

RECORDED = PROJECT / ".recorded"
EXIT_CODES = "0 a break was recorded, 1 nothing broke, 2 wrong use or bad input"
OF_CONVERSION = ("threshold", "scale", "above", "difference", "crop")
OF_THINNING = ("stride", "max_samples")


def parse(arguments: list[str] | None, documentation: str | None) -> argparse.Namespace:
    """The options as typed; a `Fault` where they make no sense, before anything is read."""
    options = _parser(documentation).parse_args(arguments)
    scratch.clear(options.root)
    _check(options)
    return options


def conversion(options: argparse.Namespace, source: FrameSource) -> tuple[Conversion, Thinning]:
    """How pixels of this source become samples, and how many of these are fitted."""
    given = {key: getattr(options, key) for key in OF_CONVERSION + OF_THINNING if getattr(options, key) is not None}
    if given and source.holds == POINTS:
        option = min(given).replace("_", "-")
        raise Fault(f"--{option} is for pixels; {source.description}: should go without it, or with --as pixels")
    most = options.max_samples or (None if options.stride else default_most(options.components))
    of_pixels = {key: value for key, value in given.items() if key in OF_CONVERSION}
    return Conversion(**of_pixels), Thinning(most, options.stride or 1)


def _check(options: argparse.Namespace) -> None:
    for option in ("components", "every", "stride"):
        value = getattr(options, option)
        if value is not None and value < 1:
            raise Fault(f"--{option} is {value}; should be 1 or more")
    if options.max_samples is not None and options.max_samples < options.components:
        raise Fault(f"--max-samples is {options.max_samples}; should be at least one a component, {options.components}")
    if options.threshold is not None and not (math.isfinite(options.threshold) and options.threshold >= 0):
        raise Fault(f"--threshold is {options.threshold}; should be a grey level, 0 or more")
    if options.scale is not None and not (math.isfinite(options.scale) and options.scale > 0):
        raise Fault(f"--scale is {options.scale}; should be more than 0")
    if options.picture is not None and (options.picture.suffix != ".png" or not options.picture.parent.is_dir()):
        raise Fault(f"--picture is {str(options.picture)!r}; should end in .png, in a folder that exists")
    if options.name is not None and not re.fullmatch(NAME, options.name):
        raise Fault(f"--name is {options.name!r}; should be lower-case letters and digits, joined by hyphens")
    if options.root != RECORDED and not options.root.is_dir():
        raise Fault(f"--root names {str(options.root)!r}, which is not a folder")
    if options.name is not None and (options.root / options.name).exists():
        raise Fault(f"--name is {options.name!r}, and {options.root / options.name} exists; should be a new name")
    check_settings(Path("the settings given"), add_case.settings_of(options))


def _crop(text: str) -> Crop:
    """The rectangle that the user typed."""
    parts = re.fullmatch(r"(\d{1,6}),(\d{1,6}),(\d{1,6}),(\d{1,6})", text, flags=re.ASCII)
    crop = Crop(*map(int, parts.groups())) if parts else None
    if crop is None or not crop.width or not crop.height:
        raise Fault(f"--crop is {text!r}; should be X,Y,WIDTH,HEIGHT in whole pixels, like 200,80,640,480")
    return crop


def _parser(documentation: str | None) -> argparse.ArgumentParser:
    parser = command_line.parser("record", documentation, EXIT_CODES)
    add = parser.add_argument
    add("source", type=Path, metavar="VIDEO_OR_FRAMES", help="a video, a folder of images or .npy arrays, or one .npy")
    add("--components", type=int, required=True, metavar="K", help="number of components of the mixture")
    add_case.add_settings(parser)
    add("--crop", type=_crop, metavar="X,Y,WIDTH,HEIGHT",
        help="take this rectangle of each picture; coordinates stay those of the whole picture")  # fmt: skip
    add("--threshold", type=float, metavar="T", help="grey level from which on a pixel is lit (default: 1)")
    add("--scale", type=float, metavar="S", help="repeat a lit pixel round(S * grey level) times (default: 1)")
    add("--above", action="store_true", default=None, help="repeat it round(S * (grey level - T)) times")
    add("--difference", action="store_true", default=None, help="take absolute differences to the frame before")
    add("--every", type=int, default=1, metavar="N", help="take every N-th frame (default: every one)")
    add("--max-samples", type=int, metavar="N",
        help="of a frame with more, take one sample of every 2, 4, 8 ..."
        " (default: 1,200,000 / K, at most 100,000, at least 100 * K)")  # fmt: skip
    add("--stride", type=int, metavar="N",
        help="take one sample of every N from the first frame on; 1 for all, however long that takes")  # fmt: skip
    add("--as", dest="holds", choices=(POINTS, PIXELS),
        help=f"what a 2-D .npy is (default: points with at most {MOST_FEATURES} columns)")  # fmt: skip
    add("--sklearn", metavar="VERSION", help="release of scikit-learn, or a series like 1.9 (default: the newest)")
    add("--estimator", metavar="MODULE:CLASS", help="a class of your own (default: GaussianMixture)")
    arrays.add_options(parser)
    add("--all", action="store_true", help="go on after the first break; the case is still the first one's")
    add("--pinned", action="store_true",
        help="let a component that becomes pinned, its covariance at reg_covar, be a break too")  # fmt: skip
    add("--name", help="name of the case (default: made from the source and the frame)")
    add("--picture", type=Path, metavar="FILE.png", help="draw the break, and the mass of what broke over time")
    add("--root", type=Path, default=RECORDED, metavar="DIR",
        help="folder for the case (default: .recorded, which git ignores; fixtures/cases is the corpus)")  # fmt: skip
    return parser
