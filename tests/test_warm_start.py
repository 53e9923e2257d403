"""Promise: ``warm_start=True`` goes on from where the last fit ended, and from nothing else.

A chain fitted by one warm-started estimator equals explicit fits, each from
the parameters that the last one left.
"""

from tests.support.check import CHAIN, Reproduction, check
from tests.support.judgement import Judgement
from tests.support.replay import EXPLICIT, WARM_START
from tests.support.same_fit import same_fit
from tests.support.subject import Subject


@check(
    headline="a warm start is not an explicit start",
    title="GaussianMixture(warm_start=True) stops earlier than a fit from the same parameters",
    upstream="https://github.com/scikit-learn/scikit-learn/pull/10870",
    needs=[CHAIN],
    should_be="The same `n_iter_` from both: each fit starts from the parameters that the last one left.",
    reproduction=Reproduction(
        """\
warm = GaussianMixture(warm_start=True, **parameters)
for number, X in enumerate(frames):
    warm.fit(X)
    explicit = GaussianMixture(**parameters).fit(X)
    parameters.update(
        weights_init=explicit.weights_, means_init=explicit.means_, precisions_init=explicit.precisions_)
    print("frame {}: n_iter_ {} warm-started, {} from the same parameters".format(
        number, warm.n_iter_, explicit.n_iter_))""",
        makes_fits=True,
    ),
)
def test_warm_start_equals_explicit_replays(subject: Subject, judgement: Judgement) -> None:
    """A warm start leaves, frame by frame, what an explicit start leaves: parameters, lower bound, iterations."""
    for outcomes in subject.replays.values():
        subject.note_frames_left(judgement, outcomes)
    for explicit, warm in zip(subject.replays[EXPLICIT], subject.replays[WARM_START]):
        # On the first frame there is nothing yet to go on from.
        at = judgement.at(frame=explicit.frame) if explicit.frame else judgement.at(frame=0).aside()
        same_fit(at, subject, explicit, warm)
        if explicit.n_iter is not None and warm.n_iter is not None:
            at.expect(warm.n_iter == explicit.n_iter, "n_iter_", warm.n_iter, explicit.n_iter)
