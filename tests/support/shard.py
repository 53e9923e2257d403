"""One of several equal parts of a run: pytest's option ``--shard 2/4``, and the plugin that takes the part.

Cases are dealt out in turn, and all checks of a case go together, which share
its fits. What has no case goes to the first. The other tests are deselected
after collection, so that the ledger is held against all of them in each part.

Runs inside old environments: Python 3.6 syntax.
"""

import argparse
import re
from typing import Any, List, NamedTuple, Optional, Tuple

OPTION = "--shard"


class Shard(NamedTuple):
    """A part by its number, counted from 1, and how many there are."""

    number: int
    of: int
    cases: Tuple[str, ...]  # all that there are, in the order in which they are dealt out

    def has(self, case: Optional[str]) -> bool:
        """Whether the tests of a case belong to the part; of None, those without one."""
        place = self.cases.index(case) if case in self.cases else 0
        return place % self.of == self.number - 1

    def pytest_collection_modifyitems(self, config: Any, items: List[Any]) -> None:
        """Leave out the tests of the other parts."""
        left_out = [item for item in items if not self.has(case_of(item))]
        if left_out:
            items[:] = [item for item in items if self.has(case_of(item))]
            config.hook.pytest_deselected(items=left_out)


def case_of(item: Any) -> Optional[str]:
    """The case that a collected test runs on, or None."""
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return parameters.get("case_name")


def parse(text: str) -> Tuple[int, int]:
    """The number of a part and how many there are; for argparse."""
    match = re.fullmatch("([0-9]{1,4})/([0-9]{1,4})", text)
    if match is None or not 1 <= int(match.group(1)) <= int(match.group(2)):
        raise argparse.ArgumentTypeError("{!r}; should be a part and how many there are, like 2/4".format(text))
    return int(match.group(1)), int(match.group(2))
