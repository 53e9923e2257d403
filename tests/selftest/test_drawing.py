"""A case is drawn in one way, and a component is drawn as lost where the diagnosis says that it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from fixtures.corpus import CASES, Case, Settings, load_case
from tests.support import picture, replay
from tests.tools import corpus, drawing

FAR = 1e5  # at such coordinates rounding moves a mean by more than 1e-3
LOST = "object-leaves-frame"


def case_of(samples: list[list[float]]) -> Case:
    """A case of one component."""
    start = (np.ones(1), np.zeros((1, 2)), np.eye(2)[np.newaxis])
    return Case("a-case", "a case", (), Settings("full", 1e-6, 1e-3, 100), (np.array(samples),), *start, {})


def outcome_of(case: Case, mean: list[float], weight: float = 1.0) -> replay.Outcome:
    """What a fit of it may have left."""
    arrays = (np.array([weight]), np.array([mean]), np.eye(2)[np.newaxis], np.eye(2)[np.newaxis])
    return replay.Outcome(replay.initial(case), *arrays, 1, True, -1.0, (), None, 0.0, 0)


def drawn_as_lost(case: Case, fit: picture.Fit | None) -> int:
    """How many ellipses have the colour of what is lost."""
    axes = Figure().subplots()
    drawing.draw_frame(axes, case)
    drawing.draw_components(axes, case, fit, None)
    colour = Ellipse((0, 0), 1, 1, edgecolor=picture.LOST).get_edgecolor()
    return sum(isinstance(patch, Ellipse) and patch.get_edgecolor() == colour for patch in axes.patches)


def test_a_mean_outside_the_data_by_less_than_the_tolerance_is_not_drawn_as_lost() -> None:
    case = case_of([[0.0, 0.0], [FAR, FAR]])
    assert drawn_as_lost(case, picture.fit_of(case, outcome_of(case, [FAR + 1.2e-3, FAR]), "1.9.1")) == 0


def test_a_mean_outside_the_data_by_more_than_the_tolerance_is_drawn_as_lost() -> None:
    case = case_of([[0.0, 0.0], [1.0, 1.0]])
    assert drawn_as_lost(case, picture.fit_of(case, outcome_of(case, [1 + 5e-4, 1.0]), "1.9.1")) == 1


def test_an_empty_component_is_drawn_as_lost_where_the_origin_is_in_the_data() -> None:
    case = case_of([[-1.0, -1.0], [1.0, 1.0]])
    assert drawn_as_lost(case, picture.fit_of(case, outcome_of(case, [0.0, 0.0], 1e-17), "1.9.1")) == 1


@pytest.mark.parametrize(("state", "number"), [("empty", 1), ("dragged", 1), ("pinned", 0), ("healthy", 0), (None, 0)])
def test_of_a_fit_that_was_judged_elsewhere_the_state_decides(state: str | None, number: int) -> None:
    case = case_of([[0.0, 0.0], [1.0, 1.0]])
    fit = picture.in_plane(np.array([[5.0, 5.0]]), np.eye(2)[np.newaxis], [state], "1.9.1")
    assert drawn_as_lost(case, fit) == number


@pytest.mark.parametrize("exact", [True, False])
def test_the_legend_is_within_the_picture(exact: bool) -> None:
    case = case_of([[0.0, 0.0], [1.0, 1.0]])
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    drawing.draw_frame(figure.subplots(), case)
    drawing.add_legend(figure, picture.fit_of(case, outcome_of(case, [0.0, 0.0]), "1.9.1"), exact=exact)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    extent = legend.get_window_extent()
    assert figure.bbox.x0 <= extent.x0 < extent.x1 <= figure.bbox.x1
    assert len(legend.get_texts()) == 3 + exact


def test_a_fit_that_raised_has_no_components_after_it() -> None:
    case = case_of([[0.0, 0.0], [1.0, 1.0]])
    raised = outcome_of(case, [0.0, 0.0])._replace(error=replay.Raised("ValueError", "no"))
    assert picture.fit_of(case, raised, "1.9.1") is None


def test_a_single_feature_and_a_single_place_are_drawn() -> None:
    narrow = case_of([[3.0], [3.0]])._replace(means=np.zeros((1, 1)), precisions=np.eye(1)[np.newaxis])
    assert drawn_as_lost(narrow, None) == 0


def test_the_contact_sheet_draws_what_the_baseline_records() -> None:
    case = load_case(LOST)
    fit = drawing.baseline_fit(case)
    assert fit is not None
    assert fit.lost.tolist() == [False] * 10 + [True]
    assert fit.release == json.loads((CASES / LOST / "baseline.json").read_text())["recorded_with"]["scikit-learn"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A corpus of one case without a record of its fits."""
    folder = tmp_path / "cases" / LOST
    folder.mkdir(parents=True)
    for path in (CASES / LOST).iterdir():
        if path.name not in ("baseline.json", "expected.json"):
            (folder / path.name).write_bytes(path.read_bytes())
    return folder.parent


def test_a_case_without_its_records_is_drawn_with_what_it_starts_from(root: Path) -> None:
    case = load_case(LOST, root)
    assert drawing.baseline_fit(case, root) is None
    assert picture.exact_means(case, root) is None
    drawing.draw_cases([case], root.parent / "some plots", root)
    drawn = sorted(path.name for path in (root.parent / "some plots").iterdir())
    assert drawn == ["contact-sheet.png", f"{LOST}.png"]


def test_a_broken_corpus_is_not_drawn(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / LOST / "means.npy").unlink()
    assert corpus.main(["--root", str(root), "--plots", str(root.parent / "plots")]) == 1
    assert "error: " in capsys.readouterr().err
    assert not (root.parent / "plots").exists()


def test_a_folder_that_cannot_be_written_is_said_in_one_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root.parent / "plots").touch()
    assert corpus.main(["--plots", str(root.parent / "plots")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {root.parent / 'plots'}: ")


def test_the_session_says_that_it_draws(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        corpus.main(["--help"])
    assert ended.value.code == 0
    assert "--plots DIR" in capsys.readouterr().out
