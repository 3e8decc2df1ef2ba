# ruff: noqa: T201 - a command
"""Damaged ROOT files, read by the project and by uproot alone; run by hand for many of them.

    python -m tests.support.damaged_root 20000

prints the files of which the project reads other numbers than uproot, or which only one of the two refuses.
"""

from __future__ import annotations

import struct
import sys
import tempfile
import warnings
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import uproot
from datacard_root.file.directories import HEADER
from datacard_root.reading import RootReader, read_with_uproot
from uproot.writing import identify

from datacard_core import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from datacard_core import TemplateFile

COMPRESSIONS = (None, uproot.ZLIB(1), uproot.LZMA(1), uproot.LZ4(1), uproot.ZSTD(1))
CLASSES = {"TH1D": "f8", "TH1F": "f4", "TH1I": "i4", "TH1S": "i2", "TH1C": "i1"}
NAMES = ("twice", "second_jesUp", "SR/third", "SR/deep/fourth", "edges", "plain", *CLASSES)


def write(path: Path, compression: Any = None) -> None:
    """Write histograms of all classes and several binnings, in directories and of two cycles."""
    generator = np.random.default_rng(5)
    with uproot.recreate(path, compression=compression) as file:
        for name in ("twice", "second_jesUp", "twice", "SR/third", "SR/deep/fourth"):
            file[name] = histogram(generator.gamma(2, 5, 5), title=name)
        file["edges"] = histogram(generator.gamma(2, 5, 5), edges=np.array([0, 1, 3, 9.0]))
        file["plain"] = histogram(generator.normal(0, 5, 9), errors=False)
        for of, form in CLASSES.items():
            file[of] = histogram(generator.poisson(9, 6).astype(form), errors=of == "TH1F")


def histogram(values: Any, *, title: str = "", errors: bool = True, edges: Any = None) -> Any:
    """Return a TH1 of the class for the type of the values, which include flow."""
    axis = identify.to_TAxis("xaxis", "x", len(values) - 2, 0.0, 1.0, fXbins=edges)
    weights = np.asarray(values, float) / 3 if errors else np.array([])
    return identify.to_TH1x("", title, values, 1.0, 1.0, 1.0, 1.0, 1.0, weights, axis)


def contents(read: Callable[[Path, Collection[str]], TemplateFile], path: Path) -> dict[str, Any] | None:
    """Return class, edges, values, variances and flow by name, or None if the file is refused."""
    try:
        with warnings.catch_warnings():
            # uproot computes with numbers of damaged files.
            warnings.simplefilter("ignore")
            found = read(path, NAMES)
    except InputError:
        return None
    return dict(_rows(found)) | dict(found.others)


def _rows(found: TemplateFile) -> Iterator[tuple[str, Any]]:
    for block in found.stored:
        for row, name in enumerate(block.names):
            arrays = (block.axis.edges, block.templates.values[row], block.templates.variances[row], block.flow[row])
            # As text: what is not a number does not equal itself.
            yield name, (block.of, block.has_variances, *(str(array.tolist()) for array in arrays))


def damaged(content: bytes, random: Random) -> bytes:
    """Return a file with a few bytes changed, a stretch doubled or missing, or without its end."""
    out = bytearray(content)
    info, size = struct.unpack_from(">ii", content, HEADER.size - 8)
    for _ in range(random.choice((1, 1, 1, 2, 8))):
        at = random.randrange(len(out))
        # Most of the file are the descriptions of classes, which are damaged in few of the files only.
        while info <= at < info + size and random.random() < 0.99:
            at = random.randrange(len(out))
        out[at] = random.choice((out[at] ^ 1 << random.randrange(8), random.randrange(256), 0, 255))
    if random.random() < 0.1:
        at, size = random.randrange(len(out)), random.randrange(20)
        out[at : at + size] = random.choice((b"", out[at : at + size] * 2))
    return bytes(out[: random.randrange(len(out))] if random.random() < 0.02 else out)


def differences(folder: Path, number: int, seed: int) -> Iterator[str]:
    """Yield what differs between the project and uproot in each of a number of damaged files."""
    sources = []
    for compression in COMPRESSIONS:
        write(folder / "source.root", compression)
        sources.append((folder / "source.root").read_bytes())
    path = folder / "damaged.root"
    for index in range(number):
        random = Random(f"{seed} {index}")  # noqa: S311 - not for cryptography
        kind = random.randrange(len(sources))
        path.write_bytes(damaged(sources[kind], random))
        ours, its = contents(RootReader().read, path), contents(read_with_uproot, path)
        if ours != its:
            yield f"seed {seed}, file {index}, {COMPRESSIONS[kind]}: we have {ours}, uproot {its}"


def main() -> None:
    """Print the differences, and end with status 1 if there are any."""
    with tempfile.TemporaryDirectory() as folder:
        found = list(differences(Path(folder), int(sys.argv[1]), int((sys.argv[2:] or ["1"])[0])))
    print("\n".join(found[:20]), f"{len(found)} of {sys.argv[1]} files differ", sep="\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
