"""Files of the demo: the output, and an analysis script beside it."""

from __future__ import annotations

from collections import defaultdict
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import attrs
import cloudpickle
import lz4.frame

from datacard_core.demo.output import demo_output
from datacard_core.errors import ExistingFileError
from datacard_core.output.staging import staging

if TYPE_CHECKING:
    from pathlib import Path


@attrs.frozen
class DemoFiles:
    """Paths of the files that `write_demo` writes.

    Attributes:
        output: the `.coffea` file.
        analysis: the analysis script, to read and to change.
    """

    output: Path
    analysis: Path


def write_demo(directory: Path) -> DemoFiles:
    """Write `output_all.coffea` and `analysis.py` into a directory, which is created if it does not exist.

    A file that exists with the same content is left unchanged.

    Args:
        directory: where to write the files.

    Returns:
        The paths of the two files.

    Raises:
        ExistingFileError: a file of that name has other content; then no file is written.
    """
    demo = DemoFiles(output=directory / "output_all.coffea", analysis=directory / "analysis.py")
    script = files("datacard_core.demo").joinpath("analysis.py").read_bytes()
    missing = {} if _holds(demo.analysis, script) else {demo.analysis: script}
    # Last, because it takes half a second to make.
    output = lz4.frame.compress(cloudpickle.dumps(_with_ordered_sets(demo_output())))
    if not _holds(demo.output, output):
        missing[demo.output] = output
    with staging(directory) as stage:
        for path, content in missing.items():
            stage.content(path.name, content)
    return demo


class _OrderedSet(set[str]):
    """Set that is pickled as a plain set with sorted elements: the order of hashes differs from run to run."""

    def __reduce__(self) -> tuple[type, tuple[list[str]]]:
        return set, (sorted(self),)


def _with_ordered_sets(output: dict[str, Any]) -> dict[str, Any]:
    metadata = output["datasets_metadata"]
    by_period = {
        year: defaultdict(set, {sample: _OrderedSet(names) for sample, names in samples.items()})
        for year, samples in metadata["by_datataking_period"].items()
    }
    return {**output, "datasets_metadata": {**metadata, "by_datataking_period": by_period}}


def _holds(path: Path, content: bytes) -> bool:
    """Return True if a file has a content, and False if there is no file.

    Raises:
        ExistingFileError: it has other content.
    """
    if not path.exists():
        return False
    if not path.is_file() or path.read_bytes() != content:
        raise ExistingFileError(f"{path} exists and is not what the demo would write")
    return True
