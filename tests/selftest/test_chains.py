"""A chain is replayed frame by frame, in both ways, and its first collapse is told."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from fixtures.corpus import Case, Settings
from tests.support import replay
from tests.support.judgement import Judgement, NotJudged
from tests.support.replay import EXPLICIT, WARM_START, Outcome, Raised
from tests.support.subject import Subject

FRAMES = tuple(np.arange(12.0).reshape(6, 2) + number for number in range(3))


@pytest.fixture
def chain() -> Case:
    return Case(
        name="chain",
        title="three frames",
        flags=("chain",),
        settings=Settings("full", 1e-6, 1e-3, 100),
        frames=FRAMES,
        weights=np.array([0.5, 0.5]),
        means=np.zeros((2, 2)),
        precisions=np.stack([np.eye(2)] * 2),
        provenance={"kind": "user"},
    )


class Remembers:
    """Leaves the mean of the frame plus what it started from, so that every start shows in the end."""

    made: list[Remembers] = []
    raises_at = -1
    means_: np.ndarray

    def __init__(self, *, means_init: np.ndarray, warm_start: bool = False, **parameters: Any) -> None:
        self.parameters = {"means_init": means_init, **parameters}
        self.warm_start = warm_start
        self.n_fits = 0
        Remembers.made.append(self)

    def fit(self, frame: np.ndarray) -> Remembers:
        if self.raises_at in (self.n_fits, len(Remembers.made) - 1):
            raise ValueError("no")
        start = self.means_ if self.warm_start and self.n_fits else self.parameters["means_init"]
        self.n_fits += 1
        self.weights_ = np.array([0.5, 0.5])
        self.means_ = start + frame.mean(axis=0)
        self.covariances_ = self.precisions_ = np.stack([np.eye(2)] * 2)
        self.n_iter_, self.converged_, self.lower_bound_ = self.n_fits, True, -1.0
        return self


class LeavesNoPrecisions(Remembers):
    """Nothing can go on from what it leaves."""

    def fit(self, frame: np.ndarray) -> LeavesNoPrecisions:
        super().fit(frame)
        del self.precisions_
        return self


@pytest.fixture
def fake() -> type[Remembers]:
    Remembers.made, Remembers.raises_at = [], -1
    return Remembers


def final_means(outcomes: tuple[Outcome, ...]) -> list[float]:
    assert all(outcome.means is not None for outcome in outcomes)
    return [float(outcome.means[0, 0]) for outcome in outcomes if outcome.means is not None]


@pytest.mark.parametrize("way", [EXPLICIT, WARM_START])
def test_each_frame_starts_from_what_the_last_one_left(chain: Case, fake: type[Remembers], way: str) -> None:
    outcomes = replay.replay(chain, fake, way)
    assert final_means(outcomes) == list(np.cumsum([frame.mean(axis=0)[0] for frame in FRAMES]))
    assert [outcome.frame for outcome in outcomes] == [0, 1, 2]
    for before, after in itertools.pairwise(outcomes):
        np.testing.assert_array_equal(after.start.means, before.means)


def test_an_explicit_replay_makes_an_estimator_for_each_frame(chain: Case, fake: type[Remembers]) -> None:
    replay.replay(chain, fake, EXPLICIT)
    assert [(made.warm_start, made.n_fits) for made in fake.made] == [(False, 1)] * 3


def test_a_warm_start_replay_makes_one_estimator(chain: Case, fake: type[Remembers]) -> None:
    replay.replay(chain, fake, WARM_START)
    assert [(made.warm_start, made.n_fits) for made in fake.made] == [(True, 3)]


@pytest.mark.parametrize("way", [EXPLICIT, WARM_START])
def test_a_chain_ends_with_the_fit_that_raises(chain: Case, fake: type[Remembers], way: str) -> None:
    fake.raises_at = 1
    outcomes = replay.replay(chain, fake, way)
    assert [outcome.error for outcome in outcomes] == [None, Raised("ValueError", "no")]


def test_a_chain_ends_with_the_fit_that_leaves_nothing_to_go_on_from(chain: Case, fake: type[Remembers]) -> None:
    (outcome,) = replay.replay(chain, LeavesNoPrecisions, EXPLICIT)
    assert len(fake.made) == 1
    assert outcome.error is None


@pytest.mark.usefixtures("fake")
def test_frames_that_no_fit_could_start_on_are_noted(chain: Case) -> None:
    subject, judgement = Subject(chain, LeavesNoPrecisions, "1.9.1"), Judgement("full")
    assert [(way, outcome.frame) for way, outcome, _ in subject.fits(judgement)] == [(EXPLICIT, 0), (WARM_START, 0)]
    assert judgement.missing == ["the fit left no precisions_ to start the next frame from"]
    with pytest.raises(NotJudged, match=r"left no precisions_ to start the next frame from"):
        subject.require_frames(EXPLICIT, 2)


def test_a_fit_that_raises_is_noted_and_the_others_are_given_with_their_place(
    chain: Case, fake: type[Remembers]
) -> None:
    fake.raises_at = 1
    judgement = Judgement("full")
    for _, _, at in Subject(chain, fake, "1.9.1").fits(judgement):
        at.expect(False, "n_iter_", 1, 2)
    assert [(found.way, found.frame) for found in judgement.findings] == [(EXPLICIT, 0), (WARM_START, 0)]
    assert judgement.missing == ["the fit raised ValueError: no"]


def test_only_a_chain_is_replayed_in_two_ways(chain: Case) -> None:
    assert replay.ways(chain) == (EXPLICIT, WARM_START)
    assert replay.ways(chain._replace(frames=FRAMES[:1])) == (EXPLICIT,)
