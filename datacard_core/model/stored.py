"""Templates as they stand in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from datacard_core.model.arrays import FrozenArrays, brief, real
from datacard_core.names import public

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacard_core.model.arrays import Axis, FloatArray, Templates


@public
@attrs.frozen(eq=False, kw_only=True)
class StoredTemplates(FrozenArrays):
    """Templates of one class and one binning in a file."""

    names: tuple[str, ...]
    """Names in the file, n strings."""
    of: str
    """Class of the objects, such as TH1D."""
    axis: Axis
    templates: Templates
    """Values and variances without flow, shape (n, bins); without stored variances they are the values."""
    flow: FloatArray = attrs.field(converter=real, repr=brief)
    """Content of the underflow and overflow bins, shape (n, 2)."""
    has_variances: bool


@public
@attrs.frozen(eq=False)
class TemplateFile:
    """Templates of a file, by the names that were asked for; names that it does not have are left out."""

    stored: tuple[StoredTemplates, ...]
    others: Mapping[str, str] = attrs.field(factory=dict)
    """Class of each object that is no template, by name."""
    spare: tuple[str, ...] = ()
    """Names of further histograms beside those that were asked for, if the reader knows them."""
