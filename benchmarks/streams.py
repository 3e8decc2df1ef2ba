"""Measure the reading of outputs in streams, beside loading them; print a table of times, ratios and memory.

    python benchmarks/streams.py --size M
    python benchmarks/streams.py --size M --unneeded 60 --runs 5
    python benchmarks/streams.py --huge 12

The first line is the limit: the content is decompressed in pieces and forgotten. `--huge` makes an output of so many
GB, whose content is easy to compress, and builds its cards with an address space of 3 GB; it takes some minutes.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import io
import itertools
import json
import os
import pickle
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import outputs

if TYPE_CHECKING:
    from collections.abc import Callable

HUGE = "M"
"""Size of each variable in a huge output."""
ADDRESS_SPACE = 3_000_000_000
"""Bytes that the reading of a huge output may map."""


def pieces(path: Path, _: str) -> Callable[[], object]:
    """Decompress in pieces."""
    from datacard_core.inputs.compression import opened

    def run() -> None:
        with opened(path) as stream:
            while stream.read1():
                pass

    return run


def find(path: Path, _: str) -> Callable[[], object]:
    """Find what is there."""
    from datacard_core import open_output

    return lambda: open_output(path)


def load(path: Path, _: str) -> Callable[[], object]:
    """Load one variable as arrays."""
    from datacard_core import load_output

    return lambda: load_output(path, variables=["variable"], arrays=True)


def coffea(path: Path, _: str) -> Callable[[], object]:
    """Load all as coffea does, and PocketCoffea with it."""
    from coffea.util import load as load_with_coffea

    return lambda: load_with_coffea(str(path))


def _cards(output: Any, size: str) -> str:
    with tempfile.TemporaryDirectory() as directory:
        files = outputs.analysis(outputs.named(size)).build(output, verbose=False).dump(directory)
        content = b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)
    return hashlib.sha256(content).hexdigest()


def loaded_to_cards(path: Path, size: str) -> Callable[[], object]:
    """Build and write all cards from a loaded output."""
    output: Any = load(path, size)()
    return lambda: _cards(output, size)


def file_to_cards(path: Path, size: str) -> Callable[[], object]:
    """Build and write all cards from the file."""
    return lambda: _cards(path, size)


STAGES = (pieces, find, load, coffea, loaded_to_cards, file_to_cards)


def measure(stage: str, path: Path, size: str, *, limited: bool = False) -> dict[str, Any]:
    """Return the CPU time (s), the memory (MB) and the result of a stage, in a process of its own."""
    command = [
        sys.executable,
        __file__,
        "--stage",
        stage,
        "--size",
        size,
        str(path),
        *(["--limited"] if limited else []),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(stage: str, path: Path, size: str, *, limited: bool) -> None:
    """Run a stage in this process, and print its figures."""
    if limited:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    called = {of.__name__: of for of in STAGES}[stage](path, size)
    outputs.analysis(outputs.named(size))  # Imports the plugins.
    before, cpu = _peak(), time.process_time()
    result = called()
    figures = {"cpu": time.process_time() - cpu, "peak": _peak(), "before": before}
    print(json.dumps(figures | {"result": result if isinstance(result, str) else ""}))


def _peak() -> float:
    # Of this program alone: getrusage begins with the peak of the process that started it.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def table(path: Path, size: str, runs: int) -> None:
    """Print the figures of all stages, which take turns."""
    found: dict[str, list[dict[str, Any]]] = {stage.__name__: [] for stage in STAGES}
    for _, stage in itertools.product(range(runs), STAGES):
        found[stage.__name__].append(measure(stage.__name__, path, size))
    cpu = {name: statistics.median(one["cpu"] for one in of) for name, of in found.items()}
    print("| stage | CPU s | of bare decompression | peak MB | MB before |\n|---|---|---|---|---|")
    for stage in STAGES:
        name, of = stage.__name__, found[stage.__name__]
        peak, before = (max(one[key] for one in of) for key in ("peak", "before"))
        print(f"| {stage.__doc__} | {cpu[name]:.2f} | {cpu[name] / cpu['pieces']:.1f} | {peak:.0f} | {before:.0f} |")
    ratios = [
        file["cpu"] / loaded["cpu"]
        for file, loaded in zip(found["file_to_cards"], found["loaded_to_cards"], strict=True)
    ]
    print(f"\nfrom the file to all cards: {statistics.median(ratios):.2f} times as long as from the loaded output")
    results = {one["result"] for name in ("file_to_cards", "loaded_to_cards") for one in found[name]}
    print(f"bytes of the cards: {'the same' if len(results) == 1 else 'DIFFERENT'}")


def write_unneeded(path: Path, size: outputs.Size, unneeded: int) -> None:
    """Write an output with further variables of equal content, as coffea writes one."""
    made = outputs.output(size)
    histograms = made["variables"]["variable"]
    for by_dataset in histograms.values():
        for histogram in by_dataset.values():
            _repeat_bins(histogram)
    for number in range(unneeded):
        made["variables"][f"other{number:02d}"] = copy.deepcopy(histograms)
    outputs.write(made, path)


def _repeat_bins(histogram: Any) -> None:
    """Give a histogram equal rows of bins, which LZ4 makes small."""
    view = histogram.view()
    view[...] = view[:1, ..., :1] if view.ndim == 3 else view[:1, :1]  # noqa: PLR2004


def write_many(path: Path, size: outputs.Size, variables: int) -> float:
    """Write an output of several variables with equal content, of which one is fitted; return its GB.

    The content is never held whole, so each histogram has all names of classes, which are references in an output that
    coffea writes.
    """
    import lz4.frame

    made = outputs.output(size)
    histograms = made["variables"].pop("variable")
    content = [b"}("]
    for sample, by_dataset in histograms.items():
        content += [_fragment(sample), b"}("]
        for dataset, histogram in by_dataset.items():
            _repeat_bins(histogram)
            content += [_fragment(dataset), _fragment(histogram)]
        content.append(b"u")
    of_each = b"".join([*content, b"u"])
    # Frames that follow each other are one content.
    frame = lz4.frame.compress(of_each)
    head = [b"\x80\x05}("]
    for key, value in made.items():
        head += [_fragment(key), _fragment(value)] if key != "variables" else []
    with path.open("wb") as file:
        file.write(lz4.frame.compress(b"".join([*head, _fragment("variables"), b"}("])))
        for name in ["variable", *(f"other{number:02d}" for number in range(variables - 1))]:
            file.write(lz4.frame.compress(_fragment(name)))
            file.write(frame)
        file.write(lz4.frame.compress(b"uu."))
    return variables * len(of_each) / 1e9


def _fragment(value: object) -> bytes:
    """Return the pickle of a value without the memo, so that it can stand behind others."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, 5)
    pickler.fast = True
    pickler.dump(value)
    return stream.getvalue()[2:-1]


def huge(directory: Path, gigabytes: float) -> None:
    """Print what the cards of a huge output take, and compare them with those of a small one."""
    size = outputs.SIZES[HUGE]
    small, large = directory / "one.coffea", directory / "huge.coffea"
    one = write_many(small, size, 1)
    made = write_many(large, size, max(2, round(gigabytes / one)))
    print(f"{made:.1f} GB, {large.stat().st_size / 1e6:.0f} MB on disk; address space {ADDRESS_SPACE / 1e9:.0f} GB")
    for stage in ("pieces", "find", "file_to_cards"):
        for name, file in (("one variable", small), ("all", large)):
            figures = measure(stage, file, HUGE, limited=True)
            print(
                f"{stage}, {name}: {figures['cpu']:.1f} CPU s, peak {figures['peak']:.0f} MB {figures['result'][:12]}"
            )


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, nargs="?", help="the output, made new if not given")
    parser.add_argument("--size", default="M")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--unneeded", type=int, help="further variables in the output, which no card needs")
    parser.add_argument("--huge", type=float, metavar="GB")
    parser.add_argument("--directory", type=Path, default=os.environ.get("TMPDIR"))
    parser.add_argument("--stage", help=argparse.SUPPRESS)
    parser.add_argument("--limited", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        run(options.stage, options.path, options.size, limited=options.limited)
        return
    with tempfile.TemporaryDirectory(dir=options.directory) as folder:
        if options.huge:
            huge(Path(folder), options.huge)
            return
        path = options.path or Path(folder, "output.coffea")
        if options.unneeded:
            write_unneeded(path, outputs.named(options.size), options.unneeded)
        elif options.path is None:
            outputs.write(outputs.output(outputs.named(options.size)), path)
        table(path, options.size, options.runs)


if __name__ == "__main__":
    main()
