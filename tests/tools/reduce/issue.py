"""``issue.md``: a reduced case in the form of scikit-learn's template for bug reports."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from tests.support import check as known_checks
from tests.tools.reduce.candidate import Candidate

COLLAPSE = "test_no_component_collapses"
DESCRIPTIONS = {
    "empty": "All responsibilities of a component vanish. The M-step divides by `nk = resp.sum(axis=0) + 10 * eps`,"
    " so its mean becomes `0 / nk = 0` and its covariance `reg_covar`.",
    "dragged": "The responsibilities of a component are as small as the `10 * eps` that the M-step adds to them,"
    " so its mean is drawn towards the origin, out of the bounding box of the samples.",
}


class Seen(NamedTuple):
    """What was seen when the script ran, and what should have been."""

    output: str  # What ``reproduce.py`` printed; of a traceback the last line
    versions: str  # What ``sklearn.show_versions()`` printed, or the versions that matter
    exact: dict[str, Any]  # What exact EM leaves, as the probe gives it
    releases: tuple[str, ...] = ()  # Releases on which it was verified that it fails in this way
    upstream: str | None = None  # Address of the issue that the ledger has for it


def title_of(check: str, state: str | None) -> str:
    """One line that says what is wrong."""
    if state and state.startswith("dragged"):
        return "GaussianMixture: a component with little responsibility is dragged towards the origin"
    if state and state.startswith("raised"):
        return "GaussianMixture raises " + state.removeprefix("raised ").partition(":")[0] + " where EM has a solution"
    if state and state.startswith("left"):
        return "GaussianMixture leaves parameters that are not finite"
    return known_checks.every()[check].title


def write_issue(candidate: Candidate, check: str, state: str | None, script: str, seen: Seen) -> str:
    """The text of an upstream issue about the chosen component's state: the template's headings, and real output."""
    return f"""\
# {title_of(check, state)}

### Describe the bug

{_description(candidate, check, state, seen)}

### Steps/Code to Reproduce

```python
{script.strip()}
```

### Expected Results

{_expected(candidate, check, seen.exact)}

### Actual Results

```
{seen.output.strip()}
```

### Versions

```
{seen.versions.strip()}
```
"""


def _description(candidate: Candidate, check: str, state: str | None, seen: Seen) -> str:
    what = DESCRIPTIONS.get((state or "").partition(",")[0], title_of(check, state) + ".")
    lines = [f"{what} Reduced to {candidate.size}, covariance_type={candidate.settings.covariance_type!r}."]
    if candidate.settings.max_iter == 1 and check == COLLAPSE:
        lines.append("One iteration (`max_iter=1`) is enough to show it.")
    if seen.releases:
        lines.append(f"Verified on scikit-learn {', '.join(seen.releases)}.")
    if seen.upstream:
        lines.append(f"Probably the defect of {seen.upstream}.")
    return "\n".join(lines)


def _expected(candidate: Candidate, check: str, exact: dict[str, Any]) -> str:
    should_be = known_checks.every()[check].should_be
    if should_be:
        return should_be.format(**exact)
    if "degenerate" in exact:
        return f"An error that says why: {exact['degenerate']}."
    where = "EM in exact form, with responsibilities kept in the log domain and divided before they are exponentiated,"
    number = candidate.component
    if number is None:
        return f"{where} leaves means {_short(exact['means'])}, lower bound {exact['lower_bound']:.9g}."
    low, high = (getattr(candidate.frames[-1], side)(axis=0).tolist() for side in ("min", "max"))
    tied = candidate.settings.covariance_type == "tied"
    covariance = exact["covariances"] if tied else exact["covariances"][number]
    return (
        f"{where} leaves component {number} with the mean {_short(exact['means'][number])} and the covariance"
        f" {_short(covariance)}: a weighted mean of samples lies between {_short(low)} and {_short(high)}."
    )


def _short(numbers: Any) -> str:
    """Nested lists of numbers in six digits."""
    return re.sub(r"-?\d+\.\d+(e[-+]?\d+)?", lambda found: f"{float(found[0]):.6g}", str(numbers))
