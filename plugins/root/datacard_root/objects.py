"""Histograms of several classes in the folders of one ROOT file, with equal bytes for equal histograms.

uproot alone would write a random UUID, and the time at each directory and object.
"""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

from uproot.writing import identify

from datacard_core import DatacardError
from datacard_root.file.compression import Compressor
from datacard_root.file.directories import OddError
from datacard_root.file.folders import Entry, add, close, folder_at, folders_of
from datacard_root.file.identity import uuid_of
from datacard_root.file.tfile import streamer_info, write_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["write_objects"]


def write_objects(objects: Mapping[str, Any], path: Path) -> None:
    """Write a file of histograms, compressed with ZLIB.

    Args:
        objects: histograms as uproot writes them, by their names, in which `/` divides folders.
        path: the file; an earlier one is replaced, in one step.

    Raises:
        DatacardError: the file would exceed the 2 GB that its positions address.
    """
    models = {name: identify.to_writable(made) for name, made in objects.items()}
    records = {name: model.serialize(name=name.rpartition("/")[2]) for name, model in models.items()}
    hashed = hashlib.sha256(repr(list(records.items())).encode())
    compressor = Compressor.of("zlib")
    # One object of each class: the streamer info describes classes.
    described = streamer_info({model.classname: model for model in models.values()}.values())
    buffer = io.BytesIO()
    write_file(buffer, (), uuid_of(hashed.digest()), compressor.code, described)
    content = bytearray(buffer.getvalue())
    folders = dict(folders_of(content))
    try:
        for name, record in records.items():
            above, _, last = name.rpartition("/")
            folder = folder_at(content, folders, f"{above}/" if above else "")
            fields = {**folder.list_key.fields, "fCycle": 1, "fSeekPdir": folder.key}
            entry = Entry(fields, models[name].classname.encode(), last.encode(), b"")
            add(content, folder, entry, record, compressor([record])[0])
        close(content, folders)
    except OddError as error:
        raise DatacardError(f"{len(records)} histograms do not fit into {path}: {error}") from error
    path.write_bytes(content)
