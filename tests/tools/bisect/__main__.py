"""Find the release, and the commit, that changed what becomes of a case.

``step`` is for a scikit-learn of the user's, in an environment that has what
that needs and pytest: it must not import what the search needs.
"""

import sys
from pathlib import Path

if not __package__:  # run as `python PROJECT/tests/tools/bisect step`: from anywhere, with nothing set
    sys.path[0] = str(Path(__file__).resolve().parents[3])

if __name__ == "__main__":
    if sys.argv[1:2] == ["step"]:
        from tests.tools.bisect.step import main
    else:
        from tests.tools.bisect.command import main
    sys.exit(main())
