"""Outputs whose bins stay in the file until they are summed: the same numbers, little memory, no mixture of files."""

from __future__ import annotations

import os
import pickle
import tracemalloc
from itertools import product
from typing import TYPE_CHECKING, Any

import hist
import lz4.frame
import numpy as np
import pytest

from datacard_core.errors import InputError
from datacard_core.inputs.coffea import load_output, open_output
from datacard_core.inputs.histograms import in_order, stored
from tests.support.coffea_files import an_output, assert_same, complaint, save, save_split

if TYPE_CHECKING:
    from pathlib import Path

DATASETS = tuple("abcdef")
BINS = 100


def filled(seed: int, storage: Any = hist.storage.Weight, variables: int = 1) -> hist.Hist[Any]:
    """A histogram with random content in each bin, flow included."""
    made: hist.Hist[Any] = hist.Hist(
        hist.axis.StrCategory(["SR", "CR"], name="cat"),
        hist.axis.StrCategory(["nominal", "JESUp"], name="variation"),
        *(hist.axis.Regular(BINS, 0, 3, name=f"events.m{number}") for number in range(variables)),
        storage=storage(),
    )
    view: Any = made.view(flow=True)
    bits = np.random.default_rng(seed)
    if made.storage_type is hist.storage.Weight:
        view["value"], view["variance"] = bits.normal(size=(2, *view.shape))
    else:
        view[...] = bits.poisson(100, view.shape)
    return made


def output_of(**storages: Any) -> dict[str, Any]:
    """An output with a variable for each storage."""
    output: dict[str, Any] = an_output(*DATASETS)
    output["variables"] = {
        name: {"TTbar": {dataset: filled(seed, storage) for seed, dataset in enumerate(DATASETS)}}
        for name, storage in storages.items()
    }
    return output


def histograms(output: dict[str, Any]) -> list[Any]:
    return [one for by_sample in output["variables"].values() for of in by_sample.values() for one in of.values()]


@pytest.mark.parametrize(("protocol", "keep"), [*product((3, 4, 5), (1, 20_000))])
def test_same_bins_as_loaded(protocol: int, keep: int, tmp_path: Path) -> None:
    """Bins that stay in the file are those that are loaded, bit by bit, and a limit keeps some of them."""
    file = save(tmp_path / "a.coffea", output_of(w=hist.storage.Weight, n=hist.storage.Int64), protocol)
    left = [stored(one) for one in histograms(open_output(file, keep=keep))]
    expected = [stored(one) for one in histograms(load_output(file, arrays=True))]
    assert any(one.unread is None for one in left) is (keep > 1)
    for one, other in zip(left, expected, strict=True):
        assert one.contents.tobytes() == other.contents.tobytes()
        assert one.has_variances == other.has_variances


def test_order_of_reading(tmp_path: Path) -> None:
    """Histograms come in the order of the file, whatever the order of the request, each with its own bins."""
    file = save(tmp_path / "a.coffea", output_of(m=hist.storage.Weight))
    left = [stored(one) for one in histograms(open_output(file, keep=1))][::-1]
    expected = [stored(one).contents for one in histograms(load_output(file, arrays=True))][::-1]
    places = []
    for place, histogram in in_order(left):
        np.testing.assert_array_equal(histogram.contents, expected[place])
        places.append(place)
    assert places == [5, 4, 3, 2, 1, 0]
    for histogram, contents in zip(left, expected, strict=True):
        np.testing.assert_array_equal(histogram.contents, contents)


def test_shared_histogram(tmp_path: Path) -> None:
    """A histogram that several datasets share stands in the file once, and is read for each of them."""
    output = output_of(m=hist.storage.Weight)
    of = output["variables"]["m"]["TTbar"]
    of["b"] = of["f"] = of["a"]
    file = save(tmp_path / "a.coffea", output)
    left = [stored(one) for one in histograms(open_output(file, keep=1))]
    values = {place: histogram.contents.copy() for place, histogram in in_order(left)}
    for place, one in enumerate(histograms(output)):
        np.testing.assert_array_equal(values[place], stored(one).contents)


def test_members_of_a_split_output(tmp_path: Path) -> None:
    """Bins of several variables, each in a member of an archive, are read from their members."""
    output = output_of(w=hist.storage.Weight, n=hist.storage.Int64)
    left = [stored(one) for one in histograms(open_output(save_split(tmp_path / "a.coffea", output), keep=1))]
    assert all(one.unread for one in left)
    for place, histogram in in_order(left):
        expected = stored(histograms(output)[place]).contents
        np.testing.assert_array_equal(histogram.contents, expected)


@pytest.mark.slow
def test_unwanted_content_is_not_read(tmp_path: Path) -> None:
    """Columns and further arrays stay in the file; names, counts and metadata are whole."""
    from coffea.processor import column_accumulator  # noqa: PLC0415  slow

    output = output_of(m=hist.storage.Weight)
    output["columns"] = {"TTbar": {"a": {"SR": {"pt": column_accumulator(np.arange(9000.0))}}}}
    output["extra"] = [np.arange(9000), bytes(9000), bytearray(9000)]
    found = open_output(save(tmp_path / "a.coffea", output), keep=1)
    for part in ("cutflow", "datasets_metadata", "sumw"):
        assert_same(found[part], output[part])
    assert not isinstance(found["columns"]["TTbar"]["a"]["SR"]["pt"], column_accumulator)
    assert not any(isinstance(one, np.ndarray | bytes | bytearray) for one in found["extra"])


@pytest.mark.parametrize("kind", ["mean", "edges", "text", "bytes"])
def test_other_large_content_is_loaded(kind: str, tmp_path: Path) -> None:
    """A file is read as a whole if it has profiles, very many edges, or texts and bytes of numpy's old forms."""
    output = output_of(m=hist.storage.Weight)
    if kind == "edges":
        edges = hist.axis.Variable(np.arange(200.0), name="m")
        output["variables"]["p"] = {"TTbar": {"a": hist.Hist(edges, storage=hist.storage.Weight())}}
    elif kind == "mean":
        output["variables"]["p"] = {"TTbar": {"a": filled_mean()}}
    else:
        output["extra"] = np.str_("x" * 900) if kind == "text" else bytearray(900)
    file = save(tmp_path / "a.coffea", output, 4)
    found = open_output(file, keep=1)
    assert stored(found["variables"]["m"]["TTbar"]["a"]).unread is None
    if "extra" in output:
        assert found["extra"] == output["extra"]


def filled_mean() -> hist.Hist[Any]:
    made: hist.Hist[Any] = hist.Hist(hist.axis.Regular(BINS, 0, 1, name="m"), storage=hist.storage.Mean())
    return made.fill([0.5], sample=[1])


@pytest.mark.parametrize("how", ["other content", "shorter", "gone"])
def test_file_that_changes(how: str, tmp_path: Path) -> None:
    """A file that is not as it was when its names were read is an error, and no card is made of two files."""
    file = save(tmp_path / "a.coffea", output_of(m=hist.storage.Weight))
    histogram = stored(open_output(file, keep=1)["variables"]["m"]["TTbar"]["a"])
    if how == "gone":
        file.unlink()
    else:
        whole = file.read_bytes()
        file.write_bytes(whole[:-9] if how == "shorter" else whole)
        os.utime(file, (1, 1))
    with pytest.raises(InputError, match=r"a\.coffea (was changed while it was read|cannot be read again)"):
        _ = histogram.contents


def test_file_cut_off_in_skipped_bins(tmp_path: Path) -> None:
    """A file that ends in the skipped bins of a histogram is told to end too early."""
    content = lz4.frame.decompress(save(tmp_path / "a.coffea", output_of(m=hist.storage.Weight)).read_bytes())
    for rest in (0.2, 0.5, 0.9):
        cut = tmp_path / "cut.coffea"
        cut.write_bytes(lz4.frame.compress(content[: int(rest * len(content))]))
        assert "ends too early" in complaint(cut)


def test_forged_size_of_an_array(tmp_path: Path) -> None:
    """An array that claims another size than its content is refused where it stays in the file."""
    bins = filled(0).view(flow=True).size * 2
    content = pickle.dumps(output_of(m=hist.storage.Weight), 5)
    sizes = b"M" + bins.to_bytes(2, "little") + b"\x85"
    assert content.count(sizes) == len(DATASETS)
    file = tmp_path / "a.coffea"
    file.write_bytes(lz4.frame.compress(content.replace(sizes, b"M" + (bins + 2).to_bytes(2, "little") + b"\x85")))
    with pytest.raises(InputError, match="a numpy array of another size than its content"):
        open_output(file, keep=1)


def test_memory_of_what_is_there(tmp_path: Path) -> None:
    """Names of 48 MB of histograms are found in 4 MB, and their bins are summed in the memory of one."""
    output: dict[str, Any] = an_output(*map(str, range(10)))
    axes = (hist.axis.StrCategory(["SR"], name="cat"), hist.axis.Regular(150_000, 0, 1, name="m"))
    of = {name: hist.Hist(*axes, storage=hist.storage.Weight()) for name in map(str, range(10))}
    output["variables"] = {"m": {"TTbar": of}}
    file = save(tmp_path / "a.coffea", output)
    del output, of
    open_output(file, keep=1)  # Imports and caches take no memory below.
    tracemalloc.start()
    try:
        left = [stored(one) for one in histograms(open_output(file, keep=1))]
        assert tracemalloc.get_traced_memory()[1] < 4_000_000 + 10 * 8 * 150_000
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        assert sum(histogram.contents.size for _, histogram in in_order(left)) > 3_000_000
        assert tracemalloc.get_traced_memory()[1] - before < 7_000_000
    finally:
        tracemalloc.stop()
