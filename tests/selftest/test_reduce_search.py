"""The search, with probes that are fakes: what it keeps, what it asks, and how it goes on after it was cut off."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fixtures.corpus import Settings
from tests.tools.journal import Journal
from tests.tools.reduce.candidate import Candidate, from_case
from tests.tools.reduce.reduction import Judge, Search
from tests.tools.worker_process import WorkerProcess
from tests.workers.probe import case_of

CHECK = "test_of_a_fake"
WANTED = ["empty", []]


def many_samples() -> Candidate:
    """40 samples on a grid, five components, of which the last is far away."""
    grid = np.array([[x, y] for x in range(10, 18) for y in range(20, 25)], dtype=np.int32)
    means = np.array([[10.25, 20.5], [12.0, 21.0], [14.0, 22.0], [16.0, 23.5], [97.3, 61.7]])
    precisions = np.stack([np.array([[1.25, 0.5], [0.5, 2.0]])] * 5)
    settings = Settings("full", 1e-6, 1e-3, 100)
    weights = np.array([0.25, 0.25, 0.125, 0.125, 0.25])
    return Candidate(settings, (np.repeat(grid, 3, axis=0),), weights, means, precisions, 4)


class Fake(WorkerProcess):
    """A probe that says of every candidate what a function says, and counts."""

    def __init__(self, fails: Callable[[Candidate], bool]) -> None:
        self.fails = fails
        self.asked = 0
        self.breaks_after: int | None = None

    def ask(self, do: str, *, timeout: float | None = None, **arguments: Any) -> Any:  # noqa: ARG002
        assert do == "alike"
        answers: list[bool] = []
        for request in json.loads(json.dumps(arguments["candidates"])):
            if self.asked == self.breaks_after:
                raise KeyboardInterrupt
            self.asked += 1
            same = self.fails(from_case(*case_of(request)))
            answers.append(same)
            if same:
                break
        return answers


def far_away(candidate: Candidate) -> bool:
    """The chosen component is one of several, and at least 30 away from every sample."""
    assert candidate.component is not None
    away = candidate.frames[0] - candidate.means[candidate.component]
    return candidate.n_components >= 2 and bool(np.sqrt((away**2).sum(axis=1)).min() >= 30)


def reduced(journal: Path, *fakes: Fake) -> Search:
    judges = [Judge(str(number), fake, CHECK, WANTED) for number, fake in enumerate(fakes)]
    open_journal = Journal(journal, {"case": many_samples().key})
    search = Search(many_samples(), judges, open_journal, lambda *_: None)
    search.run(lambda _: [])
    return search


def test_nothing_is_left_that_could_be_left_out(tmp_path: Path) -> None:
    best = reduced(tmp_path / "journal", Fake(far_away)).best
    assert best.shape == (2, 2, 1)
    assert far_away(best)
    assert best.settings.max_iter == 1
    assert best.frames[0].tolist() == [[1], [2]]
    assert best.weights.tolist() == [0.5, 0.5]
    assert (best.precisions == 1).all()
    assert best.means[1, 0] == 40  # one digit, and at least 30 from 2
    assert best.frames[0].dtype == np.int32


def test_the_same_result_again(tmp_path: Path) -> None:
    one, other = (reduced(tmp_path / name, Fake(far_away)) for name in ("one", "other"))
    assert one.best.key == other.best.key
    assert one.asked == other.asked


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_one_that_is_interrupted_keeps_the_best_and_goes_on_to_the_same_result(tmp_path: Path, part: float) -> None:
    whole = reduced(tmp_path / "whole", Fake(far_away))
    fake = Fake(far_away)
    fake.breaks_after = int(part * whole.asked)
    judge = Judge("0", fake, CHECK, WANTED)
    journal = Journal(tmp_path / "cut", {"case": many_samples().key})
    search = Search(many_samples(), [judge], journal, lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        search.run(lambda _: [])
    assert far_away(search.best)
    assert search.best.key == search.accepted[-1].key != many_samples().key
    again = reduced(tmp_path / "cut", Fake(far_away))
    assert again.best.key == whole.best.key
    assert again.asked < whole.asked


def test_a_journal_that_was_cut_off_in_the_middle_of_a_line_is_gone_on_with(tmp_path: Path) -> None:
    whole = reduced(tmp_path / "journal", Fake(far_away))
    content = (tmp_path / "journal").read_bytes()
    for length in (len(content) // 3, len(content) - 5):
        (tmp_path / "cut").write_bytes(content[:length])
        again = reduced(tmp_path / "cut", Fake(far_away))
        assert again.best.key == whole.best.key
        assert again.asked < whole.asked


def test_a_whole_journal_leaves_nothing_to_ask(tmp_path: Path) -> None:
    reduced(tmp_path / "journal", Fake(far_away))
    fake = Fake(far_away)
    reduced(tmp_path / "journal", fake)
    assert fake.asked == 0


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[1, 2", b'["reduction", {"case": "another"}]\n["0", "a", true]\n']
)
def test_a_journal_of_something_else_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal").write_bytes(content)
    journal = Journal(tmp_path / "journal", ["reduction", {"case": "mine"}])
    assert journal.entries == []
    assert (tmp_path / "journal").read_text() == '["reduction",{"case":"mine"}]\n'


def test_every_judge_has_to_agree(tmp_path: Path) -> None:
    best = reduced(tmp_path / "journal", Fake(far_away), Fake(lambda one: far_away(one) and one.n_components >= 3)).best
    assert best.n_components == 3
    assert best.frames[0].shape == (3, 1)


def test_a_judge_that_comes_later_takes_back_what_it_does_not_accept(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", {})
    search = Search(many_samples(), [Judge("0", Fake(far_away), CHECK, WANTED)], journal, lambda *_: None)
    search.run(lambda _: [])
    late = Fake(lambda one: far_away(one) and one.means.shape[1] == 2)
    search.add_judge(Judge("1", late, CHECK, WANTED))
    assert search.best.means.shape[1] == 2
    search.run(lambda _: [])
    assert search.best.shape == (2, 2, 2)


def many_or_two(candidate: Candidate) -> bool:
    """One component takes 20 samples, two do with any number."""
    return candidate.n_components >= 2 or len(candidate.frames[0]) >= 20


def test_one_component_more_is_kept_where_it_saves_samples(tmp_path: Path) -> None:
    assert reduced(tmp_path / "journal", Fake(many_or_two)).best.shape == (2, 2, 1)


def test_one_component_more_is_tried_with_few_iterations_where_none_is_chosen(tmp_path: Path) -> None:
    """With many iterations 20 samples are needed, and of these no way leads to one iteration, with which few do."""
    original = dataclasses.replace(many_samples(), component=None)

    def is_enough(candidate: Candidate) -> bool:
        samples = candidate.fewest_distinct
        if candidate.settings.max_iter > 1:
            return samples >= 20
        return candidate.n_components > 1 and not 20 <= samples < 40

    judge = Judge("0", Fake(is_enough), CHECK, WANTED)
    journal = Journal(tmp_path / "journal", {"case": original.key})
    best = Search(original, [judge], journal, lambda *_: None).run(lambda _: [])
    assert best.shape == (2, 2, 1)
    assert best.settings.max_iter == 1


def test_components_go_last_where_few_do_only_with_few_samples_and_round_numbers(tmp_path: Path) -> None:
    def is_enough(candidate: Candidate) -> bool:
        if candidate.n_components == 5:
            return True
        are_round = bool((candidate.means % 1 == 0).all())
        few_enough = candidate.fewest_distinct <= 5 if are_round else candidate.fewest_distinct >= 30
        return candidate.means.shape[1] == 2 and few_enough

    assert reduced(tmp_path / "journal", Fake(is_enough)).best.shape[0] == 5  # 30 where components go first


def test_of_a_count_that_is_wrong_components_go_before_iterations(tmp_path: Path) -> None:
    """Five components converge in two iterations, fewer in three."""
    original = dataclasses.replace(many_samples(), component=None)

    def has_time_to_converge(candidate: Candidate) -> bool:
        return candidate.settings.max_iter >= (2 if candidate.n_components == original.n_components else 3)

    judge = Judge("0", Fake(has_time_to_converge), CHECK, WANTED)
    journal = Journal(tmp_path / "journal", {"case": original.key})
    search = Search(original, [judge], journal, lambda *_: None)
    best = search.run(lambda _: [])
    assert best.shape == (2, 1, 1)
    assert best.settings.max_iter == 3


def test_few_samples_with_a_wide_tolerance_come_before_many_without(tmp_path: Path) -> None:
    def converges_in_time(candidate: Candidate) -> bool:
        """Two iterations are needed, and as many samples as the tolerance is narrow."""
        samples = candidate.fewest_distinct
        tried.append(samples)
        return candidate.settings.max_iter >= 2 and samples >= (2 if candidate.settings.tol == 1 else 20)

    tried: list[int] = []
    assert reduced(tmp_path / "journal", Fake(converges_in_time)).best.fewest_distinct == 2
    # Of the whole frame iterations and components are left out; after that no more than a few samples are tried.
    assert [samples for samples in tried if 5 < samples < 40] == []


def test_one_that_is_interrupted_while_it_tries_a_component_more_keeps_the_better(tmp_path: Path) -> None:
    fake = Fake(many_or_two)
    judge = Judge("0", fake, CHECK, WANTED)
    journal = Journal(tmp_path / "cut", {})
    alone: list[Candidate] = []

    def watch(_: str, best: Candidate, __: int) -> None:
        alone.extend([best] if best.n_components == 1 else [])
        if alone and best.n_components > 1:
            raise KeyboardInterrupt

    search = Search(many_samples(), [judge], journal, watch)
    with pytest.raises(KeyboardInterrupt):
        search.run(lambda _: [])
    assert search.best.key == alone[-1].key


def test_no_new_fault_is_brought_in(tmp_path: Path) -> None:
    seen: list[Candidate] = []

    def note(candidate: Candidate) -> bool:
        seen.append(candidate)
        return far_away(candidate)

    reduced(tmp_path / "journal", Fake(note))
    assert all(candidate.fewest_distinct >= candidate.n_components for candidate in seen)
    assert all(candidate.weights.min() > 0 and abs(candidate.weights.sum() - 1) < 1e-8 for candidate in seen)
    assert all(candidate.is_valid() for candidate in seen)
    assert len({candidate.key for candidate in seen}) == len(seen), "nothing is asked twice"


def test_numbers_reach_the_probe_as_they_are() -> None:
    candidate = many_samples()
    odd = candidate.changed(means=candidate.means * 1.1, frames=(candidate.frames[0].astype(np.float32) / 3,))
    again = from_case(*case_of(json.loads(json.dumps(odd.request))))
    assert again.key == odd.key
