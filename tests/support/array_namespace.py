"""Array namespaces: an estimator class that fits arrays of another library, and is asked like any.

scikit-learn takes arrays of other libraries from 1.8 on, where
``array_api_dispatch`` is switched on. What goes in is converted, what comes out
is numpy's: no check knows of it but those that are about it (`Check.of_arrays`).

conftest.py reads it on every release: Python 3.6 syntax, numpy only;
array_api_strict or torch where they are asked for.
"""

import argparse
import contextlib
import functools
import importlib
import os
import sys
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from fixtures.corpus import Case, Traits
from fixtures.fault import Fault
from tests.support import expected
from tests.support.estimator import (
    ARRAY_API_VARIABLE,
    ARRAY_NAMESPACE,
    ARRAYS_SINCE,
    BESIDE,
    OPTION_OF_DEVICE,
    takes_arrays,
)  # fmt: skip
from tests.support.reference import DegenerateCovariance

STARTS = ("weights_init", "means_init", "precisions_init")
METHODS = ("fit", "fit_predict", "predict", "predict_proba", "score_samples", "score", "aic", "bic", "sample")
# A change of the lower bound of fewer units in its last place is lost in rounding.
MOST_UNITS = 4
# scikit-learn refuses these with other arrays than numpy's, used or not.
REFUSED = ("kmeans", "k-means++")


class UnknownNamespace(Fault):
    """The namespace or the device that the user named is not here, or not for this release."""


class NeedsFloat64(Exception):
    """A case that a device without float64 cannot be asked about; the message says why."""


class Space(NamedTuple):
    """A library of arrays and one of its devices.

    Attributes
    ----------
    name : str
        Of the module.
    xp : module
    device : object
    device_name : str
        As the user named it; empty for the library's own.
    widest : str
        The widest floating point type that the device has.
    """

    name: str
    xp: Any
    device: Any = None
    device_name: str = ""
    widest: str = "float64"

    def __str__(self) -> str:
        return self.name if not self.device_name else "{} on {}".format(self.name, self.device_name)

    @property
    def converts(self) -> bool:
        """Whether numpy can read its arrays."""
        try:
            np.asarray(self.array(np.zeros(1)))
        except Exception:  # each library has its own
            return False
        return True

    @property
    def ledger_name(self) -> str:
        """What the ledger calls it: a device without float64 has defects of its own."""
        return "{} without float64".format(self.name) if self.is_narrow else self.name

    @property
    def is_narrow(self) -> bool:
        """Whether the device has no float64."""
        return self.widest != "float64"

    def case(self, case: Case) -> Case:
        """A case as it can be fitted here: on a device without float64 in float32, under another name.

        Raises
        ------
        NeedsFloat64
            It is another case in float32.
        """
        if not self.is_narrow:
            return case
        arrays = {name: getattr(case, name).astype(self.widest) for name in ("weights", "means", "precisions")}
        frames = tuple(frame.astype(self.widest) for frame in case.frames)
        narrow = case._replace(name="{}-in-{}".format(case.name, self.widest), frames=frames, **arrays)
        given = (*case.frames, case.weights, case.means, case.precisions)
        is_exact = all(np.array_equal(one, other) for one, other in zip(case.frames, frames))
        if any(array.dtype != self.widest for array in given) and not (is_exact and _ends_alike(narrow)):
            words = "the case {} is another one in {}, and {} has no float64"
            raise NeedsFloat64(words.format(case.name, self.widest, self))
        return narrow

    def traits(self, traits: Traits) -> Traits:
        """The same for what decides whether a check runs on a case."""
        if not self.is_narrow:
            return traits
        return traits._replace(sample_dtypes=(self.widest,) * traits.n_frames, parameter_dtype=self.widest)

    def array(self, value: Any, dtype: Optional[np.dtype] = None) -> Any:
        """An array of the library; a number is Python's, and what is no array of numbers stays what it is."""
        if isinstance(value, np.generic):
            return value.item()
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf":
            return value
        kind = value.dtype if dtype is None else dtype
        if self.is_narrow and kind == np.float64:
            kind = np.dtype(self.widest)
        return self.xp.asarray(value.astype(kind, copy=False), device=self.device)

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


NUMPY = Space("numpy", np)


def of(estimator_class: Any) -> Space:
    """The library whose arrays a class fits."""
    return getattr(estimator_class, "space", NUMPY)


def open_space(name: str, device: Optional[str], release: str) -> Space:
    """The library and the device that a user names.

    Raises
    ------
    UnknownNamespace
        The release takes none, or there is no such library or device.
    """
    if name == NUMPY.name:
        if device:
            raise UnknownNamespace("{} is {!r}; should come with {}".format(OPTION_OF_DEVICE, device, ARRAY_NAMESPACE))
        return NUMPY
    if not takes_arrays(release):
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
        xp.asarray(np.zeros(1, np.float32), device=made)
    except Exception as error:  # each library has its own
        words = "{} {!r} is no device of {} here ({}); should be one"
        raise UnknownNamespace(words.format(OPTION_OF_DEVICE, device, name, error)) from None
    return Space(name, xp, made, device or "", _widest(xp, made))


def _ends_alike(case: Case) -> bool:
    """Whether rounding leaves the fit of a case where exact EM ends, and when."""
    try:
        found, bounds = expected.of_rounding(case), [frame["lower_bound"] for frame in expected.of(case)["frames"]]
    except (DegenerateCovariance, np.linalg.LinAlgError):
        return False
    unit = float(np.finfo(case.frame.dtype).eps) * max(map(abs, bounds))
    is_told = not case.settings.tol or case.settings.tol > MOST_UNITS * unit
    return is_told and all(np.isfinite(values).all() for values in found.values())


def _widest(xp: Any, device: Any) -> str:
    try:
        xp.asarray(np.zeros(1), device=device)
    except Exception:  # each library has its own
        return "float32"
    return "float64"


def asked_for(words: Sequence[str]) -> Tuple[Callable[[str], Space], List[str]]:
    """What the words of a worker's command line ask for, given the release, and the other words.

    Raises
    ------
    UnknownNamespace
        By the function, as `open_space` does.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument(ARRAY_NAMESPACE, dest="name", default=NUMPY.name)
    parser.add_argument(OPTION_OF_DEVICE, dest="device")
    parser.add_argument(BESIDE, dest="beside")
    known, others = parser.parse_known_args(words)
    if known.beside:
        sys.path.append(known.beside)  # after the environment's own: numpy is that of the release
    return functools.partial(open_space, known.name, known.device), others


def in_namespace(estimator_class: Any, space: Space) -> Any:
    """A class that takes and leaves arrays of numpy, and fits those of another library.

    Parameters
    ----------
    estimator_class : type
    space : Space

    Returns
    -------
    type
        With ``space``, and ``plain``, the class that is asked; the class itself for numpy.
    """
    if space == NUMPY:
        return estimator_class
    name = "{}_in_{}".format(estimator_class.__name__, space.name)
    own: Dict[str, Any] = {
        method: _asked(space, getattr(estimator_class, method))
        for method in METHODS
        if hasattr(estimator_class, method)
    }
    made = type(
        name, (estimator_class,), dict(own, space=space, plain=estimator_class, __module__=__name__, __qualname__=name)
    )
    globals()[name] = made  # where pickle looks for it
    return made


def dispatch() -> Any:
    """A context in which scikit-learn fits arrays of other libraries as they are."""
    from sklearn import config_context  # noqa: PLC0415  (the tools read this without scikit-learn)

    return config_context(array_api_dispatch=True)


def _asked(space: Space, method: Any) -> Any:
    @functools.wraps(method)
    def ask(self: Any, *arguments: Any, **named: Any) -> Any:
        if vars(self).get("_is_inside"):  # fit calls fit_predict
            return method(self, *arguments, **named)
        dtype = _dtype_of(arguments[0]) if method.__name__.startswith("fit") else None
        with _inside(self, space, dtype), dispatch():
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
