"""What a reduction leaves: the case, ``reproduce.py`` and ``issue.md``, each whole or not at all.

``reproduce.py`` needs numpy and scikit-learn, of any release since 0.18, and
nothing else. ``issue.md`` has the form of scikit-learn's template for bug reports.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fixtures import add_case, stored_case, verifier, whole_file
from fixtures.corpus import MAX_TITLE, Case, Settings
from tests.support import check as known_checks
from tests.support import ledger
from tests.tools import ledger_file
from tests.tools.arrays import OF_NUMPY, STRICT, Arrays
from tests.tools.reduce.candidate import PARAMETERS, Candidate
from tests.tools.release_environment import ENVIRONMENT_VARIABLES

SECONDS_TO_RUN = 120
VERSIONS = """\
import json, sklearn
if hasattr(sklearn, "show_versions"):
    sklearn.show_versions()
else:
    from tests.support import environment
    print("\\n".join("{}: {}".format(*item) for item in environment.describe().items()))
"""

DESCRIPTIONS = {
    "empty": "All responsibilities of a component vanish. The M-step divides by `nk = resp.sum(axis=0) + 10 * eps`,"
    " so its mean becomes `0 / nk = 0` and its covariance `reg_covar`.",
    "dragged": "The responsibilities of a component are as small as the `10 * eps` that the M-step adds to them,"
    " so its mean is drawn towards the origin, out of the bounding box of the samples.",
}

WIDTH = 110

HEAD = '''\
"""{summary}"""
import sys

import numpy as np
import sklearn
from sklearn.mixture import GaussianMixture

print("python {{}}, numpy {{}}, scikit-learn {{}}".format(sys.version.split()[0], np.__version__, sklearn.__version__))
'''

WITH_ARRAYS = """\

import {library} as xp

sklearn.set_config(array_api_dispatch=True)
device = {device}
{frames}
for name in ("weights_init", "means_init", "precisions_init"):
    parameters[name] = xp.asarray(parameters[name].astype("{dtype}"), device=device)
parameters["init_params"] = "random"  # nothing is drawn
"""
# The summary comes first, and scipy has to know before it is imported.
SCIPY_KNOWS = 'import os\nimport sys\n\nos.environ["SCIPY_ARRAY_API"] = "1"\n'
TO_NUMPY = """\
for name in ("weights_", "means_", "covariances_", "lower_bound_"):
    setattr(model, name, np.asarray(getattr(model, name){moved}))
X = np.asarray(X{moved})
"""
MOVED = {"torch": ".cpu()", "array_api_strict": '.to_device(xp.Device("CPU_DEVICE"))'}

FITTED = "model = GaussianMixture(**parameters).fit(X)"
CHAIN = """\
model = GaussianMixture(warm_start=True, **parameters)
for X in frames:
    model.fit(X)"""

COMPONENT = """\
print("component {number}: weight {{!r}}, mean {{}}, covariance {{}}".format(
    float(model.weights_[{number}]), model.means_[{number}].tolist(), {covariance}.tolist()))
print("samples from {{}} to {{}}".format(X.min(axis=0).tolist(), X.max(axis=0).tolist()))"""

EVERYTHING = """\
for name in ("weights_", "means_", "covariances_", "n_iter_", "converged_", "lower_bound_"):
    print(name, np.asarray(getattr(model, name)).tolist())"""


def reduced_case(candidate: Candidate, original: Case, failure: dict[str, Any], release: str) -> Case:
    """The reduced case, with the flags that its arrays bear out and where it comes from."""
    provenance = {"kind": "reduced", "from": original.name, "by": "nox -s reduce", "check": failure["check"]}
    provenance |= {"component": failure["component"], "release": release}
    what = title_of(failure["check"], failure["state"]).removeprefix("GaussianMixture: ")
    arrays = {name: getattr(candidate, name) for name in ("settings", "frames", *PARAMETERS)}
    case = original._replace(
        name=f"reduced-{original.name}", title=f"reduced from {original.name}: {what}"[:MAX_TITLE],
        provenance=provenance, **arrays,
    )  # fmt: skip
    case = add_case.with_flags(case)
    return case._replace(flags=tuple(sorted({*case.flags, *({"reduced"} if verifier.reduced(case) else ())})))


def store(folder: Path, case: Case, texts: dict[str, str]) -> None:
    """Put a case's folder and some texts into a folder, in place of those of an earlier reduction.

    Where they cannot be written, what was there before is still there.
    """
    whole_file.make_folder(folder)
    with contextlib.ExitStack() as written:
        # The texts first, beside their places: they take them once the case has taken its own.
        for name, text in texts.items():
            written.enter_context(whole_file.writing(folder / name)).write_text(text, encoding="utf-8", newline="\n")
        stored_case.store(case, folder, replace=True)


def run_script(python: Path, script: str, arrays: Arrays = OF_NUMPY) -> str:
    """What a script prints in an environment; where it raises also the last line of the traceback."""
    if not arrays.is_numpy:
        script = f"import sys\nsys.path.append({str(arrays.place(python))!r})\n{script}"
    done = _run([str(python), "-I", "-B", "-W", "ignore", "-c", script], python.parent)  # it imports nothing from here
    last = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    return "\n".join([done.stdout.rstrip(), *last]) + "\n"


def versions(python: Path, project: Path) -> str:
    """What ``sklearn.show_versions()`` reports, without the paths of this machine."""
    lines = _run([str(python), "-W", "ignore", "-c", VERSIONS], project).stdout.strip().splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith(("executable:", "filepath:"))) + "\n"


def upstream_of(case: str, check: str, release: str) -> str | None:
    """The address that the ledger has for a check that fails on a case."""
    try:
        entries = ledger_file.read().listed_for(release)
    except ledger.BadLedger:
        return None
    return next((entry.upstream for entry in entries if (entry.check, entry.case) == (check, case)), None)


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    held = {name: value for name, value in ENVIRONMENT_VARIABLES.items() if value is not None}
    return subprocess.run(
        command, cwd=folder, env=held, capture_output=True, text=True, check=False, timeout=SECONDS_TO_RUN
    )


def write_script(candidate: Candidate, check: str, summary: str, arrays: Arrays = OF_NUMPY) -> str:
    """The script of a reduced case, with a summary of one line; the check that fails on it decides what is shown."""
    own = known_checks.every()[check].reproduction
    tied = candidate.settings.covariance_type == "tied"
    covariance = "model.covariances_" if tied else f"model.covariances_[{candidate.component}]"
    one = COMPONENT.format(number=candidate.component, covariance=covariance)
    show = own.shows if own else EVERYTHING if candidate.component is None else one
    fit = "" if own and own.makes_fits else (FITTED if len(candidate.frames) == 1 else CHAIN) + "\n"
    parameters = _parameters(candidate, own.needs if own else ())
    head = HEAD.format(summary=summary)
    if not arrays.is_numpy:
        head = head.replace("import sys\n", SCIPY_KNOWS, 1)
        parameters += _converted(candidate, arrays)
        fit += TO_NUMPY.format(moved=MOVED.get(arrays.library, "")) if fit else ""
    return head + _samples(candidate) + parameters + fit + show + "\n"


def _converted(candidate: Candidate, arrays: Arrays) -> str:
    """The lines that make arrays of another library of samples and starts."""
    name = "None" if arrays.device is None else f'"{arrays.device}"'
    device = f"xp.Device({name})" if arrays.library == STRICT and arrays.device else name
    dtype = candidate.frames[0].dtype.name
    dtype = dtype if dtype == "float32" else arrays.widest
    made = f'xp.asarray(X.astype("{dtype}"), device=device)'
    is_made = arrays.widest == "float32" or candidate.frames[0].dtype.kind == "f"
    made = made if is_made else "xp.asarray(X, device=device)"
    frames = f"X = {made}" if len(candidate.frames) == 1 else f"frames = [{made} for X in frames]"
    return WITH_ARRAYS.format(library=arrays.library, device=device, frames=frames, dtype=dtype)


def _samples(candidate: Candidate) -> str:
    frames = [_array(frame) for frame in candidate.frames]
    if len(frames) == 1:
        return f"X = {frames[0]}\n"
    on_one_line = f"frames = [{', '.join(frames)}]\n"
    return on_one_line if len(on_one_line) <= WIDTH else "frames = [\n    " + ",\n    ".join(frames) + ",\n]\n"


def _parameters(candidate: Candidate, needed: Sequence[str]) -> str:
    settings, defaults = candidate.settings._asdict(), Settings()._asdict()
    given = {name: value for name, value in settings.items() if value != defaults[name] or name in needed}
    scalars = {"n_components": candidate.n_components, **given, "random_state": 0}
    arrays = (f"    {name}_init={_array(getattr(candidate, name))},\n" for name in PARAMETERS)
    values = ", ".join(f"{name}={value!r}" for name, value in scalars.items())
    return f"parameters = dict(\n    {values},\n{''.join(arrays)})\n"


def _array(array: np.ndarray) -> str:
    dtype = "" if array.dtype == np.float64 else f', dtype="{array.dtype.name}"'
    return f"np.array({_nested(array)}{dtype})"


def _nested(array: np.ndarray) -> str:
    """Printed one by one: the shortest digits of the array's own dtype, not those of float64."""
    return f"[{', '.join(map(_nested, array))}]" if array.ndim else str(array[()])


def title_of(check: str, state: str | None) -> str:
    if state and state.startswith("dragged"):
        return "GaussianMixture: a component with little responsibility is dragged towards the origin"
    if state and state.startswith("raised"):
        return "GaussianMixture raises " + state.removeprefix("raised ").partition(":")[0] + " where EM has a solution"
    if state and state.startswith("left"):
        return "GaussianMixture leaves parameters that are not finite"
    return known_checks.every()[check].title


def write_issue(
    candidate: Candidate, check: str, state: str | None, *, script: str, output: str, versions: str,
    exact: dict[str, Any], releases: Sequence[str], upstream: str | None,
) -> str:  # fmt: skip
    """The text of an upstream issue about the chosen component's state: the template's headings, and real output.

    It was verified on the releases; `upstream` is the address that the ledger
    has for the defect, and `exact` what exact EM leaves, as the probe gives it.
    """
    what = DESCRIPTIONS.get((state or "").partition(",")[0], title_of(check, state) + ".")
    one_iteration = candidate.settings.max_iter == 1 and check == known_checks.COLLAPSE
    description = [
        f"{what} Reduced to {candidate.size}, covariance_type={candidate.settings.covariance_type!r}.",
        "One iteration (`max_iter=1`) is enough to show it." if one_iteration else "",
        f"Verified on scikit-learn {', '.join(releases)}." if releases else "",
        f"Probably the defect of {upstream}." if upstream else "",
    ]
    text = "\n".join(filter(None, description))
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
