"""``issue.md``: a reduced case in the form of scikit-learn's template for bug reports."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from tests.tools.reduce.candidate import Candidate

COLLAPSE = "test_no_component_collapses"

TITLES = {
    COLLAPSE: "GaussianMixture: a component that loses its samples ends at the origin",
    "test_first_step_uses_the_parameters_given": "GaussianMixture: one iteration is not one EM step from the"
    " parameters given",
    "test_parameters_are_a_mixture": "GaussianMixture leaves parameters that are no mixture",
    "test_dtype_is_kept": "GaussianMixture does not keep the dtype",
    "test_components_end_where_exact_em_puts_them": "GaussianMixture ends where EM does not",
    "test_warm_start_equals_explicit_replays": "GaussianMixture(warm_start=True) stops earlier than a fit from the"
    " same parameters",
    "test_predictions_follow_from_the_parameters": "GaussianMixture predicts what its parameters do not say",
    "test_integers_are_predicted_like_floats": "GaussianMixture predicts integer samples otherwise than the same"
    " numbers as floats",
    "test_lower_bound_never_falls": "GaussianMixture: the lower bound falls",
    "test_lower_bound_is_what_the_parameters_give": "GaussianMixture: lower_bound_ is not that of the parameters given",
    "test_convergence_is_as_said": "GaussianMixture: n_iter_ and converged_ do not say what happened",
    "test_iterations_are_counted": "GaussianMixture: n_iter_ is not the number of iterations",
    "test_factors_are_those_of_the_precisions_given": "GaussianMixture begins with other factors than those of the"
    " precisions given",
    "test_no_iterations_leave_what_was_given": "GaussianMixture(max_iter=0) does not leave the precisions given",
    "test_the_best_of_several_starts_is_kept": "GaussianMixture(n_init=5) does not leave what the best start does",
    "test_fit_predict_labels_like_the_best_start": "GaussianMixture: fit_predict gives other labels than predict",
}
DRAGGED = "GaussianMixture: a component with little responsibility is dragged towards the origin"

# What should be, where that is not what exact EM makes of the samples.
SHOULD_BE = {
    "test_fit_moves_with_a_translation": "The same means from both fits: adding a number to every coordinate moves"
    " the means by as much.",
    "test_every_sample_twice_changes_nothing": "The same means and covariances from both fits: with every sample"
    " twice, every mass is doubled and no ratio changes.",
    "test_fit_scales_with_the_unit": "The same means from both fits: the unit of the coordinates does not matter.",
    "test_integers_are_predicted_like_floats": "The same from both lines: the samples are the same numbers.",
    "test_warm_start_equals_explicit_replays": "The same `n_iter_` from both: each fit starts from the parameters that"
    " the last one left.",
    "test_factors_are_those_of_the_precisions_given": "Upper triangular factors, whose product with their transpose is"
    " the precisions given.",
    "test_no_iterations_leave_what_was_given": "The means and precisions given: no iteration was to be made.",
    "test_the_best_of_several_starts_is_kept": "The same from both: of several starts the best is kept.",
    "test_fit_predict_labels_like_the_best_start": "The same labels from both.",
    "test_iterations_are_counted": "`n_iter_` is the number of iterations: exact EM takes {n_iter}.",
    "test_convergence_is_as_said": "`n_iter_` is the number of iterations: exact EM takes {n_iter}.",
}


class Seen(NamedTuple):
    """What was seen when the script ran, and what should have been.

    Attributes
    ----------
    output : str
        What ``reproduce.py`` printed; of a traceback the last line.
    versions : str
        What ``sklearn.show_versions()`` printed, or the versions that matter.
    exact : dict
        What exact EM leaves, as the probe gives it.
    releases : tuple of str
        Releases on which it was verified that it fails in this way.
    upstream : str or None
        Address of the issue that the ledger has for it.
    """

    output: str
    versions: str
    exact: dict[str, Any]
    releases: tuple[str, ...] = ()
    upstream: str | None = None


def title_of(check: str, state: str | None) -> str:
    """One line that says what is wrong."""
    if state and state.startswith("dragged"):
        return DRAGGED
    if state and state.startswith("raised"):
        return "GaussianMixture raises " + state.removeprefix("raised ").partition(":")[0] + " where EM has a solution"
    if state and state.startswith("left"):
        return "GaussianMixture leaves parameters that are not finite"
    return TITLES.get(check, "GaussianMixture breaks a promise: " + check.removeprefix("test_").replace("_", " "))


def write_issue(candidate: Candidate, check: str, state: str | None, script: str, seen: Seen) -> str:
    """The text of an upstream issue: the template's headings, and real output.

    Parameters
    ----------
    candidate : Candidate
    check : str
    state : str or None
        What became of the chosen component.
    script : str
        The content of ``reproduce.py``.
    seen : Seen
    """
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
    n_samples, n_components, n_features = candidate.shape
    size = (
        f"{_count(n_samples, 'sample')}, {_count(n_components, 'component')}, {_count(n_features, 'feature')},"
        f" covariance_type={candidate.settings.covariance_type!r}"
    )
    lines = [f"{_WHAT.get((state or '').partition(',')[0], title_of(check, state) + '.')} Reduced to {size}."]
    if candidate.settings.max_iter == 1 and check == COLLAPSE:
        lines.append("One iteration (`max_iter=1`) is enough to show it.")
    if seen.releases:
        lines.append(f"Verified on scikit-learn {', '.join(seen.releases)}.")
    if seen.upstream:
        lines.append(f"Probably the defect of {seen.upstream}.")
    return "\n".join(lines)


_WHAT = {
    "empty": "All responsibilities of a component vanish. The M-step divides by `nk = resp.sum(axis=0) + 10 * eps`,"
    " so its mean becomes `0 / nk = 0` and its covariance `reg_covar`.",
    "dragged": "The responsibilities of a component are as small as the `10 * eps` that the M-step adds to them,"
    " so its mean is drawn towards the origin, out of the bounding box of the samples.",
}


def _expected(candidate: Candidate, check: str, exact: dict[str, Any]) -> str:
    if check in SHOULD_BE:
        return SHOULD_BE[check].format(**exact)
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


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
