"""Modules that are named in a docstring, a comment or a string exist."""

from __future__ import annotations

import re

from fixtures.corpus import PROJECT

FOLDERS = ("support", "workers", "tools", "selftest")


def test_every_module_that_is_named_exists() -> None:
    missing = []
    for path in [PROJECT / "noxfile.py", PROJECT / "conftest.py", *PROJECT.glob("tests/**/*.py")]:
        for folder, name in re.findall(rf"\btests\.({'|'.join(FOLDERS)})\.(\w+)", path.read_text(encoding="utf-8")):
            module = PROJECT / "tests" / folder / name
            if not (module.is_dir() or module.with_suffix(".py").exists()):
                missing.append(f"{path.relative_to(PROJECT)}: tests.{folder}.{name}")
    assert not missing
