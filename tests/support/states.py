"""What can become of a component: the words of every diagnosis.

Runs inside old environments, and outside where there is no scikit-learn:
Python 3.6 syntax, nothing but this.
"""

HEALTHY, EMPTY, DRAGGED, PINNED = "healthy", "empty", "dragged", "pinned"
# Artefacts of floating point, never EM.
COLLAPSED = (EMPTY, DRAGGED)
