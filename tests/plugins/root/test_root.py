"""The serializer as a whole: its plugin, equal bytes, and the same files as uproot writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import datacard_root
import hist
import numpy as np
import pytest
import uproot
from datacard_root import RootSerializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datacard_core import Axis, NamedTemplates, Templates, load_plugins
from tests.support.processes import elsewhere
from tests.support.root_files import VARIABLE, written

if TYPE_CHECKING:
    from pathlib import Path

OTHER_PROCESS = """
import sys
from pathlib import Path
import numpy as np
from datacard_core import Axis, NamedTemplates, Templates
from datacard_root import RootSerializer
values = np.arange(8.0).reshape(2, 4)
axis = Axis(np.array([0.0, 30.0, 50.0, 100.0, 500.0]), "pt")
RootSerializer().write(NamedTemplates(("a", "b"), Templates(values, values + 0.5), axis), Path(sys.argv[1]))
"""


def test_serializer_of_the_plugin() -> None:
    """The plugin contributes the uncompressed serializer under the name `root`."""
    assert load_plugins(datacard_root).serializer("root").value == RootSerializer()


def test_bytes_of_another_process(tmp_path: Path) -> None:
    """Hash seeds, the time and the memory layout have no influence on the bytes."""
    assert elsewhere(OTHER_PROCESS, "other.root", directory=tmp_path).stderr == ""
    values = np.asfortranarray(np.arange(8.0).reshape(2, 4))
    here = written(NamedTemplates(("a", "b"), Templates(values, values + 0.5), VARIABLE), tmp_path)
    assert (tmp_path / "other.root").read_bytes() == here.read_bytes()


def members(model: Any) -> dict[str, Any]:
    """Return all members of a histogram, and of its axes."""
    nested = {"fXaxis", "fYaxis", "fZaxis"}
    return {
        name: members(value)
        if name in nested
        else np.asarray(value).tolist()
        if hasattr(value, "__len__") and not isinstance(value, str)
        else value
        for name, value in model.all_members.items()
    }


contents = st.floats(-1e6, 1e6, allow_subnormal=False)
lengths = st.sampled_from([0, 0, 200, 240, 250, 254, 255, 600])
letters = st.text("abcXYZ019_.-µ", min_size=1, max_size=20)
names = st.builds(lambda text, length: text + "n" * length, letters, lengths)


@st.composite
def axes(draw: st.DrawFn) -> Axis:
    widths = draw(st.lists(st.floats(0.01, 100), min_size=1, max_size=12))
    start = draw(st.floats(-1000, 1000, allow_subnormal=False))
    label = draw(st.text("abc $#{}_^η", max_size=300))
    if draw(st.booleans()):
        return Axis(np.linspace(start, start + sum(widths), len(widths) + 1), "x", label, uniform=True)
    return Axis(start + np.cumsum([0, *widths]), "x", label)


@st.composite
def named_templates(draw: st.DrawFn) -> NamedTemplates:
    axis = draw(axes())
    drawn = draw(st.lists(names, max_size=4, unique=True))
    size = len(drawn) * axis.bins
    values = draw(st.lists(contents, min_size=size, max_size=size))
    variances = draw(st.lists(contents.map(abs), min_size=size, max_size=size))
    shaped = (np.array(array, float).reshape(len(drawn), axis.bins) for array in (values, variances))
    return NamedTemplates(tuple(drawn), Templates(*shaped), axis)


def one_by_one(templates: NamedTemplates, path: Path) -> None:
    """Write the same templates with hist and uproot."""
    axis, title = templates.axis, templates.axis.label or templates.axis.name
    variable: Any = hist.axis.Variable(axis.edges, name="xaxis", label=title)
    if axis.uniform:
        variable = hist.axis.Regular(axis.bins, axis.edges[0], axis.edges[-1], name="xaxis", label=title)
    rows = zip(templates.names, templates.templates.values, templates.templates.variances, strict=True)
    with uproot.recreate(path, compression=None) as file:
        for name, values, variances in rows:
            histogram: Any = hist.Hist(variable, storage=hist.storage.Weight())
            histogram.view()["value"], histogram.view()["variance"] = values, variances
            file[name] = histogram


OTHERWISE = {"fEntries": None, "fTsumw2": None}
"""Members in which uproot has sums of weights, and ROOT effective entries and sums of squares."""


@pytest.mark.slow
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(templates=named_templates())
def test_file_of_uproot(templates: NamedTemplates, tmp_path: Path) -> None:
    """A file has the objects, members and streamers of a file that uproot writes."""
    reference = tmp_path / "reference.root"
    one_by_one(templates, reference)
    with uproot.open(reference) as expected, uproot.open(written(templates, tmp_path)) as found:
        assert found.keys() == expected.keys()
        assert found.file.streamers.keys() == expected.file.streamers.keys() or not templates.names
        for name in templates.names:
            one, other = members(found[name]), members(expected[name])
            for moment in ("fTsumw", "fTsumwx", "fTsumwx2"):
                assert one.pop(moment) == pytest.approx(other.pop(moment), rel=1e-9, abs=1e-2)
            assert one | OTHERWISE == other | OTHERWISE
            assert found[name].axis().edges() == pytest.approx(expected[name].axis().edges())
