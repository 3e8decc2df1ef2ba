"""Files with the axes of unrolled channels, so that numbers of bins can be shown in physical variables."""

from __future__ import annotations

import json
import math
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from datacard_core.errors import InputError, with_type
from datacard_core.inputs.paths import expanded
from datacard_core.model.arrays import Axis, Slice

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from datacard_core.model.channel import Channel
    from datacard_core.output.staging import Staging

FORMAT, VERSION = "datacard-axes", 1
ENDING = "_axes.json"
"""End of the name of the file, behind that of the card without its suffix."""


def stage_axes(stage: Staging, card_name: str, channels: Iterable[Channel]) -> None:
    """Write the axes of the unrolled channels of a card to a file beside it, such as `datacard_axes.json`, if any."""
    unrolled = {channel.bin: channel.axis for channel in channels if channel.axis.slices}
    if unrolled:
        path = PurePath(card_name)
        stage.text(str(path.with_name(f"{path.stem}{ENDING}")), axes_text(unrolled))


def axes_text(axes: Mapping[str, Axis]) -> str:
    """Return the text of the file with the axes of channels."""
    document = {"format": FORMAT, "version": VERSION, "channels": {name: _axis(of) for name, of in axes.items()}}
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def read_axes(path: str | os.PathLike[str]) -> dict[str, Axis]:
    """Return the axes of the unrolled channels of a card, by channel.

    `axis.slices` has the edges of the variables, and `axis.parts(values)` divides values of bins, such as those of a
    fit, into those of the slices.

    Args:
        path: the file `…_axes.json` beside the card.

    Raises:
        InputError: the file cannot be read, is no such file, or has a version that is not known here.
    """
    path = Path(expanded(path))
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT or document["version"] != VERSION:
            raise InputError(
                f"{path} has format {document['format']!r}, version {document['version']!r}, expected {FORMAT!r}, "
                f"version {VERSION}"
            )
        return {name: _read(entry) for name, entry in document["channels"].items()}
    except InputError:
        raise
    # A file may have any content.
    except Exception as error:
        raise InputError(f"the file of axes {path} cannot be read: {with_type(error)}") from error


def _axis(axis: Axis) -> dict[str, Any]:
    made: dict[str, Any] = {"name": axis.name, "label": axis.label}
    if axis.slices:
        firsts = np.cumsum([1, *(part.axis.bins for part in axis.slices)]).tolist()
        made["slices"] = [
            {"first_bin": first, "within": [_axis(one) for one in part.within], "axis": _axis(part.axis)}
            for first, part in zip(firsts, axis.slices, strict=False)
        ]
    elif axis.categories is not None:
        made["labels"] = list(axis.categories)
    else:
        # JSON has no infinity.
        made["edges"] = [edge if math.isfinite(edge) else None for edge in axis.edges.tolist()]
    return made


def _read(entry: dict[str, Any]) -> Axis:
    texts = entry["name"], entry["label"]
    if "slices" in entry:
        slices = tuple(Slice(_read(one["axis"]), tuple(map(_read, one["within"]))) for one in entry["slices"])
        bins = sum(part.axis.bins for part in slices)
        return Axis(np.arange(bins + 1, dtype=float), *texts, uniform=True, slices=slices)
    if "labels" in entry:
        labels = tuple(entry["labels"])
        return Axis(np.arange(len(labels) + 1, dtype=float), *texts, uniform=True, categories=labels)
    edges = entry["edges"]
    ends = (-math.inf, math.inf)
    finite = [ends[place > 0] if edge is None else float(edge) for place, edge in enumerate(edges)]
    return Axis(np.array(finite), *texts)
