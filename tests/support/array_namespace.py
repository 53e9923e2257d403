"""Array namespaces: an estimator class that fits arrays of another library, and is asked like any.

scikit-learn takes arrays of other libraries from 1.8 on, where
``array_api_dispatch`` is switched on. What goes in is converted, what comes out
is numpy's: no check knows of it.

conftest.py reads it on every release: Python 3.6 syntax, numpy and packaging;
array_api_strict or torch where they are asked for.
"""

import contextlib
import functools
import importlib
import os
from typing import Any, Dict, Iterator, NamedTuple, Optional

import numpy as np
from packaging.version import Version

from fixtures.fault import Fault
from tests.support.estimator import ARRAY_API_VARIABLE, ARRAY_NAMESPACE, ARRAYS_SINCE

OPTION_OF_DEVICE = "--device"
STARTS = ("weights_init", "means_init", "precisions_init")
METHODS = ("fit", "fit_predict", "predict", "predict_proba", "score_samples", "score", "aic", "bic", "sample")
# scikit-learn refuses these with other arrays than numpy's, used or not.
REFUSED = ("kmeans", "k-means++")


class UnknownNamespace(Fault):
    """The namespace or the device that the user named is not here, or not for this release."""


class Space(NamedTuple):
    """A library of arrays and one of its devices.

    Attributes
    ----------
    name : str
        Of the module.
    xp : module
    device : object
    """

    name: str
    xp: Any
    device: Any

    def array(self, value: Any, dtype: Optional[np.dtype] = None) -> Any:
        """An array of the library; a number is Python's, and what is no array of numbers stays what it is."""
        if isinstance(value, np.generic):
            return value.item()
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf":
            return value
        return self.xp.asarray(value if dtype is None else value.astype(dtype, copy=False), device=self.device)

    def numbers(self, value: Any) -> Any:
        """The same as numpy has it: an array, or a number where there is one alone; in lists and tuples, too."""
        if isinstance(value, (list, tuple)):
            return type(value)(self.numbers(one) for one in value)
        if not self.is_own(value):
            return value
        if self.name == "torch":
            return value.detach().cpu().numpy()[()]
        return np.from_dlpack(value.to_device(self.xp.Device("CPU_DEVICE")))[()]

    def is_own(self, value: Any) -> bool:
        """Whether something is an array of the library."""
        return type(value).__module__.split(".")[0] == self.name


def open_space(name: str, device: Optional[str], release: str) -> Space:
    """The library and the device that a user names.

    Raises
    ------
    UnknownNamespace
        The release takes none, or there is no such library or device.
    """
    if Version(Version(release).base_version) < Version(ARRAYS_SINCE):
        words = "{} is {}, and scikit-learn {} takes arrays of numpy only; should be a release from {} on"
        raise UnknownNamespace(words.format(ARRAY_NAMESPACE, name, release, ARRAYS_SINCE))
    if os.environ.get(ARRAY_API_VARIABLE) != "1":
        raise UnknownNamespace("{} should be 1 in the environment before scipy is imported".format(ARRAY_API_VARIABLE))
    try:
        xp = importlib.import_module(name)
    except ImportError as error:
        words = "{} names {!r}, which cannot be imported ({}); should be installed beside scikit-learn"
        raise UnknownNamespace(words.format(ARRAY_NAMESPACE, name, error)) from None
    try:
        made = xp.Device(device or "CPU_DEVICE") if name == "array_api_strict" else device
        xp.asarray(np.zeros(1), device=made)  # in float64, as most cases are
    except Exception as error:  # each library has its own
        words = "{} {!r} is no device of {} here that has float64 ({}); should be one"
        raise UnknownNamespace(words.format(OPTION_OF_DEVICE, device, name, error)) from None
    return Space(name, xp, made)


def in_namespace(estimator_class: Any, space: Space) -> Any:
    """A class that takes and leaves arrays of numpy, and fits those of another library.

    Parameters
    ----------
    estimator_class : type
    space : Space
    """
    name = "{}_in_{}".format(estimator_class.__name__, space.name)
    own: Dict[str, Any] = {
        method: _asked(space, getattr(estimator_class, method))
        for method in METHODS
        if hasattr(estimator_class, method)
    }
    made = type(name, (estimator_class,), dict(own, __module__=__name__, __qualname__=name))
    globals()[name] = made  # where pickle looks for it
    return made


def _asked(space: Space, method: Any) -> Any:
    @functools.wraps(method)
    def ask(self: Any, *arguments: Any, **named: Any) -> Any:
        if vars(self).get("_is_inside"):  # fit calls fit_predict
            return method(self, *arguments, **named)
        from sklearn import config_context  # noqa: PLC0415  (the tools read this without scikit-learn)

        dtype = _dtype_of(arguments[0]) if method.__name__.startswith("fit") else None
        with _inside(self, space, dtype), config_context(array_api_dispatch=True):
            left = method(self, *map(space.array, arguments), **named)
        return space.numbers(left)

    return ask


@contextlib.contextmanager
def _inside(model: Any, space: Space, dtype: Optional[np.dtype]) -> Iterator[None]:
    """An estimator with arrays of the library in place of numpy's; afterwards with numpy's again."""
    given = {name: vars(model)[name] for name in (*STARTS, "init_params")}
    for name, value in list(vars(model).items()):
        is_number = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        setattr(model, name, space.array(value, dtype if is_number else None))
    is_begun = model.warm_start and hasattr(model, "converged_")
    if (is_begun or all(given[name] is not None for name in STARTS)) and given["init_params"] in REFUSED:
        model.init_params = "random"  # nothing is drawn
    model._is_inside = True
    try:
        yield
    finally:
        del model._is_inside
        for name, value in list(vars(model).items()):
            setattr(model, name, space.numbers(value))
        for name, value in given.items():
            setattr(model, name, value)


def _dtype_of(samples: Any) -> Optional[np.dtype]:
    """The dtype that starts and fitted parameters get, for a library does not mix them: that of the samples."""
    if not isinstance(samples, np.ndarray) or samples.dtype.kind not in "iuf":
        return None
    return samples.dtype if samples.dtype.kind == "f" else np.dtype(np.float64)
