"""Promise: a fit does not depend on where the data lie, on their order, or on the unit they are in."""

from typing import Any, Callable

import numpy as np

from fixtures.corpus import Case
from tests.support import rounding
from tests.support.check import NOT_LARGE, ONE_FRAME, Reproduction, check
from tests.support.judgement import Judgement
from tests.support.same_fit import same_fit
from tests.support.subject import Subject

UNIT = 4  # a power of two: exact in every dtype that is used
NEEDS = (ONE_FRAME, NOT_LARGE)


@check(
    headline="the fit does not move with a translation",
    needs=NEEDS,
    should_be="The same means from both fits: adding a number to every coordinate moves the means by as much.",
    reproduction=Reproduction(
        """\
for shift in (0, 64):
    moved = dict(parameters, means_init=parameters["means_init"] + shift)
    model = GaussianMixture(**moved).fit(X + shift)
    print("moved by {}: means {} when moved back".format(shift, (model.means_ - shift).tolist()))""",
        makes_fits=True,
    ),
)
def test_fit_moves_with_a_translation(subject: Subject, judgement: Judgement) -> None:
    """Every coordinate plus 64: the means move by as much, and nothing else does."""
    moved = rounding.moved(subject.case)
    back = lambda fit: fit._replace(means=fit.means - rounding.SHIFT)  # noqa: E731
    _judge_equivariance(subject, judgement, moved, back, is_moved=True)


@check(headline="the fit does not move with a reflection", needs=NEEDS)
def test_fit_moves_with_a_reflection(subject: Subject, judgement: Judgement) -> None:
    """The first coordinate with its sign changed: the first coordinate of the means changes its sign."""
    case = subject.case
    signs = np.ones(case.means.shape[1], dtype=case.means.dtype)
    signs[0] = -1
    moved = case._replace(
        frames=tuple(_wide(frame) * signs.astype(_wide(frame).dtype) for frame in case.frames),
        means=case.means * signs,
        precisions=_map_matrices(case, case.precisions, lambda matrix: matrix * np.outer(signs, signs)),
    )
    _judge_equivariance(
        subject, judgement, moved,
        lambda fit: fit._replace(
            means=fit.means * signs,
            covariances=_map_matrices(case, fit.covariances, lambda matrix: matrix * np.outer(signs, signs)),
        ),
    )  # fmt: skip


@check(headline="the fit does not move with an exchange of axes", needs=NEEDS)
def test_fit_moves_with_an_exchange_of_axes(subject: Subject, judgement: Judgement) -> None:
    """The features in reverse order: those of the means and covariances are, too."""
    case = subject.case
    reverse = np.arange(case.means.shape[1])[::-1]

    def exchanged(array: np.ndarray) -> np.ndarray:
        return _map_features(case, array, reverse)

    moved = case._replace(
        frames=tuple(np.ascontiguousarray(frame[:, reverse]) for frame in case.frames),
        means=np.ascontiguousarray(case.means[:, reverse]),
        precisions=exchanged(case.precisions),
    )
    _judge_equivariance(
        subject, judgement, moved,
        lambda fit: fit._replace(means=fit.means[:, reverse], covariances=exchanged(fit.covariances)),
    )  # fmt: skip


@check(headline="the fit depends on the order of the samples", needs=NEEDS)
def test_order_of_samples_does_not_matter(subject: Subject, judgement: Judgement) -> None:
    """The samples in reverse order change nothing."""
    case = subject.case
    moved = case._replace(frames=tuple(np.ascontiguousarray(frame[::-1]) for frame in case.frames))
    _judge_equivariance(subject, judgement, moved, lambda fit: fit)


@check(headline="the fit depends on the order of the components", needs=NEEDS)
def test_order_of_components_does_not_matter(subject: Subject, judgement: Judgement) -> None:
    """The components in reverse order: the fit has them in reverse order."""
    case = subject.case
    own = case.settings.covariance_type != "tied"
    moved = case._replace(
        weights=case.weights[::-1].copy(),
        means=case.means[::-1].copy(),
        precisions=case.precisions[::-1].copy() if own else case.precisions,
    )
    _judge_equivariance(
        subject, judgement, moved,
        lambda fit: fit._replace(
            weights=fit.weights[::-1],
            means=fit.means[::-1],
            covariances=fit.covariances[::-1] if own else fit.covariances,
        ),
    )  # fmt: skip


@check(
    headline="the fit of every sample twice is another one",
    needs=NEEDS,
    should_be="The same means and covariances from both fits: with every sample twice, every mass is doubled and no"
    " ratio changes.",
    reproduction=Reproduction(
        """\
for times in (1, 2):
    model = GaussianMixture(**parameters).fit(np.concatenate([X] * times))
    print("every sample {} time(s): means {}, covariances {}".format(
        times, model.means_.tolist(), model.covariances_.tolist()))""",
        makes_fits=True,
    ),
)
def test_every_sample_twice_changes_nothing(subject: Subject, judgement: Judgement) -> None:
    """Every sample twice is twice the mass and the same mixture."""
    case = subject.case
    moved = case._replace(frames=tuple(np.concatenate([frame, frame]) for frame in case.frames))
    _judge_equivariance(subject, judgement, moved, lambda fit: fit)


@check(
    headline="the fit depends on the unit of the samples",
    needs=NEEDS,
    should_be="The same means from both fits: the unit of the coordinates does not matter.",
    reproduction=Reproduction(
        """\
for unit in (1.0, 4.0):
    scaled = dict(parameters, means_init=parameters["means_init"] * unit, reg_covar=parameters["reg_covar"] * unit ** 2,
                  precisions_init=parameters["precisions_init"] / unit ** 2)
    model = GaussianMixture(**scaled).fit(X * unit)
    print("unit {}: means {} in the old unit".format(unit, (model.means_ / unit).tolist()))""",
        makes_fits=True,
        needs=("reg_covar",),
    ),
)
def test_fit_scales_with_the_unit(subject: Subject, judgement: Judgement) -> None:
    """Every coordinate times 4, reg_covar times 16: means times 4, covariances times 16."""
    case = subject.case
    moved = case._replace(
        frames=tuple(_wide(frame) * UNIT for frame in case.frames),
        means=case.means * UNIT,
        precisions=case.precisions / UNIT**2,
        settings=case.settings._replace(reg_covar=case.settings.reg_covar * UNIT**2),
    )
    shift = case.means.shape[1] * np.log(UNIT)
    _judge_equivariance(
        subject, judgement, moved,
        lambda fit: fit._replace(
            means=fit.means / UNIT,
            covariances=fit.covariances / UNIT**2,
            lower_bound=None if fit.lower_bound is None else fit.lower_bound + shift,
        ),
    )  # fmt: skip


def _judge_equivariance(
    subject: Subject, judgement: Judgement, moved: Case, back: Callable[[Any], Any], *, is_moved: bool = False
) -> None:
    """Compare the fit of a case that was moved, moved back, with that of the case."""
    # Where EM ends in a singular covariance, what a fit leaves before that is rounding.
    subject.require_truth()
    same_fit(
        judgement, subject, subject.last, subject.again(moved), back=back, also=(moved,), is_moved=is_moved
    )  # fmt: skip


def _wide(frame: np.ndarray) -> np.ndarray:
    """Integers in a type that a shift, a sign or a unit does not overflow."""
    return frame.astype(np.int64) if frame.dtype.kind in "iu" else frame


def _map_matrices(case: Case, array: np.ndarray, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Apply a function to every matrix of full or tied parameters; a sign does not change a variance."""
    if case.settings.covariance_type == "tied":
        return function(array)
    return np.stack([function(matrix) for matrix in array]) if case.settings.covariance_type == "full" else array


def _map_features(case: Case, array: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Covariances or precisions with their features in another order."""
    kind = case.settings.covariance_type
    if kind == "spherical":
        return array
    if kind == "diag":
        return np.ascontiguousarray(array[:, order])
    return np.ascontiguousarray(array[..., order, :][..., order])
