"""What this environment is: every version that can matter to a fit.

Runs inside old environments: Python 3.6 syntax; threadpoolctl where the
release of scikit-learn brings it.
"""

import os
import platform
from typing import Dict, Tuple

import numpy as np

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


def describe() -> Dict[str, str]:
    """Versions of Python, scikit-learn, numpy, scipy and the BLAS, and the machine, by name.

    Where the scikit-learn is not as released, what it is comes with them.
    """
    # Here, so that who asks for no versions needs no scikit-learn.
    import scipy  # noqa: PLC0415
    import sklearn  # noqa: PLC0415

    source = os.environ.get("GMM_SOURCE")  # set by tests/tools/sources
    return {
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
        **({"source": source} if source else {}),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "blas": _blas(),
        "machine": "{} {}".format(platform.system(), platform.machine()),
    }


def threads_asked() -> int:
    """How many BLAS threads the environment variables ask for; one where they say nothing."""
    asked = [os.environ[variable] for variable in THREAD_VARIABLES if os.environ.get(variable, "").isdigit()]
    return int(asked[0]) if asked else 1


def eps() -> Tuple[float, float]:
    """Machine epsilon of float64 and float32, as scikit-learn asks numpy for it."""
    return float(np.finfo(np.float64).eps), float(np.finfo(np.float32).eps)


def _blas() -> str:
    try:
        from threadpoolctl import threadpool_info  # noqa: PLC0415  (not in every release's environment)
    except ImportError:
        return _blas_without_threadpoolctl()
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    words = "{internal_api} {version}, {num_threads} thread{s}"
    libraries = {words.format(s="" if pool["num_threads"] == 1 else "s", **pool) for pool in pools}
    return "; ".join(sorted(libraries)) or "unknown"


def _blas_without_threadpoolctl() -> str:
    get_info = getattr(np.__config__, "get_info", None)
    info = get_info("blas_opt_info") if get_info else {}
    name = (info.get("libraries") or ["unknown"])[0]
    threads = [os.environ[variable] for variable in THREAD_VARIABLES if variable in os.environ]
    return "{}, {}".format(name, "threads limited to {}".format(threads[0]) if threads else "default threads")
