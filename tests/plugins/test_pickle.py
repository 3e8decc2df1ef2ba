"""The histogram source `pickle`: pickles of histograms by conventions in its options."""

from __future__ import annotations

import bz2
import gzip
import pickle
from typing import TYPE_CHECKING, Any

import cloudpickle
import coffea.util
import lz4.frame
import pytest
import zstandard

from datacard_core import HistogramConventions, InputError, PluginLoadError, load_histograms, load_plugins, output_of
from datacard_core.testing import assert_plugin
from tests.support.foreign import filled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OPTIONS: dict[str, Any] = {"category_axis": "channel", "variation_axis": "systematic", "sample_axis": "process"}
HISTOGRAM = filled(
    ("process", "channel", "systematic"),
    {("tt", "SR", "nominal"): [1, 2], ("tt", "SR", "jesUp"): [3, 4], ("tt", "SR", "jesDown"): [1, 1]},
)
CONTENT = {"mass": HISTOGRAM, "pt": HISTOGRAM}


def read(path: Path, **options: Any) -> Any:
    source = load_plugins(("pickle", {**OPTIONS, **options})).sources["pickle"].value
    return source.read(path, {"mass"})


@pytest.mark.parametrize(
    "compress",
    [bytes, gzip.compress, bz2.compress, lz4.frame.compress, zstandard.compress],
    ids=lambda compress: compress.__module__,
)
@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps], ids=lambda dumps: dumps.__module__)
def test_forms(compress: Callable[[bytes], bytes], dumps: Callable[[object], bytes], tmp_path: Path) -> None:
    """Pickles are read with all compressions and without, and the needed variable alone has histograms."""
    file = tmp_path / "histos.pkl"
    file.write_bytes(compress(dumps(CONTENT)))
    assert {name: list(of) for name, of in read(file)["variables"].items()} == {"mass": ["tt"], "pt": []}


def test_files_of_coffea(tmp_path: Path) -> None:
    """Files are read with each compression that coffea writes."""
    for compression in [None, "gzip", "zstd", "bz2", "xz", "lzma", "zip", "lz4"]:
        file = str(tmp_path / "histos.coffea")
        try:
            coffea.util.save(CONTENT, file, compression=compression)
        except TypeError:
            pytest.skip("this coffea writes lz4 alone")
        assert read(tmp_path / "histos.coffea")["variables"]["mass"]["tt"], compression


def test_trusted_file(tmp_path: Path) -> None:
    """A script may load a file that it trusts as Python does, and take its histograms."""
    (tmp_path / "h.pkl").write_bytes(cloudpickle.dumps({"mass": HISTOGRAM, "code": print}))
    content: Any = load_histograms(tmp_path / "h.pkl", trust=True)
    assert content["code"] is print
    assert output_of({"mass": content["mass"]}, HistogramConventions(**OPTIONS))["variables"]["mass"]["tt"]


def test_empty_file(tmp_path: Path) -> None:
    """A file without histograms is an error with its name."""
    (tmp_path / "h.pkl").write_bytes(pickle.dumps({"mass": {}}))
    with pytest.raises(InputError, match=r"h\.pkl: it has no histograms"):
        read(tmp_path / "h.pkl")


def test_code_in_a_file(tmp_path: Path) -> None:
    """A pickle that names other code is refused, and does not run."""
    (tmp_path / "h.pkl").write_bytes(cloudpickle.dumps({"mass": print}))
    with pytest.raises(InputError, match=r"h\.pkl holds .*print.*, which is not admitted"):
        read(tmp_path / "h.pkl")


def test_wrong_options() -> None:
    """An unknown option, and one that contradicts another, are errors of the selection."""
    with pytest.raises(PluginLoadError, match=r"no option 'sampleaxis' \(did you mean 'sample_axis'\?\)"):
        load_plugins(("pickle", {"sampleaxis": "process"}))
    with pytest.raises(ValueError, match="up and down are both 'x'"):
        load_plugins(("pickle", {"up": "x", "down": "x"}))


@pytest.mark.slow
def test_conformance(tmp_path: Path) -> None:
    """The source meets all that the core expects of one."""
    import datacard_pickle  # noqa: PLC0415

    (tmp_path / "histos.pkl.gz").write_bytes(gzip.compress(pickle.dumps(CONTENT)))
    assert_plugin(datacard_pickle.configured(OPTIONS), files={"pickle": tmp_path / "histos.pkl.gz"})
