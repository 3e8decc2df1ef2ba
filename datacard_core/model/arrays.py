"""Arrays of a finished card: its axis and its templates, locked against writing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from datacard_core.names import public

if TYPE_CHECKING:
    from collections.abc import Callable

FloatArray: TypeAlias = npt.NDArray[np.float64]
ComplexArray: TypeAlias = npt.NDArray[np.complex128]
IntArray: TypeAlias = npt.NDArray[np.intp]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

# Far above the rounding errors of computed edges, and far below a difference that an analyst would intend.
EDGE_TOLERANCE = 1e-6
"""Largest distance of two edges that count as equal, in widths of the narrowest bin."""

_FEW = 12
"""Largest number of numbers that the text about an array shows."""

LARGEST = 1e20
"""Largest content of a bin, in events: far above any yield. Sums of such contents, with the rounding error carried
along, are exact to 1e-12 of an event in every order, and no sum or square of them overflows."""


def brief(array: object) -> str:
    """Return a short text about an array: its numbers if they are few, and otherwise its shape."""
    if not isinstance(array, np.ndarray) or array.size <= _FEW:
        return repr(array)
    return f"<{' × '.join(map(str, array.shape))} array>"  # noqa: RUF001 - as physicists write shapes


def real(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return real numbers as a locked array of float64; other values pass unchanged, and are refused later.

    Raises:
        TypeError: the array is masked.
    """
    # Only safe casts: a cast of complex numbers would drop their imaginary part, which holds variances.
    if isinstance(array, np.ndarray) and array.dtype != np.float64 and np.can_cast(array.dtype, np.float64):
        return read_only(unmasked(array).astype(np.float64))
    return read_only(array)


def whole(array: Any) -> Any:
    """Return whole numbers as a locked array of intp; other values pass unchanged, and are refused later.

    Raises:
        TypeError: the array is masked.
    """
    if not isinstance(array, np.ndarray | list | tuple):
        return array
    found = np.asarray(unmasked(array))
    # numpy makes an array of floats of an empty list.
    if not np.issubdtype(found.dtype, np.integer) and found.shape != (0,):
        return array
    return read_only(found.astype(np.intp, copy=False))


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a locked copy of an array, or the array if it is one; other values pass unchanged.

    Nobody can unlock the copy: `array.flags.writeable = True` raises a ValueError for it, for its views and its base.

    Raises:
        TypeError: the array is masked.
    """
    if not isinstance(array, np.ndarray) or array.dtype.hasobject or _is_locked(array):
        return array
    # numpy lets the owner of an array unlock it, and a view of an owner too. The bytes of Python have no such way.
    return np.ndarray(array.shape, array.dtype, buffer=unmasked(array).tobytes())


def _is_locked(array: npt.NDArray[Any]) -> bool:
    base: object = array
    while type(base) is np.ndarray:
        base = base.base
    return isinstance(base, bytes)


def unmasked(array: Any) -> Any:
    """Return a value that is not a masked array.

    Raises:
        TypeError: the array is masked.
    """
    # Below a mask, numbers may be left over or not finite, and most operations of numpy would count them.
    # Arrays of numpy's own class first: numpy imports its masked arrays when they are named.
    if type(array) is not np.ndarray and isinstance(array, np.ndarray) and isinstance(array, np.ma.MaskedArray):
        raise TypeError("a masked array, expected a plain one: replace its masked numbers with .filled(…)")
    return array


# No comparison by value: `==` between arrays gives an array, which has no single truth value.
@attrs.frozen(eq=False)
class FrozenArrays:
    """Base of values that hold arrays.

    Their pickles hold the arguments: numpy does not keep the read-only flag in a pickle, the converters set it again.
    """

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        values = {field.alias: getattr(self, field.name) for field in attrs.fields(type(self)) if field.init}
        return _made, (type(self), values)


# A pickle can call with positional arguments only, and many fields are keyword-only.
def _made(cls: type[Any], values: dict[str, Any]) -> Any:
    return cls(**values)


@public
@attrs.frozen(eq=False)
class Axis(FrozenArrays):
    """The variable of a channel, with its bins."""

    edges: FloatArray = attrs.field(converter=real, repr=brief)
    """Bin edges, shape (bins + 1,), rising."""
    name: str = ""
    label: str = ""
    uniform: bool = attrs.field(default=False, kw_only=True)
    """True if the bins were declared as equally wide."""
    categories: tuple[str, ...] | None = attrs.field(default=None, kw_only=True)
    """Labels of the bins, for a variable that is a category."""
    slices: tuple[Slice, ...] = attrs.field(default=(), kw_only=True)
    """Slices in the order of the bins, for bins of several variables in a row; empty for one variable."""

    @property
    def bins(self) -> int:
        """Number of bins, without flow."""
        return len(self.edges) - 1

    @property
    def narrowest(self) -> float:
        """Width of the narrowest bin, 0 if no bin has a finite width."""
        widths = np.diff(self.edges)
        finite = widths[np.isfinite(widths)]
        return float(finite.min()) if finite.size else 0.0

    def same_binning(self, other: Axis) -> bool:
        """Return whether the bins agree, to a millionth of the narrowest bin."""
        if self.bins != other.bins or self.categories != other.categories or type(self) is not type(other):
            return False
        # Most edges are the same, and the comparison with a tolerance takes ten times as long.
        if np.array_equal(self.edges, other.edges):
            return True
        # With rtol the tolerance would grow with the distance of an edge from 0.
        return np.allclose(self.edges, other.edges, rtol=0, atol=EDGE_TOLERANCE * self.narrowest)

    def divided(self, values: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Return the values of each slice, of an array whose last dimension is that of the bins."""
        ends = np.cumsum([part.axis.bins for part in self.slices])
        return np.split(values, ends[:-1], axis=-1) if self.slices else [values]


@public
@attrs.frozen(eq=False)
class Slice(FrozenArrays):
    """Neighbouring bins that differ in the last of several variables alone."""

    axis: Axis
    """Last variable, with the bins of the slice."""
    within: tuple[Axis, ...]
    """The other variables, each an axis of the one bin that the slice is in."""

    @property
    def title(self) -> str:
        """The bins of the other variables as text."""
        return ", ".join(map(_bin_text, self.within))


def _bin_text(axis: Axis) -> str:
    name = axis.label or axis.name
    if axis.categories is not None:
        return f"{name}: {axis.categories[0]}"
    return f"{name}: {axis.edges[0]:.6g} to {axis.edges[-1]:.6g}"


@public
@attrs.frozen(eq=False)
class Templates(FrozenArrays):
    """Yields and their variances, both of shape (templates, bins), without flow."""

    values: FloatArray = attrs.field(converter=real, repr=brief)
    variances: FloatArray = attrs.field(converter=real, repr=brief)

    @property
    def norms(self) -> FloatArray:
        """Sums over the bins, shape (templates,), which Combine calls integrals."""
        norms: FloatArray = self.values.sum(axis=1)
        return norms

    def __getitem__(self, which: IntArray | BoolArray) -> Templates:
        return Templates(self.values[which], self.variances[which])


@public
@attrs.frozen(eq=False)
class NamedTemplates:
    """Templates with the names that a card refers to, as a serializer writes them."""

    names: tuple[str, ...]
    templates: Templates
    axis: Axis
    channel: str = ""
    """Combine's name of the channel."""
    processes: tuple[str, ...] = ()
    """Combine's process of each template: the name of a column, or `data_obs`."""
    systematics: tuple[str, ...] = ()
    """Variation of each template: `nominal`, or the name of a nuisance with `Up` or `Down`."""

    def __repr__(self) -> str:
        return f"<NamedTemplates of {self.channel!r}: {len(self.names)} templates, {self.axis.bins} bins>"
