"""matplotlib's figures as SVG inside a page: small, of the page's colours, and the same bytes each time."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from html import escape

import matplotlib as mpl
from matplotlib.figure import Figure

mpl.rcParams["svg.fonttype"] = "none"  # text stays text: it is read aloud, found and copied

IDS = re.compile(r' id="([^"]+)"')
REFERENCES = re.compile(r'href="#([^"]+)')
PATHS = re.compile(r' (?:d|x|y)="[^"]*"')
LONG_NUMBERS = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")
FONTS = re.compile(r"font: (?:[a-z]+ )*([\d.]+)px [^;\"]*|font-family: [^;\"]*;? ?")
PICTURES = re.compile(r"<svg.*?</svg>", flags=re.DOTALL)
STYLES = re.compile(r' style="([^"]+)"')
# What stands around a drawing and says nothing: its style would hold for the whole page,
# and no figure here draws beyond its axes.
DROPPED = re.compile(
    r"<(metadata|style|clipPath).*?</\1>|<!--.*?-->|<defs>\s*</defs>| clip-path=\"[^\"]*\"", flags=re.DOTALL
)


def inline(figure: Figure, name: str, description: str, colours: Mapping[str, str]) -> str:
    """A figure as an ``svg`` element that can stand beside others in one page.

    Parameters
    ----------
    figure : Figure
    name : str
        Makes its ids differ from those of other figures.
    description : str
        Read aloud to those who do not see it.
    colours : mapping of str to str
        The CSS variable that each colour of the figure, like ``#0072b2``, is
        replaced with, so that it suits a dark page too.
    """
    text = _drawn(figure, name)
    width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)[0]
    text = DROPPED.sub("", DROPPED.sub("", text[text.index(">", text.index("<svg")) + 1 :])).replace("xlink:", "")
    text = _with_short_ids(text, name)
    # Only where a tenth of a point does not show: not in what is scaled, and not in what is read.
    text = PATHS.sub(lambda path: LONG_NUMBERS.sub(_rounded, path[0]), text)
    text = FONTS.sub(lambda font: f"font-size: {font[1]}px" if font[1] else "", text)
    for colour, variable in colours.items():
        text = text.replace(colour, f"var({variable})")
    text = _without_plain_groups(re.sub(r">\s+<", "><", re.sub(r"\s*\n\s*", " ", text)))
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(description)}">{text.strip()}'


def with_shared_styles(page: str) -> str:
    """A page whose pictures share a style sheet: most of matplotlib's SVG are a few styles, repeated at every line."""
    names: dict[str, str] = {}

    def as_class(style: re.Match[str]) -> str:
        return f' class="{names.setdefault(style[1], f"v{len(names)}")}"'

    shared = PICTURES.sub(lambda picture: STYLES.sub(as_class, picture[0]), page)
    sheet = "".join(f".{name} {{ {style} }}\n" for style, name in names.items())
    return shared.replace("</style>", f"{sheet}</style>", 1)


def _drawn(figure: Figure, name: str) -> str:
    stream = io.StringIO()
    # No date, no version of matplotlib, and ids that do not depend on the run: same input, same bytes.
    with mpl.rc_context({"svg.hashsalt": name}):
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    return stream.getvalue()


def _with_short_ids(text: str, name: str) -> str:
    kept = dict.fromkeys(REFERENCES.findall(text))
    short = {old: f"{name}-{number}" for number, old in enumerate(kept)}
    text = IDS.sub(lambda match: f' id="{short[match[1]]}"' if match[1] in short else "", text)
    return REFERENCES.sub(lambda match: match[0].replace(match[1], short[match[1]]), text)


def _without_plain_groups(text: str) -> str:
    """Leave out the groups without attributes: they held nothing but an id."""
    parts: list[str] = []
    plain: list[bool] = []
    for part in re.split(r"(<g\b[^>]*>|</g>)", text):
        if part.startswith("<g"):
            plain.append(part == "<g>")
        if not (part.startswith(("<g", "</g")) and plain[-1]):
            parts.append(part)
        if part == "</g>":
            plain.pop()
    return "".join(parts)


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}".removesuffix(".0")
