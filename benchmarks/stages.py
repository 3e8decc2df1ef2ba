"""One stage of a benchmark in a separate process, with its figures as JSON on the last line.

Each stage imports what it needs itself, so that it runs where the packages of other stages are not installed.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Figures = dict[str, float]


@contextmanager
def measured() -> Iterator[Figures]:
    """Measure wall and CPU seconds of the block, and by how many MB it raised the peak of memory."""
    figures: Figures = {}
    before = _peak()
    wall, cpu = time.perf_counter(), time.process_time()
    yield figures
    figures["wall"] = time.perf_counter() - wall
    figures["cpu"] = time.process_time() - cpu
    figures["peak"] = _peak() - before
    figures["before"] = before


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def make(path: Path, size: str) -> Figures:
    """Make the output; under numpy 1 both numpy 1 and numpy 2 can load it, under numpy 2 only numpy 2."""
    import outputs

    with measured() as figures:
        outputs.write(outputs.output(outputs.named(size)), path)
    return figures


def read(path: Path, _: str) -> Figures:
    """Measure the limit of loading: read the file, decompress its LZ4 frame and keep the pieces."""
    import lz4.frame

    pieces = []
    with measured() as figures, lz4.frame.open(path) as file:
        while piece := file.read(1 << 22):
            pieces.append(piece)
    return figures


def coffea_load(path: Path, _: str) -> Figures:
    """Load with the loader of coffea."""
    from coffea.util import load

    with measured() as figures:
        load(str(path))
    return figures


def load(path: Path, _: str) -> Figures:
    """Load with the loader of datacard_core, as cards use it."""
    from datacard_core.inputs.coffea import load_output

    with measured() as figures:
        load_output(path, variables=["variable"], arrays=True)
    return figures


def one_card(path: Path, size: str) -> Figures:
    """Build and write one card from a loaded output."""
    import outputs

    from datacard_core import Datacard, load_plugins
    from datacard_core.inputs.coffea import load_output

    output = load_output(path, variables=["variable"], arrays=True)
    plugins = load_plugins()
    with tempfile.TemporaryDirectory() as directory, measured() as figures:
        card = Datacard(
            output["variables"]["variable"],
            output["datasets_metadata"],
            output["cutflow"],
            category=outputs.categories(outputs.named(size))[0],
            **outputs.declarations(outputs.named(size)),
            plugins=plugins,
        )
        card.dump(directory)
        figures["arrays"] = 2 * 8 * card.channel.templates().templates.values.size / 2**20
        figures["file"] = (Path(directory) / "shapes.root").stat().st_size / 2**20
    return figures


def small_cards(path: Path, size: str) -> Figures:
    """Declare, build and write a card as often as `outputs.CARDS` says, from a loaded output, after a first one."""
    import outputs

    from datacard_core import Datacard
    from datacard_core.inputs.coffea import load_output

    of = outputs.named(size)
    output = load_output(path, variables=["variable"])

    def write(directory: str) -> None:
        Datacard(
            output["variables"]["variable"],
            output["datasets_metadata"],
            output["cutflow"],
            category=outputs.categories(of)[0],
            verbose=False,
            **outputs.declarations(of),
        ).dump(directory)

    return _again(write)


def _again(write: Callable[[str], None]) -> Figures:
    import outputs

    with tempfile.TemporaryDirectory() as directory:
        write(directory)
        with measured() as figures:
            for _ in range(outputs.CARDS):
                write(directory)
    return figures


def build(path: Path, size: str) -> Figures:
    """Build all cards from a loaded output."""
    import outputs

    from datacard_core.inputs.coffea import load_output

    output, analysis = load_output(path, variables=["variable"], arrays=True), outputs.analysis(outputs.named(size))
    with measured() as figures:
        analysis.build(output)
    return figures


def build_and_write(path: Path, size: str, serializer: str = "root") -> Figures:
    """Build and write all cards from a loaded output."""
    import outputs

    from datacard_core.inputs.coffea import load_output

    output = load_output(path, variables=["variable"], arrays=True)
    analysis = outputs.analysis(outputs.named(size))
    with tempfile.TemporaryDirectory() as directory, measured() as figures:
        analysis.build(output).dump(directory, serializer=serializer)
        figures["file"] = sum(file.stat().st_size for file in Path(directory).iterdir()) / 2**20
    return figures


def build_and_write_lz4(path: Path, size: str) -> Figures:
    """Build and write all cards from a loaded output, compressed with LZ4."""
    return build_and_write(path, size, "root-lz4")


def everything(path: Path, size: str) -> Figures:
    """Load the file, and build and write all cards."""
    import outputs

    analysis = outputs.analysis(outputs.named(size))
    with tempfile.TemporaryDirectory() as directory, measured() as figures:
        analysis.build(path).dump(directory)
    return figures


def files(path: Path, size: str) -> Figures:
    """Build and write all cards from all files of a folder whose names begin alike."""
    import outputs

    analysis = outputs.analysis(outputs.named(size))
    paths = sorted(path.parent.glob(f"{path.name}.*"))
    with tempfile.TemporaryDirectory() as directory, measured() as figures:
        analysis.build(paths).dump(directory)
    return figures


def write_limit(_: Path, size: str) -> Figures:
    """Measure the limit of writing: as many bytes as the files have, at once for each category."""
    import outputs

    of = outputs.named(size)
    content = os.urandom(1 << 20) * max(1, round(of.templates / of.categories * (of.bins + 2) * 16 / 2**20))
    with tempfile.TemporaryDirectory() as directory, measured() as figures:
        for category in range(of.categories):
            (Path(directory) / str(category)).write_bytes(content)
    return figures


def uproot_one_by_one(path: Path, size: str) -> Figures:
    """Write up to 1000 templates one by one with uproot, without compression."""
    import hist
    import outputs
    import uproot

    from datacard_core.inputs.coffea import load_output

    cards = outputs.analysis(outputs.named(size)).build(load_output(path, variables=["variable"], arrays=True))
    named = next(iter(cards.values())).channel.templates()
    axis = hist.axis.Variable(named.axis.edges, name="xaxis")
    rows = list(zip(named.names, named.templates.values, named.templates.variances, strict=True))[:1000]
    with (
        tempfile.TemporaryDirectory() as directory,
        measured() as figures,
        uproot.recreate(Path(directory) / "shapes.root", compression=None) as file,
    ):
        for name, values, variances in rows:
            histogram: Any = hist.Hist(axis, storage=hist.storage.Weight())
            histogram.view()["value"], histogram.view()["variance"] = values, variances
            file[name] = histogram
    return figures


def root_one_by_one(_: Path, size: str) -> Figures:
    """Write as many templates as a category has with ROOT, in a loop in C++, without compression."""
    import outputs
    import ROOT

    of = outputs.named(size)
    ROOT.gInterpreter.Declare(
        """
        void write(const char* path, int templates, int bins) {
            TFile file(path, "RECREATE", "", 0);
            std::vector<double> content(bins + 2, 1.5);
            for (int i = 0; i < templates; ++i) {
                TH1D histogram(TString::Format("process_2022_shape%06dUp", i), "", bins, 0, 1);
                histogram.Sumw2();
                histogram.GetSumw2()->Set(bins + 2, content.data());
                histogram.Set(bins + 2, content.data());
                histogram.Write();
            }
        }
        """
    )
    with tempfile.TemporaryDirectory() as directory:
        ROOT.write(f"{directory}/first.root", 1, of.bins)  # Compiles the macro before the time is taken.
        with measured() as figures:
            ROOT.write(f"{directory}/shapes.root", of.templates // of.categories, of.bins)
    return figures


def pocket_coffea(path: Path, size: str) -> Figures:
    """Build and write one category with the Datacard of PocketCoffea."""
    write = _of_pocket_coffea(path, size)
    with tempfile.TemporaryDirectory() as directory, measured() as figures:
        write(directory)
    return figures


def pocket_coffea_small_cards(path: Path, size: str) -> Figures:
    """Declare, build and write cards as `small_cards` does, with PocketCoffea."""
    return _again(_of_pocket_coffea(path, size))


def _of_pocket_coffea(path: Path, size: str) -> Callable[[str], None]:
    """Return the function that declares, builds and writes one category to a directory with PocketCoffea."""
    import contextlib

    import outputs
    from coffea.util import load
    from pocket_coffea.utils.stat import (
        Datacard,
        DataProcess,
        DataProcesses,
        MCProcess,
        MCProcesses,
        Systematics,
        SystematicUncertainty,
    )

    of = outputs.named(size)
    years = outputs.years(of)
    output = load(str(path))

    def write(directory: str) -> None:
        processes = MCProcesses(
            [
                MCProcess(name=f"process{n:02d}", samples=outputs.samples(of, n), years=years, is_signal=n == 0)
                for n in range(of.processes)
            ]
        )
        shapes = [
            SystematicUncertainty(name=f"shape{n:03d}", typ="shape", processes=list(processes), years=years, value=1.0)
            for n in range(of.shapes)
        ]
        data = DataProcesses([DataProcess(name="data_obs", samples=["DATA_A", "DATA_B"], years=years)])
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
            Datacard(
                histograms=output["variables"]["variable"],
                datasets_metadata=output["datasets_metadata"],
                cutflow=output["cutflow"],
                years=years,
                mc_processes=processes,
                systematics=Systematics(shapes),
                category=outputs.categories(of)[0],
                data_processes=data,
            ).dump(directory)

    return write


STAGES: dict[str, Callable[[Path, str], Figures]] = {
    stage.__name__: stage
    for stage in (
        make,
        read,
        coffea_load,
        load,
        one_card,
        small_cards,
        build,
        build_and_write,
        build_and_write_lz4,
        everything,
        files,
        write_limit,
        uproot_one_by_one,
        root_one_by_one,
        pocket_coffea,
        pocket_coffea_small_cards,
    )
}

if __name__ == "__main__":
    stage, file, size = sys.argv[1:]
    print(json.dumps(STAGES[stage](Path(file), size)))
