"""Cases whose description or files are not what the format says are refused: one line, file, seen, should be."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.corpus import FLAGS, CaptureNotAtHand, UnknownCase, load_case
from tests.selftest.case_files import NAME, StoredCase, store_case

FILES = ("frame.npy", "means.npy", "precisions.npy", "weights.npy")
PUBLISHED = {name: f"Published_{name}" for name in FILES}
# JSON Schema knows no order, and takes 1.0 for an integer. Everything else about a description the schema refuses, too.
BEYOND_THE_SCHEMA = [repr(value) for value in (["still", "control"], 1.0, [8, 2.0])]


@pytest.fixture
def stored(tmp_path: Path) -> StoredCase:
    """The small case, whole."""
    return store_case(tmp_path / "cases")


def set_to(*keys: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """A change of case.json: the value under some keys."""

    def change(description: dict[str, Any]) -> None:
        for key in keys[:-1]:
            description = description[key]
        description[keys[-1]] = value

    return change


def drop(*keys: str) -> Callable[[dict[str, Any]], None]:
    """A change of case.json: an entry is taken out."""

    def change(description: dict[str, Any]) -> None:
        for key in keys[:-1]:
            description = description[key]
        del description[keys[-1]]

    return change


def rename(old: str, new: str) -> Callable[[dict[str, Any]], None]:
    """A change of case.json: a file is listed under another name."""
    return lambda description: description["files"].__setitem__(new, description["files"].pop(old))


def download(**changes: Any) -> Callable[[dict[str, Any]], None]:
    """A change of case.json: the arrays are published elsewhere."""
    return set_to("download", value={"address": "https://example.org/", "files": PUBLISHED, **changes})


@pytest.mark.parametrize("name", ["no-such-case", "", ".", "..", f"../cases/{NAME}", f"{NAME}/", "Tiny", "tiny\n", "*"])
def test_a_name_that_is_no_case_is_unknown(stored: StoredCase, name: str) -> None:
    with pytest.raises(UnknownCase, match=f"there is no case .*; should be one of {NAME}"):
        load_case(name, root=stored.root)


@pytest.mark.parametrize("file_name", ["case.json", *FILES])
def test_a_missing_file_is_refused(stored: StoredCase, file_name: str) -> None:
    (stored.folder / file_name).unlink()
    assert stored.refusal(file_name) == "is missing; should be a plain file"


@pytest.mark.parametrize("file_name", ["case.json", *FILES])
def test_a_folder_in_place_of_a_file_is_refused(stored: StoredCase, file_name: str) -> None:
    (stored.folder / file_name).unlink()
    (stored.folder / file_name).mkdir()
    assert stored.refusal(file_name) == "is not a file; should be a plain file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this platform has no named pipes")
def test_a_named_pipe_in_place_of_a_file_is_refused(stored: StoredCase) -> None:
    (stored.folder / "frame.npy").unlink()
    os.mkfifo(stored.folder / "frame.npy")
    assert stored.refusal("frame.npy") == "is not a file; should be a plain file"


@pytest.mark.parametrize("file_name", FILES)
def test_a_changed_byte_is_refused(stored: StoredCase, file_name: str) -> None:
    path = stored.folder / file_name
    before = path.read_bytes()
    path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    sha256, should_be = (hashlib.sha256(content).hexdigest() for content in (path.read_bytes(), before))
    assert stored.refusal(file_name) == f"has sha256 {sha256}; should be {should_be} as case.json says"


def test_swapped_files_are_refused(stored: StoredCase) -> None:
    shutil.copy(stored.folder / "means.npy", stored.folder / "weights.npy")
    assert "has sha256" in stored.refusal("weights.npy")


@pytest.mark.parametrize(("key", "value"), [("shape", [4, 4]), ("dtype", "int64")])
def test_an_array_that_is_not_as_described_is_refused(stored: StoredCase, key: str, value: Any) -> None:
    stored.describe(set_to("files", "frame.npy", key, value=value))
    assert f"has {key} " in stored.refusal("frame.npy")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"{} {}",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"format": NaN}',
        b'{"format": -Infinity}',
        b'{"format": 1, "format": 1}',
        b"[" * 200_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"format": ' + b"1" * 10_000 + b"}",
    ],
    ids=["empty", "half", "two", "utf-16", "byte order mark", "nan", "infinity", "repeated key", "deep list",
         "deep object", "long number"],
)  # fmt: skip
def test_a_description_that_is_not_strict_json_is_refused(stored: StoredCase, content: bytes) -> None:
    (stored.folder / "case.json").write_bytes(content)
    stored.refusal("case.json")


@pytest.mark.parametrize("depth", [100, 300, 600, 900, 2000])
@pytest.mark.parametrize("keys", [("title",), ("flags",), ("settings",), ("provenance",), ("settings", "tol")])
def test_a_deep_value_is_refused(stored: StoredCase, keys: tuple[str, ...], depth: int) -> None:
    stored.describe(set_to(*keys, value="DEEP"))
    path = stored.folder / "case.json"
    deep = "[" * depth + "]" * depth
    path.write_text(path.read_text(encoding="utf-8").replace('"DEEP"', deep), encoding="utf-8")
    stored.refusal("case.json")


@pytest.mark.parametrize("content", ["[]", "null", "1", '"text"', "true"])
def test_a_description_that_is_no_object_is_refused(stored: StoredCase, content: str) -> None:
    (stored.folder / "case.json").write_text(content, encoding="utf-8")
    assert stored.refusal("case.json").endswith("; should be a JSON object")


@pytest.mark.parametrize("version", [0, 2, "1", None, True, [], {}, 1e300])
def test_an_unknown_format_version_is_refused(stored: StoredCase, version: Any) -> None:
    stored.describe(set_to("format", value=version))
    assert stored.refusal("case.json").startswith(f"has format version {version!r}; should be 1")


@pytest.mark.parametrize("key", ["title", "flags", "settings", "provenance", "files"])
def test_a_missing_entry_is_refused(stored: StoredCase, key: str) -> None:
    stored.describe(drop(key))
    assert stored.refusal("case.json").startswith(f"lacks {key!r} in the case")


@pytest.mark.parametrize("keys", [("extra",), ("files", "frame.npy", "extra"), ("settings", "extra")])
def test_an_unknown_entry_is_refused_and_named(stored: StoredCase, keys: tuple[str, ...]) -> None:
    stored.describe(set_to(*keys, value=1))
    assert "'extra'" in stored.refusal("case.json")


@pytest.mark.parametrize(
    "title",
    ["", "two\nlines", "two\rlines", "two\u2028lines", "\x1b[2J", "\u202eenil", "x" * 201, None, 1, ["title"]],
)
def test_a_title_that_is_not_one_line_is_refused(stored: StoredCase, title: Any) -> None:
    stored.describe(set_to("title", value=title))
    assert stored.refusal("case.json").startswith("has the title ")


@pytest.mark.parametrize(
    ("flags", "should_be"),
    [
        ("control", "a list of defined flags"),
        (["control", 1], "a list of defined flags"),
        ([["control"]], "a list of defined flags"),
        (["control", "no-such-flag"], f"one of {', '.join(sorted(FLAGS))}"),
        (["Control"], f"one of {', '.join(sorted(FLAGS))}"),
        (["still", "control"], "each flag once, sorted"),
        (["control", "control"], "each flag once, sorted"),
    ],
)
def test_flags_that_are_not_defined_or_not_sorted_are_refused(stored: StoredCase, flags: Any, should_be: str) -> None:
    stored.describe(set_to("flags", value=flags))
    assert f"; should be {should_be}" in stored.refusal("case.json", by_schema=repr(flags) not in BEYOND_THE_SCHEMA)


BAD_SETTINGS: dict[tuple[str, str], list[Any]] = {
    ("covariance_type", "one of full, tied, diag, spherical"): ["Full", "", None, 1, [], {}],
    ("reg_covar", "a finite number, 0 or more"): [-1e-9, -1, "0", None, True, [], {}],
    ("tol", "a finite number, 0 or more"): [-1e-9, -1, "0", None, True, [], {}],
    ("max_iter", "a whole number, 1 to 100000"): [0, -1, 1.0, 1.5, "1", None, True, [], 10**9],
}
BAD_ENTRIES: dict[str, list[Any]] = {
    "sha256": ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "0" * 64 + "\n", None, 0, []],
    "shape": [8, "8, 2", None, [8, -2], [8, 2.0], [8, True], [[8, 2]], {"0": 8}, [], [8, 2, 1, 1]],
    "dtype": ["object", "<i4", "float16", "", None, 4, [], {}, "int32\n"],
}


@pytest.mark.parametrize(
    ("name", "should_be", "value"), [(*key, value) for key, values in BAD_SETTINGS.items() for value in values]
)
def test_a_setting_out_of_range_is_refused(stored: StoredCase, name: str, should_be: str, value: Any) -> None:
    stored.describe(set_to("settings", name, value=value))
    refusal = stored.refusal("case.json", by_schema=repr(value) not in BEYOND_THE_SCHEMA)
    assert refusal.startswith(f"has {name} ")
    assert f"; should be {should_be}" in refusal


@pytest.mark.parametrize("reg_covar", [5e-324, 1e-307, 2.0**-385, 2.0**513, 1e308])
def test_a_reg_covar_whose_products_overflow_is_refused(stored: StoredCase, reg_covar: float) -> None:
    stored.describe(set_to("settings", "reg_covar", value=reg_covar))
    bound = "0, or from 2.54e-116 to 1.34e+154, so that no product leaves the range of float64"
    assert stored.refusal("case.json") == f"has reg_covar {reg_covar!r}; should be {bound}"


@pytest.mark.parametrize("reg_covar", [0, 2.0**-384, 2.0**512])
def test_a_reg_covar_at_a_bound_is_accepted_by_reader_and_schema(stored: StoredCase, reg_covar: float) -> None:
    stored.describe(set_to("settings", "reg_covar", value=reg_covar))
    assert stored.load().settings.reg_covar == reg_covar
    assert stored.schema_refusal is None


@pytest.mark.parametrize(
    ("number", "seen"), [("1e999", "is not valid JSON (1e999 is too large"), ("1" + "0" * 400, "has reg_covar 1000")]
)
def test_a_number_too_large_for_a_float_is_refused(stored: StoredCase, number: str, seen: str) -> None:
    path = stored.folder / "case.json"
    path.write_text(path.read_text(encoding="utf-8").replace("1e-06", number), encoding="utf-8")
    assert stored.refusal("case.json").startswith(seen)


@pytest.mark.parametrize("settings", [None, [], "full", {}])
def test_settings_that_are_not_just_the_four_are_refused(stored: StoredCase, settings: Any) -> None:
    stored.describe(set_to("settings", value=settings))
    assert "; should be just covariance_type, max_iter, reg_covar, tol" in stored.refusal("case.json")


@pytest.mark.parametrize("name", ["covariance_type", "max_iter", "reg_covar", "tol"])
def test_a_missing_setting_is_refused(stored: StoredCase, name: str) -> None:
    stored.describe(drop("settings", name))
    assert "; should be just covariance_type, max_iter, reg_covar, tol" in stored.refusal("case.json")


@pytest.mark.parametrize("provenance", [None, "user", [], {}, {"kind": "rumour"}, {"kind": None}, {"kind": ["user"]}])
def test_a_provenance_of_no_known_kind_is_refused(stored: StoredCase, provenance: Any) -> None:
    stored.describe(set_to("provenance", value=provenance))
    assert "; should be an object whose 'kind' is one of generated, published, reduced, user" in stored.refusal(
        "case.json"
    )


@pytest.mark.parametrize(
    "name",
    ["../frame.npy", "/frame.npy", "frame.npy/../../x.npy", "frame.NPY", "frame", "", "frame_000.npy", "f\n.npy"],
)
def test_a_frame_of_another_name_is_refused(stored: StoredCase, name: str) -> None:
    stored.describe(rename("frame.npy", name))
    assert "lists the frames " in stored.refusal("case.json")


@pytest.mark.parametrize("name", ["../../outside.npy", "extra.npy", "frame_001.npy"])
def test_a_file_beside_the_frame_is_refused(stored: StoredCase, name: str) -> None:
    stored.describe(lambda description: description["files"].update({name: description["files"]["frame.npy"]}))
    assert "lists the frames " in stored.refusal("case.json")


def test_a_chain_with_a_gap_is_refused(stored: StoredCase) -> None:
    stored.describe(rename("frame.npy", "frame_000.npy"))
    stored.describe(
        lambda description: description["files"].update({"frame_002.npy": description["files"]["frame_000.npy"]})
    )
    assert "lists the frames ['frame_000.npy', 'frame_002.npy']" in stored.refusal("case.json")


def test_a_file_beside_a_chain_is_refused(stored: StoredCase) -> None:
    stored.describe(rename("frame.npy", "frame_000.npy"))
    for name in ("frame_001.npy", "extra.npy"):
        stored.describe(set_to("files", name, value={"sha256": "0" * 64, "shape": [8, 2], "dtype": "int32"}))
    assert "lists the frames ['extra.npy', 'frame_000.npy', 'frame_001.npy']" in stored.refusal("case.json")


@pytest.mark.parametrize("key", ["sha256", "shape", "dtype"])
def test_a_file_that_is_described_in_part_is_refused(stored: StoredCase, key: str) -> None:
    stored.describe(drop("files", "frame.npy", key))
    assert stored.refusal("case.json").startswith(f"lacks {key!r} in frame.npy")


@pytest.mark.parametrize("name", ["weights.npy", "means.npy", "precisions.npy"])
def test_parameters_that_are_not_listed_are_refused(stored: StoredCase, name: str) -> None:
    stored.describe(drop("files", name))
    assert stored.refusal("case.json").startswith(f"does not list {name}; should be a file")


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD_ENTRIES.items() for value in values])
def test_a_description_of_a_file_that_makes_no_sense_is_refused(stored: StoredCase, key: str, value: Any) -> None:
    stored.describe(set_to("files", "frame.npy", key, value=value))
    refusal = stored.refusal("case.json", by_schema=repr(value) not in BEYOND_THE_SCHEMA)
    assert f"{key} " in refusal
    assert "for frame.npy" in refusal


@pytest.mark.parametrize("entry", [None, "frame.npy", [], 1])
def test_a_file_without_a_description_is_refused(stored: StoredCase, entry: Any) -> None:
    stored.describe(set_to("files", "frame.npy", value=entry))
    assert stored.refusal("case.json").startswith(f"gives {entry!r} for frame.npy; should be an object")


@pytest.mark.parametrize(
    "name", ["../x.npy", "/x.npy", "a/b.npy", "a\\b.npy", "x.npz", "", "..", ".npy", "x.npy\n", None, 1, ["x.npy"], {}]
)
def test_a_published_name_that_is_not_plain_is_refused(stored: StoredCase, name: Any) -> None:
    stored.describe(download(files={**PUBLISHED, "frame.npy": name}))
    assert stored.refusal("case.json").endswith("; should be a plain file name, NAME.npy")


@pytest.mark.parametrize("address", ["http://example.org/", "file:///", "", None, 1, ["https://example.org/"]])
def test_an_address_that_is_not_https_is_refused(stored: StoredCase, address: Any) -> None:
    stored.describe(download(address=address))
    assert stored.refusal("case.json").endswith("; should be one that starts with https://")


@pytest.mark.parametrize("files", [None, [], {}, {"frame.npy": "x.npy"}, {**PUBLISHED, "more.npy": "x.npy"}])
def test_published_files_that_are_not_the_files_of_the_case_are_refused(stored: StoredCase, files: Any) -> None:
    stored.describe(download(files=files))
    assert stored.refusal("case.json").startswith("does not say for each file how it is published; should be")


@pytest.mark.parametrize("value", [None, [], "https://example.org/"])
def test_a_download_that_is_no_object_is_refused(stored: StoredCase, value: Any) -> None:
    stored.describe(set_to("download", value=value))
    assert stored.refusal("case.json").startswith("has 'download' of type ")


@pytest.mark.parametrize("key", ["address", "files"])
def test_a_download_that_lacks_an_entry_is_refused(stored: StoredCase, key: str) -> None:
    stored.describe(download())
    stored.describe(drop("download", key))
    assert stored.refusal("case.json").startswith(f"lacks {key!r} in 'download'")


def test_a_download_with_an_unknown_entry_is_refused(stored: StoredCase) -> None:
    stored.describe(download(sha256="0" * 64))
    assert stored.refusal("case.json").startswith("has the unknown entry 'sha256' in 'download'")


def test_a_published_case_is_not_at_hand_without_its_folder(stored: StoredCase) -> None:
    stored.describe(download())
    with pytest.raises(CaptureNotAtHand, match=r"Published_frame\.npy .* `nox -s fetch-capture`, .* GMM_CAPTURE"):
        stored.load()


def test_a_published_case_is_read_from_its_folder_and_checked(stored: StoredCase, tmp_path: Path) -> None:
    stored.describe(download(files={name: name.replace(".", "_43.") for name in FILES}))
    published = tmp_path / "published"
    published.mkdir()
    for name in FILES:
        (stored.folder / name).rename(published / name.replace(".", "_43."))
    assert load_case(NAME, root=stored.root, capture=published).n_components == 3


def test_the_small_case_itself_is_good(stored: StoredCase) -> None:
    """Or else every refusal above would prove nothing."""
    assert json.loads((stored.folder / "case.json").read_text(encoding="utf-8"))["flags"] == ["control"]
    assert stored.load().title == "a small case of the selftests"
