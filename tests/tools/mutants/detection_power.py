"""How many mutants each suite kills: the counts by function, the file of a whole run, and the README's section."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fixtures import documentation, whole_file
from fixtures.corpus import PROJECT
from tests.tools.mutants.enumeration import Mutant
from tests.tools.mutants.explanations import Explanations
from tests.tools.mutants.suites import OURS, THEIRS
from tests.tools.mutants.trials import Result

README = documentation.REFERENCE
FIGURES = PROJECT / "tests" / "measured" / "detection_power.json"
TABLE = "mutants"
FORMAT = 1
BASELINE = "test_baseline.py"


class Count(NamedTuple):
    """How many mutants of a function died by what."""

    mutants: int
    ours: int  # killed by this suite
    baseline: int  # of those: killed by nothing but the comparison with the baseline
    theirs: int  # killed by scikit-learn's own tests
    neither: int
    equivalent: int  # survivors of this suite that no test can kill
    gaps: int  # survivors of this suite that a test could kill


NONE = Count(0, 0, 0, 0, 0, 0, 0)


def figures(
    mutants: Sequence[Mutant], results: Mapping[str, Mapping[str, Result]], why: Explanations
) -> dict[str, Count]:
    """Counts by file and function, in the order of the source."""
    counts: dict[str, Count] = {}
    for mutant in mutants:
        ours = results[OURS][mutant.identity()].killed_by
        theirs = results[THEIRS][mutant.identity()].killed_by
        kind = why.survivors.get(mutant.key(), ("", ""))[0] if ours is None else ""
        one = (
            1, ours is not None, BASELINE in (ours or ""), theirs is not None, not ours and not theirs,
            kind == "equivalent", kind == "gap",
        )  # fmt: skip
        name = f"{mutant.file} {mutant.function}"
        counts[name] = _sum([counts.get(name, NONE), Count(*map(int, one))])
    return counts


def total(counts: Mapping[str, Count]) -> Count:
    """All functions together."""
    return _sum([NONE, *counts.values()])


def _sum(counts: Sequence[Count]) -> Count:
    return Count(*map(sum, zip(*counts, strict=True)))


def percent(part: int, whole: int) -> str:
    """A share, to a tenth of a percent."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def table(counts: Mapping[str, Count]) -> str:
    """The counts as a Markdown table."""
    head = [
        "| function | mutants | killed by this suite | by the baseline alone | by scikit-learn's own | by neither |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    rows = [
        f"| `{name.partition(' ')[2]}` | {count.mutants} | {count.ours} | {count.baseline or ''} | {count.theirs}"
        f" | {count.neither or ''} |"
        for name, count in counts.items()
    ]
    whole = total(counts)
    last = (
        f"| all | {whole.mutants} | {percent(whole.ours, whole.mutants)} | {percent(whole.baseline, whole.mutants)}"
        f" | {percent(whole.theirs, whole.mutants)} | {percent(whole.neither, whole.mutants)} |"
    )
    return "\n".join([*head, *rows, last])


def sentence(release: str, counts: Mapping[str, Count]) -> str:
    """The figures in words."""
    whole = total(counts)
    alive = whole.mutants - whole.ours
    return (
        f"Of {whole.mutants:,} mutants of the fit path of scikit-learn {release}, this suite kills {whole.ours:,}"
        f" ({percent(whole.ours, whole.mutants)}; {percent(whole.ours - whole.baseline, whole.mutants)} without"
        f" `test_baseline.py`), and scikit-learn's own `sklearn.mixture` tests kill {whole.theirs:,}"
        f" ({percent(whole.theirs, whole.mutants)}). Of the {alive} that survive, {whole.equivalent} compute the same,"
        f" {alive - whole.equivalent - whole.gaps} change what is out of scope, and {whole.gaps} show gaps."
    )


def write(release: str, counts: Mapping[str, Count], readme: Path = README, path: Path = FIGURES) -> None:
    """Store the figures of a whole run, and put them into the README; neither where the README has no place."""
    text = with_figures(readme.read_text(encoding="utf-8"), release, counts)
    content = {"format": FORMAT, "release": release, "functions": {name: c._asdict() for name, c in counts.items()}}
    whole_file.write_text(path, json.dumps(content, indent=2) + "\n")
    whole_file.write_text(readme, text)


def read(path: Path = FIGURES) -> tuple[str, dict[str, Count]]:
    """The release and the counts of the last whole run that was written."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content["release"], {name: Count(**count) for name, count in content["functions"].items()}


def with_figures(text: str, release: str, counts: Mapping[str, Count]) -> str:
    """A README's text with the figures made anew, between the marks."""
    return documentation.with_table(text, TABLE, f"{sentence(release, counts)}\n\n{table(counts)}")
