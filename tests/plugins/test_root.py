from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import attrs
import datacard_root
import hist
import numpy as np
import pytest
import uproot
from datacard_root import BLOCK, RootSerializer
from datacard_root.compression import Compressor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datacard_core import Axis, DatacardError, NamedTemplates, Templates, load_plugins

if TYPE_CHECKING:
    from pathlib import Path

UNIFORM = Axis(np.array([0.0, 0.25, 0.5, 0.75, 1.0]), "score", "DNN score", uniform=True)
VARIABLE = Axis(np.array([0.0, 30.0, 50.0, 100.0, 500.0]), "pt")
LABELLED = Axis(np.arange(5.0), "flavour", "jet flavour", uniform=True, categories=("b", "c", "light", "x" * 300))
LENGTHS = (1, 60, 253, 254, 255, 256, 1000, 31_000)
"""Of names: ROOT writes the length of a string in one byte up to 254, and in five from there on."""

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


def some(axis: Axis = UNIFORM, names: tuple[str, ...] = ("data_obs_nominal", "tt_2018_nominal")) -> NamedTemplates:
    values = np.random.default_rng(7).gamma(2.0, 5.0, (len(names), axis.bins))
    return NamedTemplates(names, Templates(values, 0.3 * values), axis)


def written(templates: NamedTemplates, directory: Path, **options: Any) -> Path:
    path = directory / "shapes.root"
    RootSerializer(**options).write(templates, path)
    return path


def members(model: Any) -> dict[str, Any]:
    """All that is in a histogram, and in its axes."""
    nested = {"fXaxis", "fYaxis", "fZaxis"}
    return {
        name: members(value)
        if name in nested
        else np.asarray(value).tolist()
        if hasattr(value, "__len__") and not isinstance(value, str)
        else value
        for name, value in model.all_members.items()
    }


def test_the_plugin_brings_the_serializer() -> None:
    assert load_plugins(datacard_root).serializer("root").value == RootSerializer()


def test_every_template_is_a_th1d_under_its_name_in_the_order_given(tmp_path: Path) -> None:
    names = tuple(f"process{number * 7919 % 1000}_nominal" for number in range(1000))
    with uproot.open(written(some(names=names), tmp_path)) as file:
        assert file.keys(cycle=False) == list(names)
        assert set(file.classnames().values()) == {"TH1D"}
        assert all(file[name].name == name and file[name].title == "" for name in names[::100])


@pytest.mark.parametrize("axis", [UNIFORM, VARIABLE, LABELLED], ids=lambda axis: axis.name)
@pytest.mark.parametrize("number", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK])
def test_contents_and_errors_read_back_and_flow_bins_are_empty(axis: Axis, number: int, tmp_path: Path) -> None:
    templates = some(axis, tuple(f"p{i}" for i in range(number)))
    with uproot.open(written(templates, tmp_path)) as file:
        for i in {0, number // 2, number - 1}:
            histogram = file[templates.names[i]]
            values, variances = templates.templates.values[i], templates.templates.variances[i]
            assert histogram.values(flow=True).tolist() == [0, *values, 0]
            assert histogram.variances(flow=True).tolist() == [0, *variances, 0]
            assert histogram.errors().tolist() == np.sqrt(variances).tolist()


def test_equally_wide_bins_are_a_regular_axis(tmp_path: Path) -> None:
    with uproot.open(written(some(UNIFORM), tmp_path)) as file:
        axis = file["tt_2018_nominal"].axis()
        assert axis.edges().tolist() == UNIFORM.edges.tolist()
        assert len(axis.member("fXbins")) == 0


def test_other_bins_keep_their_edges(tmp_path: Path) -> None:
    with uproot.open(written(some(VARIABLE), tmp_path)) as file:
        axis = file["tt_2018_nominal"].axis()
        assert np.asarray(axis.member("fXbins")).tolist() == VARIABLE.edges.tolist()
        assert (axis.member("fNbins"), axis.member("fXmin"), axis.member("fXmax")) == (4, 0, 500)


def test_categories_are_labels_of_bins(tmp_path: Path) -> None:
    with uproot.open(written(some(LABELLED), tmp_path)) as file:
        axis = file["tt_2018_nominal"].axis()
        assert axis.labels() == list(LABELLED.categories or ())
        assert [label.bases[0].member("@fUniqueID") for label in axis.member("fLabels")] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("axis", "title"), [(UNIFORM, "DNN score"), (VARIABLE, "pt"), (attrs.evolve(UNIFORM, label="η µ"), "η µ")]
)
def test_the_axis_is_titled_with_its_label_or_its_name(axis: Axis, title: str, tmp_path: Path) -> None:
    with uproot.open(written(some(axis), tmp_path)) as file:
        assert file["tt_2018_nominal"].axis().member("fTitle") == title


def test_statistics_are_those_of_contents_and_errors(tmp_path: Path) -> None:
    templates = NamedTemplates(
        ("a", "empty", "negative", "exact"),
        Templates(
            np.array([[1.0, 2.0, 3.0, 4.0], [0.0] * 4, [-2.0, 0.0, 0.0, 0.0], [3.0, 0.0, 0.0, 0.0]]),
            np.array([[0.5, 1.0, 1.5, 2.0], [0.0] * 4, [1.0, 0.0, 0.0, 0.0], [0.0] * 4]),
        ),
        UNIFORM,
    )
    statistics = ("fEntries", "fTsumw", "fTsumw2", "fTsumwx", "fTsumwx2")
    with uproot.open(written(templates, tmp_path)) as file:
        found = {name: [file[name].member(member) for member in statistics] for name in templates.names}
    assert found == {
        "a": [10.0**2 / 5.0, 10.0, 5.0, 0.125 + 0.75 + 1.875 + 3.5, 0.015625 + 0.28125 + 1.171875 + 3.0625],
        "empty": [0.0] * 5,
        "negative": [4.0, -2.0, 1.0, -0.25, -0.03125],
        "exact": [3.0, 3.0, 0.0, 0.375, 0.046875],
    }


@pytest.mark.parametrize("length", LENGTHS)
def test_names_may_have_any_length(length: int, tmp_path: Path) -> None:
    templates = some(names=("short", "n" * length, "also_short"))
    with uproot.open(written(templates, tmp_path)) as file:
        assert file.keys(cycle=False) == list(templates.names)
        assert [file[name].name for name in templates.names] == list(templates.names)
        assert file["also_short"].values().tolist() == templates.templates.values[2].tolist()


def test_no_templates_are_an_empty_file(tmp_path: Path) -> None:
    with uproot.open(written(some(names=()), tmp_path)) as file:
        assert file.keys() == []


def test_a_file_in_the_way_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = written(some(names=tuple("abcdefgh")), tmp_path)
    once = written(some(), tmp_path).read_bytes()
    path.unlink()
    assert written(some(), tmp_path).read_bytes() == once


def test_equal_templates_are_equal_bytes_in_other_processes_and_at_other_times(tmp_path: Path) -> None:
    found = set()
    for seed in ("1", "2"):
        path = tmp_path / f"{seed}.root"
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", OTHER_PROCESS, str(path)], check=True, env=environment)
        found.add(path.read_bytes())
    values = np.asfortranarray(np.arange(8.0).reshape(2, 4))
    here = written(NamedTemplates(("a", "b"), Templates(values, values + 0.5), VARIABLE), tmp_path)
    assert found == {here.read_bytes()}


def test_how_arrays_lie_in_memory_makes_no_difference(tmp_path: Path) -> None:
    templates = some(attrs.evolve(UNIFORM, edges=np.linspace(0, 1, 101)), tuple(f"p{i}" for i in range(50)))
    strided = Templates(*(np.asfortranarray(array) for array in attrs.astuple(templates.templates)))
    once = written(templates, tmp_path).read_bytes()
    assert written(attrs.evolve(templates, templates=strided), tmp_path).read_bytes() == once


@pytest.mark.parametrize("change", ["names", "values", "variances", "edges", "label"])
def test_files_of_different_templates_have_different_uuids(change: str, tmp_path: Path) -> None:
    one = some()
    values, variances = one.templates.values, one.templates.variances
    other = {
        "names": attrs.evolve(one, names=("data_obs_nominal", "tt_2018_nominaL")),
        "values": attrs.evolve(one, templates=Templates(np.nextafter(values, 0), variances)),
        "variances": attrs.evolve(one, templates=Templates(values, np.nextafter(variances, 0))),
        "edges": attrs.evolve(one, axis=attrs.evolve(UNIFORM, edges=UNIFORM.edges * 2)),
        "label": attrs.evolve(one, axis=attrs.evolve(UNIFORM, label="BDT score")),
    }[change]
    uuids = [uproot.open(written(templates, tmp_path)).file.uuid for templates in (one, other)]
    assert uuids[0] != uuids[1]
    assert all(uuid.variant == "specified in RFC 4122" for uuid in uuids)


@pytest.mark.parametrize("compression", ["lz4", "zlib", "zstd"])
def test_compressed_files_are_smaller_and_read_back(compression: str, tmp_path: Path) -> None:
    templates = some(LABELLED, tuple(f"p{i}" for i in range(100)))
    plain = written(templates, tmp_path).stat().st_size
    try:
        path = written(templates, tmp_path, compression=compression)
    except DatacardError as error:
        pytest.skip(str(error).splitlines()[0])
    assert path.stat().st_size < plain
    with uproot.open(path) as file:
        assert file["p99"].values().tolist() == templates.templates.values[99].tolist()
        assert file["p99"].axis().labels() == list(LABELLED.categories or ())
        assert file.file.compression.name == compression.upper()


def test_an_unknown_compression_is_refused() -> None:
    with pytest.raises(ValueError, match="'compression' must be in"):
        RootSerializer(compression="brotli")


def test_a_file_can_be_added_to(tmp_path: Path) -> None:
    templates = some()
    path = written(templates, tmp_path)
    with uproot.update(path) as file:
        file["added"] = np.histogram(np.arange(10.0))
    with uproot.open(path) as file:
        assert file.keys(cycle=False) == [*templates.names, "added"]
        assert file["tt_2018_nominal"].values().tolist() == templates.templates.values[1].tolist()


def refusal(templates: NamedTemplates, directory: Path) -> str:
    path = directory / "refused.root"
    with pytest.raises(DatacardError) as caught:
        RootSerializer().write(templates, path)
    assert not path.exists()
    return str(caught.value)


def test_names_that_occur_twice_are_refused(tmp_path: Path) -> None:
    message = refusal(some(names=("a", "b", "a", "c", "c", "c")), tmp_path)
    assert message == "templates share a name: 'a', 'c'"


def test_names_too_long_for_a_key_are_refused(tmp_path: Path) -> None:
    assert "longer than the 32000 bytes" in refusal(some(names=("a", "b" * 32_001)), tmp_path)


@pytest.mark.parametrize("what", ["values", "variances"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_contents_that_are_no_number_are_refused(what: str, bad: float, tmp_path: Path) -> None:
    arrays = {"values": some().templates.values.copy(), "variances": some().templates.variances.copy()}
    arrays[what][1, 2] = bad
    templates = attrs.evolve(some(), templates=Templates(**arrays))
    expected = f"{what} are not finite, bins counted from 0: 'tt_2018_nominal' bin 2 is {bad}"
    assert refusal(templates, tmp_path) == expected


def test_of_many_bad_contents_a_few_are_shown(tmp_path: Path) -> None:
    arrays = some().templates
    templates = attrs.evolve(some(), templates=Templates(np.full_like(arrays.values, np.nan), arrays.variances))
    assert refusal(templates, tmp_path).endswith("'tt_2018_nominal' bin 0 is nan and 3 more")


def test_arrays_of_other_shapes_are_refused_all_at_once(tmp_path: Path) -> None:
    message = refusal(NamedTemplates(("a",), Templates(np.ones((1, 3)), np.ones((2, 4))), UNIFORM), tmp_path)
    assert "values have shape (1, 3), expected (names, bins) = (1, 4)" in message
    assert "variances have shape (2, 4), expected (names, bins) = (1, 4)" in message


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        (attrs.evolve(VARIABLE, edges=np.array([0.0, 2.0, 1.0])), "not finite and rising"),
        (attrs.evolve(VARIABLE, edges=np.array([0.0, 1.0, np.inf])), "not finite and rising"),
        (attrs.evolve(VARIABLE, edges=np.array([0.0])), "have shape (1,)"),
        (attrs.evolve(LABELLED, categories=("b", "c")), "4 bins and 2 categories"),
    ],
)
def test_axes_that_are_none_are_refused(axis: Axis, message: str, tmp_path: Path) -> None:
    assert message in refusal(NamedTemplates((), Templates(*np.zeros((2, 0, axis.bins))), axis), tmp_path)


def test_files_beyond_two_gigabytes_are_refused_before_they_are_begun(tmp_path: Path) -> None:
    axis = Axis(np.linspace(0.0, 1.0, 1_000_001), "x", uniform=True)
    nothing = np.broadcast_to(0.0, (300, axis.bins))
    templates = NamedTemplates(tuple(f"p{i}" for i in range(300)), Templates(nothing, nothing), axis)
    assert "make a ROOT file of 4.8 GB, and one file takes 2 GB" in refusal(templates, tmp_path)


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


# uproot has sums of weights here, where ROOT has effective entries and sums of squares.
OTHERWISE = {"fEntries": None, "fTsumw2": None}


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(templates=named_templates())
def test_a_file_is_what_uproot_writes_one_by_one(templates: NamedTemplates, tmp_path: Path) -> None:
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


@given(records=st.lists(st.binary(max_size=300) | st.binary(max_size=30).map(lambda part: part * 20), max_size=5))
def test_records_are_compressed_to_the_bytes_that_uproot_makes(records: list[bytes]) -> None:
    algorithm = uproot.LZ4(4)
    expected = [uproot.compression.compress(record, algorithm) for record in records]
    assert Compressor(algorithm)(records) == expected
