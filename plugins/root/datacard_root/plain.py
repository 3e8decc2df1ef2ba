"""The serializer `uproot`: the same templates, written one by one by uproot and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import hist
import uproot

from datacard_core import DatacardError, TemplateSerializer
from datacard_root.checking import check_finite, check_shapes

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import Axis, NamedTemplates


class PlainSerializer(TemplateSerializer):
    """A hundred times slower than `root`, to fall back to and to compare with.

    Unlike every other serializer it does not write equal bytes for equal templates: uproot puts the time in the file.
    """

    name: ClassVar[str] = "uproot"

    def write(self, templates: NamedTemplates, path: Path) -> None:
        """Write a new file.

        Raises:
            DatacardError: names occur twice, contents are not finite, shapes disagree with the axis, or its bins have
                labels, which uproot 4 cannot write.
        """
        check_shapes(templates)
        check_finite(templates)
        if templates.axis.categories is not None:
            raise DatacardError(f"axis {templates.axis.name!r} has labels: write it with the serializer 'root'")
        axis = _axis(templates.axis)
        rows = zip(templates.names, templates.templates.values, templates.templates.variances, strict=True)
        with uproot.recreate(path, compression=None) as file:
            for name, values, variances in rows:
                histogram: Any = hist.Hist(axis, storage=hist.storage.Weight())
                view = histogram.view()
                view["value"], view["variance"] = values, variances
                file[name] = histogram


def _axis(axis: Axis) -> Any:
    title = axis.label or axis.name
    if axis.uniform:
        return hist.axis.Regular(axis.bins, float(axis.edges[0]), float(axis.edges[-1]), name="xaxis", label=title)
    return hist.axis.Variable(axis.edges, name="xaxis", label=title)
