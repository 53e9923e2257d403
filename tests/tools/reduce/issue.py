"""``issue.md``: a reduced case in the form of scikit-learn's template for bug reports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tests.support import check as known_checks
from tests.tools.reduce.candidate import Candidate

DESCRIPTIONS = {
    "empty": "All responsibilities of a component vanish. The M-step divides by `nk = resp.sum(axis=0) + 10 * eps`,"
    " so its mean becomes `0 / nk = 0` and its covariance `reg_covar`.",
    "dragged": "The responsibilities of a component are as small as the `10 * eps` that the M-step adds to them,"
    " so its mean is drawn towards the origin, out of the bounding box of the samples.",
}


def title_of(check: str, state: str | None) -> str:
    """What is wrong, in one line."""
    if state and state.startswith("dragged"):
        return "GaussianMixture: a component with little responsibility is dragged towards the origin"
    if state and state.startswith("raised"):
        return "GaussianMixture raises " + state.removeprefix("raised ").partition(":")[0] + " where EM has a solution"
    if state and state.startswith("left"):
        return "GaussianMixture leaves parameters that are not finite"
    return known_checks.every()[check].title


def write_issue(
    candidate: Candidate,
    check: str,
    state: str | None,
    *,
    script: str,
    output: str,
    versions: str,
    exact: dict[str, Any],
    releases: Sequence[str],
    upstream: str | None,
) -> str:
    """The text of an upstream issue about the chosen component's state: the template's headings, and real output.

    It was verified on the releases; `upstream` is the address that the ledger
    has for the defect, and `exact` what exact EM leaves, as the probe gives it.
    """
    what = DESCRIPTIONS.get((state or "").partition(",")[0], title_of(check, state) + ".")
    description = [f"{what} Reduced to {candidate.size}, covariance_type={candidate.settings.covariance_type!r}."]
    if candidate.settings.max_iter == 1 and check == known_checks.COLLAPSE:
        description.append("One iteration (`max_iter=1`) is enough to show it.")
    if releases:
        description.append(f"Verified on scikit-learn {', '.join(releases)}.")
    if upstream:
        description.append(f"Probably the defect of {upstream}.")
    text = "\n".join(description)
    return f"""\
# {title_of(check, state)}

### Describe the bug

{text}

### Steps/Code to Reproduce

```python
{script.strip()}
```

### Expected Results

{_expected(candidate, check, exact)}

### Actual Results

```
{output.strip()}
```

### Versions

```
{versions.strip()}
```
"""


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
