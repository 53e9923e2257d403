"""matplotlib's figures as SVG inside a page: small, of the page's colours, and the same bytes each time."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from html import escape

import matplotlib as mpl
from matplotlib.figure import Figure

mpl.rcParams["svg.fonttype"] = "none"  # text stays text: it is read aloud, found and copied

UNREFERENCED = re.compile(r' id="([^"]+)"')
REFERENCED = re.compile(r'(?:url\(#|href="#)([^")]+)')
PATH = re.compile(r' (?:d|x|y)="[^"]*"')
NUMBER = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")
FONT = re.compile(r"font: (?:[a-z]+ )*([\d.]+)px [^;\"]*")


def inline(figure: Figure, name: str, description: str, colours: Mapping[str, str]) -> str:
    """A figure as an ``svg`` element that can stand beside others in one page.

    Parameters
    ----------
    figure : Figure
    name : str
        Makes its ids differ from those of other figures.
    description : str
        What one who does not see it is told.
    colours : mapping of str to str
        The CSS variable that each colour of the figure, like ``#0072b2``, is
        replaced with, so that it suits a dark page too.
    """
    text = _drawn(figure, name)
    kept = dict.fromkeys(REFERENCED.findall(text))
    short = {old: f"{name}-{number}" for number, old in enumerate(kept)}
    text = UNREFERENCED.sub(lambda match: f' id="{short[match[1]]}"' if match[1] in short else "", text)
    text = REFERENCED.sub(lambda match: match[0].replace(match[1], short[match[1]]), text)
    # Only where a tenth of a point does not show: not in what is scaled, and not in what is read.
    text = PATH.sub(lambda match: NUMBER.sub(_rounded, match[0]), text)
    text = FONT.sub(r"font-size: \1px", text)
    for colour, variable in colours.items():
        text = text.replace(colour, f"var({variable})")
    width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)[0]
    body = text[text.index(">") + 1 :]
    body = re.sub(r"\s*\n\s*", " ", body.replace("<defs>\n  \n </defs>", "")).replace("> <", "><")
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(description)}">{body.strip()}'


def _drawn(figure: Figure, name: str) -> str:
    stream = io.StringIO()
    # No date, no version of matplotlib, and ids that do not depend on the run: same input, same bytes.
    with mpl.rc_context({"svg.hashsalt": name}):
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    text = stream.getvalue()
    # Its style would hold for the whole page.
    text = re.sub(r"<(metadata|style).*?</\1>", "", text[text.index("<svg") :], flags=re.DOTALL)
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)


def _rounded(match: re.Match[str]) -> str:
    return f"{float(match[0]):.1f}".removesuffix(".0")
