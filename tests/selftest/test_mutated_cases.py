"""Whatever happens to a case's bytes, it is refused as a broken case, or it still is a good one."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fixtures.corpus import FLAGS, Case
from fixtures.validation import BrokenCase, precisions_shape
from tests.selftest.case_files import PRECISIONS, StoredCase, store_case

MUTATIONS = 300
ARRAYS = ("frame.npy", "means.npy", "precisions.npy", "weights.npy")
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 0.5, 1e308, 10**30, "", "x", "full", "\n", "../x", [], {}, [[]], [0], [10**30],
    ["x"], [None], {"kind": []}, {"x": 1}, "0" * 64, "object", "float64",
)  # fmt: skip


def flip_bits(content: bytes, source: random.Random) -> bytes:
    """Flip one to eight bits."""
    changed = bytearray(content)
    for _ in range(source.randint(1, 8)):
        changed[source.randrange(len(changed))] ^= 1 << source.randrange(8)
    return bytes(changed)


def truncate(content: bytes, source: random.Random) -> bytes:
    """Keep the beginning."""
    return content[: source.randrange(len(content))]


def insert(content: bytes, source: random.Random) -> bytes:
    """Put some bytes in between."""
    place = source.randrange(len(content) + 1)
    return content[:place] + source.randbytes(source.randint(1, 16)) + content[place:]


def edit_header(content: bytes, source: random.Random) -> bytes:
    """Replace a character among the first ones by one that means something there."""
    place = source.randrange(min(len(content), 90))
    return (
        content[:place]
        + bytes([source.choice(b"(),:'{}[]<>|0123456789LO fiubTrueFalse\n\x00\xff")])
        + content[place + 1 :]
    )


def overwrite(content: bytes, source: random.Random) -> bytes:
    """Overwrite eight bytes of data with those of an odd number."""
    odd = np.array(source.choice([np.nan, np.inf, -np.inf, -1.0, 0.0, 5e-324, 1.7e308, -1.7e308, 1e-300, 0.5]))
    place = max(0, len(content) - 8 * source.randint(1, 12))
    return content[:place] + odd.tobytes() + content[place + 8 :]


MUTATORS = (flip_bits, truncate, insert, edit_header, overwrite)


def mutate_a_file(stored: StoredCase, source: random.Random, names: tuple[str, ...]) -> str:
    """Change the bytes of one file, or put another one's in its place; say what was done."""
    name = source.choice(names)
    path = stored.folder / name
    if source.random() < 0.1:
        other = source.choice(ARRAYS)
        path.write_bytes((stored.folder / other).read_bytes())
        return f"{other} in place of {name}"
    mutator = source.choice(MUTATORS)
    path.write_bytes(mutator(path.read_bytes(), source))
    return f"{mutator.__name__} of {name}"


def seal(stored: StoredCase, source: random.Random) -> None:
    """Make case.json say what the arrays are, so that only the deeper checks are left."""
    for name in ARRAYS:
        content = (stored.folder / name).read_bytes()
        stored.put(name, content)
        try:
            array = np.load(io.BytesIO(content), allow_pickle=False)
        except Exception:  # noqa: S112  (numpy's own reader has many ways to refuse)
            continue
        if source.random() < 0.9:
            entry = {"shape": list(array.shape), "dtype": array.dtype.name}
            stored.say_of(name, entry)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, as the keys that lead there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def mutate_the_description(stored: StoredCase, source: random.Random) -> str:
    """Replace, drop or rename an entry of case.json; say what was done."""
    description = json.loads((stored.folder / "case.json").read_text(encoding="utf-8"))
    *above, key = source.choice(list(places(description)))
    holder = description
    for step in above:
        holder = holder[step]
    action = source.choice(["replace", "replace", "replace", "drop", "rename"])
    value = source.choice(ODD_VALUES)
    if action == "replace":
        holder[key] = value
    elif action == "drop" or isinstance(holder, list):
        del holder[key]
    else:
        holder[str(value)] = holder.pop(key)
    (stored.folder / "case.json").write_text(json.dumps(description), encoding="utf-8")
    return f"{action} {[*above, key]} with {value!r}"


def assert_good(case: Case) -> None:
    """Check on our own that a case that loads makes sense."""
    n_components, n_features = case.means.shape
    assert case.weights.shape == (n_components,)
    assert case.precisions.shape == precisions_shape(case.settings.covariance_type, n_components, n_features)
    for frame in case.frames:
        assert frame.shape[1] == n_features
        assert len(frame) >= n_components
    for array in (*case.frames, case.weights, case.means, case.precisions):
        assert array.dtype.kind in "iuf"
        assert np.isfinite(array).all()
    assert abs(case.weights.astype(np.float64).sum() - 1) < 1e-5
    assert (case.weights >= 0).all()
    if case.settings.covariance_type in ("full", "tied"):
        np.linalg.cholesky(case.precisions)
    else:
        assert (case.precisions > 0).all()
    assert set(case.flags) <= set(FLAGS)
    assert 0 <= float(case.settings.reg_covar) < np.inf
    assert 0 <= float(case.settings.tol) < np.inf
    assert case.settings.max_iter >= 1


def contents(stored: StoredCase) -> dict[str, bytes]:
    """The bytes of a case's files."""
    return {path.name: path.read_bytes() for path in stored.folder.iterdir()}


def survivors(root: Path, mutate: Callable[[StoredCase, random.Random], str], seed: int) -> tuple[int, list[str]]:
    """How many mutated cases load, and everything that is neither a good case nor a proper refusal."""
    source = random.Random(seed)  # noqa: S311  (no secret)
    loaded, wrong = 0, []
    good = {
        (kind, dtype): contents(store_case(root / "good" / kind / np.dtype(dtype).name, kind, dtype))
        for kind in PRECISIONS
        for dtype in (np.float64, np.float32)
    }
    for number in range(MUTATIONS):
        stored = StoredCase(root / str(number))
        stored.folder.mkdir(parents=True)
        for name, content in source.choice(list(good.values())).items():
            (stored.folder / name).write_bytes(content)
        done = mutate(stored, source)
        try:
            assert_good(stored.load())
            assert stored.schema_refusal is None
            loaded += 1
        except BrokenCase as refused:
            if len(str(refused).splitlines()) != 1 or "; should be " not in str(refused):
                wrong.append(f"mutation {number} ({done}): {refused}")
        except Exception as error:  # whatever else is raised is what this looks for
            wrong.append(f"mutation {number} ({done}): {type(error).__name__}: {error}")
    return loaded, wrong


def test_changed_bytes_are_refused(tmp_path: Path) -> None:
    loaded, wrong = survivors(tmp_path, lambda stored, source: mutate_a_file(stored, source, ARRAYS), seed=12099)
    assert wrong == []
    assert (
        loaded < MUTATIONS / 10
    )  # what is the same after the change: a swap of a file with itself, a nought for a nought


def test_changed_bytes_of_the_description_are_refused_or_harmless(tmp_path: Path) -> None:
    loaded, wrong = survivors(tmp_path, lambda stored, source: mutate_a_file(stored, source, ("case.json",)), seed=44)
    assert wrong == []
    assert loaded < MUTATIONS


def test_changed_entries_of_the_description_are_refused_or_harmless(tmp_path: Path) -> None:
    loaded, wrong = survivors(tmp_path, mutate_the_description, seed=43)
    assert wrong == []
    assert 0 < loaded < MUTATIONS


def test_changed_arrays_with_a_right_checksum_are_refused_or_make_sense(tmp_path: Path) -> None:
    def mutate(stored: StoredCase, source: random.Random) -> str:
        done = mutate_a_file(stored, source, ARRAYS)
        seal(stored, source)
        return done

    loaded, wrong = survivors(tmp_path, mutate, seed=36)
    assert wrong == []
    assert 0 < loaded < MUTATIONS


@pytest.mark.parametrize("covariance_type", sorted(PRECISIONS))
def test_the_case_before_any_mutation_makes_sense(tmp_path: Path, covariance_type: str) -> None:
    assert_good(store_case(tmp_path, covariance_type).load())
