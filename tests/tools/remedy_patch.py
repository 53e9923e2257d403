"""The fix as a patch of scikit-learn's source, with a regression test and the text of a pull request.

Made of the remedy's own source each time, and kept nowhere: what
`tests/support/remedies.py` says is what a patch does.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Mapping
from typing import NamedTuple

from fixtures import documentation
from fixtures.corpus import PROJECT
from fixtures.fault import Fault
from tests.tools import release_environment
from tests.tools.clone import MIXTURE
from tests.tools.release_table import Release
from tests.tools.sources import naming
from tests.tools.sources.tree import CommitTree, FolderTree

REMEDY, METHOD, CLASS = "WarmStartMixture", "_estimate_lost_components", "GaussianMixture"
REMEDIES = PROJECT / "tests" / "support" / "remedies.py"
CODE, TESTS = "_gaussian_mixture.py", "tests/test_gaussian_mixture.py"
COMPLIANCE = "test_gaussian_mixture_array_api_compliance"

# How the remedy, which runs on every release, says what a source says: with an array namespace (1.8 on), and without.
SMALLEST = "4 / float(xp.finfo(log_resp.dtype).max)"
WITH_NAMESPACE = {
    'xp = namespace.get("xp", np)': "xp, _ = get_namespace(X, log_resp, xp=xp)",
    "self, X, log_resp, **namespace)": "self, X, log_resp, xp=None)",
    "**namespace": "xp=xp",
    SMALLEST: "xp.finfo(log_resp.dtype).smallest_normal",
    "private.": "",
}
WITHOUT_NAMESPACE = {
    '        xp = namespace.get("xp", np)\n': "",
    ", **namespace": "",
    SMALLEST: "np.finfo(log_resp.dtype).smallest_normal",
    "private.": "",
    "xp.": "np.",
}

# Two samples, both as far from the second component as each other: of its mass, which underflows, each has half.
TEST = '''

# For each covariance type: precisions to start from, covariances to end with.
LOST_COMPONENT = {
    "full": ([[[1, 0], [0, 1]]] * 2, [[[0, 0], [0, 1]]] * 2),
    "tied": ([[1, 0], [0, 1]], [[0, 0], [0, 1]]),
    "diag": ([[1, 1]] * 2, [[0, 1]] * 2),
    "spherical": ([1, 1], [0.5, 0.5]),
}


def check_lost_component(covariance_type, xp, asarray):
    precisions, covariances = LOST_COMPONENT[covariance_type]
    gmm = GaussianMixture(
        n_components=2,
        covariance_type=covariance_type,
        max_iter=2,
        tol=1e3,
        init_params="random",
        weights_init=asarray([0.5, 0.5]),
        means_init=asarray([[2, 2], [1000, 2]]),
        precisions_init=asarray(precisions),
    )
    gmm.fit(asarray([[2, 1], [2, 3]]))
    for fitted, expected in (
        (gmm.means_, [[2, 2]] * 2),
        (gmm.covariances_, covariances),
    ):
        assert float(xp.max(xp.abs(fitted - asarray(expected)))) < 1e-4
    assert float(gmm.weights_[0]) == pytest.approx(1)
    assert 0 < float(gmm.weights_[1]) < 1e-30


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lost_component(covariance_type, dtype):
    """A component far from all samples is a weighted mean of them, not the origin.

    Non-regression test for:
    https://github.com/scikit-learn/scikit-learn/issues/12099
    """

    def asarray(values):
        return np.asarray(values, dtype=dtype)

    check_lost_component(covariance_type, np, asarray)
'''
TEST_OF_NAMESPACES = '''

@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
{decorator}
def test_lost_component_array_api(
    covariance_type, {names}
):
    """A component that lost its samples is inside the data in any array namespace."""
    {namespace}
    floats = getattr(xp, {dtype} or "float64")

    def asarray(values):
        return xp.asarray(values, dtype=floats, device={device})

    with sklearn.config_context(array_api_dispatch=True):
        check_lost_component(covariance_type, xp, asarray)
'''

PULL_REQUEST = """\
FIX components of GaussianMixture that lose all samples collapse to the origin

#### Reference Issues/PRs

Fixes #12099.

#### What does this implement/fix?

The M-step divides by `nk = resp.sum(axis=0) + 10 * eps`. Where all responsibilities of a component underflow (its
object left the frame, in a fit that is warm-started from the frame before), its mean becomes `0 / (10 * eps) = 0` and
its covariance `reg_covar`, and it stays there. Where they are only tiny, `10 * eps / nk` of the way to the origin is
added to the mean. EM does neither: a weighted mean of samples exists for every component and lies inside the data.

A component's mean and covariance do not change when all its responsibilities are multiplied by one number. So a
component with less than one sample is estimated again from responsibilities that are raised, as logarithms, until the
largest is 1. A covariance of type `tied` counts each component with its true mass, as before. A weight that underflows
is kept at the smallest normal number, because 0 has no logarithm.

The `10 * eps` stays: k-means may start with a component without samples, and `BayesianGaussianMixture` divides by it
too.

#### Figures

{figures}

#### What changes for users

Fits without a component of less than one sample give the same bits. A component that lost its samples now moves to
where EM puts it, inside the data, and the lower bound no longer falls behind that of exact EM. Code that recognises
such a component by a mean at the origin should look at `weights_` instead.

A changelog entry, `doc/whats_new/upcoming_changes/sklearn.mixture/NUMBER.fix.rst`:

    - :class:`mixture.GaussianMixture` no longer moves components that lose all
      their samples to the origin.
      By :user:`...`.
"""


class Change(NamedTuple):
    """A change of a scikit-learn that was named, ready to be written down."""

    of: str  # the source, as it can be a part of a file's name
    patch: str
    pull_request: str


def change_of(remedy: str, text: str) -> Change:
    """The change of a remedy, for the source that a text names: a release, a checkout, or REPO@REV."""
    if remedy != REMEDY:
        raise Fault(f"--patch names {remedy}, which is not a change of one method; should be {REMEDY}")
    of, files = _source(text)
    absent = [name for name in (CODE, TESTS) if name not in files]
    if absent:
        raise Fault(f"{of} has no {MIXTURE}/{absent[0]}; should be scikit-learn 1.7 or newer")
    sources = {name: files[name].decode("utf-8") for name in (CODE, TESTS)}
    changed = {CODE: with_fix(sources[CODE], of), TESTS: with_test(sources[TESTS])}
    diffs = [_diff(f"{MIXTURE}/{name}", sources[name], changed[name]) for name in changed]
    return Change(of, "".join(diffs), PULL_REQUEST.format(figures=_figures()))


def _source(text: str) -> tuple[str, Mapping[str, bytes]]:
    named = naming.read(text)
    if isinstance(named, naming.Checkout):
        return named.folder.name, FolderTree(named.folder).mixture()
    if isinstance(named, naming.Revision):
        return named.name, CommitTree(named.clone, named.commit).mixture()
    if isinstance(named, Release):
        python = release_environment.make(named)
        return named.version, release_environment.read_folder(release_environment.packages_of(python) / MIXTURE)
    raise Fault(f"--patch is for a release, a checkout or REPO@REV; {text!r} should be one of them")


def with_fix(source: str, of: str) -> str:
    """The source of `_gaussian_mixture.py` with the fix in it.

    Raises
    ------
    Fault
        Its M-step is another one than that of 1.7 to 1.9; `of` says whose it is.
    """
    step = _method(source, CLASS, "_m_step")
    weights = [one for one in step.body if ast.unparse(one).startswith("self.weights_ /=")] if step else []
    if step is None or len(weights) != 1 or METHOD in source:
        raise Fault(
            f"{CLASS}._m_step of {of} does not normalise weights_ once, or has the fix; should be as in 1.7 to 1.9"
        )
    takes_namespace = "xp" in [one.arg for one in step.args.args]
    own = REMEDIES.read_text(encoding="utf-8")
    method, own_step = _method(own, REMEDY, METHOD), _method(own, REMEDY, "_m_step")
    assert method is not None
    assert own_step is not None
    (call,) = (one for one in own_step.body if METHOD in ast.unparse(one))
    lines = source.splitlines(keepends=True)
    assert step.end_lineno is not None
    assert weights[0].end_lineno is not None
    lines.insert(step.end_lineno, "\n" + _as_in_source(_text_of(own, method), takes_namespace=takes_namespace))
    lines.insert(weights[0].end_lineno, _as_in_source(_text_of(own, call), takes_namespace=takes_namespace))
    return "".join(lines)


def with_test(source: str) -> str:
    """The source of scikit-learn's test file with the regression test, for array namespaces too where it tests such."""
    made = source.rstrip("\n") + "\n" + TEST
    there = next((one for one in ast.parse(source).body if getattr(one, "name", "") == COMPLIANCE), None)
    if not isinstance(there, ast.FunctionDef):
        return made
    # Which namespaces, devices and dtypes there are, and what they are called, is as in the test that is there.
    decorator = next(one for one in there.decorator_list if "array_namespace" in ast.unparse(one))
    statement = next(one for one in there.body if "_array_api_for_tests" in ast.unparse(one))
    assert isinstance(decorator, ast.Call)
    names = ast.literal_eval(decorator.args[0])
    _, device, dtype = names.split(", ")
    namespace = _text_of(source, statement).strip()
    return made + TEST_OF_NAMESPACES.format(
        decorator=_text_of(source, decorator).rstrip("\n"), names=names, namespace=namespace, dtype=dtype,
        device="device" if namespace.startswith("xp, device =") else device,
    )  # fmt: skip


def _figures() -> str:
    """What `nox -s remedies` measured, where the fix and scikit-learn differ, and the last row: the cost."""
    table = documentation.REFERENCE.read_text(encoding="utf-8").partition("<!-- remedies -->\n")[2]
    rows = [re.split(r" *\| *", row)[1:-1] for row in table.partition("\n\n")[0].strip().splitlines()]
    if not rows or not {CLASS, REMEDY} <= set(rows[0]):
        raise Fault(f"the table of remedies has no {REMEDY}; `nox -s remedies -- --write` makes it")
    stock, fix = rows[0].index(CLASS), rows[0].index(REMEDY)
    named = [[row[0], row[1], row[stock], row[fix]] for row in rows]
    kept = [row for row in named[2:-1] if row[2] != row[3]]
    head = ["cases that fail", "of", "before", "with this change"]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---", "---:", "---:", "---:"], *kept, named[-1]])


def _as_in_source(text: str, *, takes_namespace: bool) -> str:
    """A part of the remedy in the words of a source."""
    text = re.sub(r": Any| -> None|  # noqa: \w+", "", text)
    for own, theirs in (WITH_NAMESPACE if takes_namespace else WITHOUT_NAMESPACE).items():
        text = text.replace(own, theirs)
    return text


def _method(source: str, of: str, name: str) -> ast.FunctionDef | None:
    classes = [one for one in ast.parse(source).body if isinstance(one, ast.ClassDef) and one.name == of]
    found = [one for kind in classes for one in kind.body if isinstance(one, ast.FunctionDef) and one.name == name]
    return found[0] if found else None


def _text_of(source: str, node: ast.AST) -> str:
    """Whole lines of a part of a source, comments included."""
    return "".join(source.splitlines(keepends=True)[getattr(node, "lineno") - 1 : getattr(node, "end_lineno")])  # noqa: B009


def _diff(path: str, old: str, new: str) -> str:
    lines = difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{path}", f"b/{path}")
    return f"diff --git a/{path} b/{path}\n" + "".join(lines)
