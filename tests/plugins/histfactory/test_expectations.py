"""Expectations of HistFactory models beside those of Combine, by pyhf, which evaluates the workspace itself.

All that uses pyhf is tested here: its import takes a second of each process that runs such a test.
"""

from __future__ import annotations

import importlib
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pytest
from datacard_fit import Likelihood

from datacard_core import Model, read_card, write_model
from tests.support.likelihoods import LIKELIHOOD, reference

if TYPE_CHECKING:
    from pathlib import Path

needs_data = pytest.mark.skipif(
    not LIKELIHOOD.is_dir(), reason="needs ../shared/data/likelihood, cards with Combine's numbers"
)

EXACT = ("01_lnN_sym_counting", "25_rateParam_free", "26_rateParam_pattern", "35_mcstats_m1", "45_obs_asimov")
"""Cards whose only losses are those of symmetric log-normals."""
DIFFERENT = (
    *("02_lnN_asym", "03_lnN_onesided", "04_lnN_reciprocal", "11_shape_sym", "12_shape_asym", "13_shape_onesided"),
    *(
        "14_shape_samedir",
        "15_shape_scale05",
        "16_shape_scale2",
        "18_shape_smallnorm",
        "20_shapeN",
        "23_shape_question",
    ),
    "31_group",
)
"""Cards with losses of size."""
STATISTICS = ("33_mcstats_0", "37_mcstats_hm", "38_mcstats_lowstat", "39_mcstats_negweight", "50_rate_mismatch")
"""Cards with autoMCStats, of few events, negative weights and another rate than the templates have."""
_SINGLE = 2e-6
"""Precision of Combine's templates, relative to a bin."""
COUNTING = "imax *\njmax *\nkmax *\nbin SR\nobservation 25\nbin SR SR\nprocess sig bkg\nprocess 0 1\nrate 10 15\n"
"""Card of one bin without nuisances."""


@pytest.fixture(scope="module")
def pyhf() -> Any:
    """Return the library, which the collection of tests does not need."""
    return importlib.import_module("pyhf")


def workspace_of(card: Path, folder: Path) -> tuple[dict[str, Any], float]:
    """Return the workspace of a card, and the sum of the sizes of its losses."""
    files = write_model(read_card(card).model(), folder / "model.json", writer="pyhf")
    losses = files[0].read_text(encoding="utf-8") if len(files) > 1 else ""
    sizes = re.findall(r"by up to (\S+) of", losses)
    return json.loads(files[-1].read_text(encoding="utf-8")), sum(map(float, sizes))


@pytest.mark.slow
@needs_data
def test_points_of_combine(tmp_path: Path, pyhf: Any) -> None:
    """Within 2 standard deviations, expectations differ from Combine's by no more than the losses tell."""
    for name in [*EXACT, *DIFFERENT]:
        document, lost = workspace_of(LIKELIHOOD / name / "card.txt", tmp_path)
        model = pyhf.Workspace(document).model()
        compared = 0
        for point in reference(name)["points"]:
            values = {key: value for key, value in point["params"].items() if not key.startswith("prop_bin")}
            shifts = [value for key, value in values.items() if key != "r"]
            if any(abs(value) > 2 for value in shifts) or len(values) < len(point["params"]):
                continue
            parameters = np.array(model.config.suggested_init())
            for key, value in values.items():
                parameters[model.config.par_slice(key)] = value
            found = np.asarray(model.expected_actualdata(parameters))
            expected = np.concatenate([point["yields"][channel]["total"] for channel in model.config.channels])
            start = np.concatenate(
                [reference(name)["nominal"]["yields"][bin_]["total"] for bin_ in model.config.channels]
            )
            # The losses are relative to the expectation at the start values. Two nuisances at once multiply.
            np.testing.assert_array_less(
                np.abs(found - expected), 2 * (lost + _SINGLE) * np.maximum(start, expected) + 1e-9, err_msg=name
            )
            compared += 1
        assert compared, name


@pytest.mark.slow
@needs_data
def test_start_of_statistics(tmp_path: Path, pyhf: Any) -> None:
    """At the start values, expectations with parameters of bins are those of Combine."""
    for name in STATISTICS:
        document, _ = workspace_of(LIKELIHOOD / name / "card.txt", tmp_path)
        model = pyhf.Workspace(document).model()
        found = np.asarray(model.expected_actualdata(model.config.suggested_init()))
        expected = np.concatenate(
            [reference(name)["nominal"]["yields"][bin_]["total"] for bin_ in model.config.channels]
        )
        np.testing.assert_allclose(found, expected, rtol=_SINGLE, atol=1e-8, err_msg=name)


@pytest.mark.slow
@needs_data
@pytest.mark.parametrize("start", [1.0, 0.02])
def test_bins_with_one_parameter(start: float, tmp_path: Path) -> None:
    """The start value of a rateParam decides which bins have one parameter, as in the likelihood."""
    shutil.copytree(LIKELIHOOD / "34_mcstats_10", tmp_path / "card")
    card = tmp_path / "card" / "card.txt"
    with card.open("a", encoding="utf-8") as file:
        file.write(f"k rateParam ch1 bkg1 {start} [0,5]\n")
    document, _ = workspace_of(card, tmp_path)
    modifiers = [one for sample in document["channels"][0]["samples"] for one in sample["modifiers"]]
    errors = [one["data"] for one in modifiers if one["name"] == "prop_binch1"]
    bins = np.flatnonzero(np.any(np.array(errors, ndmin=2), axis=0)).tolist()
    names = {name for name in Likelihood(read_card(card).model()).names if re.fullmatch(r"prop_binch1_bin\d+", name)}
    assert {f"prop_binch1_bin{at}" for at in bins} == names


@pytest.mark.slow
@needs_data
@pytest.mark.parametrize("name", ["06_gmN_single", "08_gmM", "27_rateParam_param"])
def test_best_fit(name: str, tmp_path: Path, pyhf: Any) -> None:
    """Counts of control regions, gamma densities and constrained factors have Combine's best fit."""
    document, _ = workspace_of(LIKELIHOOD / name / "card.txt", tmp_path)
    workspace = pyhf.Workspace(document)
    model = workspace.model()
    bounds = model.config.suggested_bounds()
    bounds[model.config.poi_index] = (-5.0, 20.0)
    best = pyhf.infer.mle.fit(workspace.data(model), model, par_bounds=bounds)[model.config.poi_index]
    combine = reference(name)["combine"]["multidimfit_tight"]["r"]
    # pyhf's minimiser stops within a thousandth of the interval.
    assert best == pytest.approx(combine["value"], abs=2e-3 * (combine["up"] - combine["down"]) / 2)


@pytest.mark.slow
def test_size_of_interpolation(tmp_path: Path, pyhf: Any) -> None:
    """The loss of a log-normal of 1.5 at ½ standard deviation is √1.5 less HistFactory's polynomial there."""
    (tmp_path / "card.txt").write_text(f"{COUNTING}bn lnN - 1.5\n", encoding="utf-8")
    document, told = workspace_of(tmp_path / "card.txt", tmp_path)
    model = pyhf.Workspace(document).model()
    # The values of θ at which the two are compared.
    thetas = np.linspace(-2, 2, 17)
    at = model.config.par_slice("bn").start
    worst = 0.0
    for theta in thetas:
        parameters = np.array(model.config.suggested_init())
        parameters[at] = theta
        worst = max(worst, abs(float(model.expected_actualdata(parameters)[0]) - 10 - 15 * 1.5**theta) / 25)
    assert told == pytest.approx(worst, rel=0.05)


@pytest.mark.slow
def test_no_signal(tmp_path: Path, pyhf: Any) -> None:
    """A control region alone has no parameter of interest, and pyhf makes a model of it."""
    (tmp_path / "card.txt").write_text(f"{COUNTING}bn lnN - 1.1\n", encoding="utf-8")
    (channel,) = read_card(tmp_path / "card.txt").model().channels
    backgrounds = tuple(attrs.evolve(column, id=at + 1) for at, column in enumerate(channel.columns))
    model = Model.of([attrs.evolve(channel, columns=backgrounds)])
    files = write_model(model, tmp_path / "model.json", writer="pyhf")
    document = json.loads(files[-1].read_text(encoding="utf-8"))
    assert document["measurements"][0]["config"]["poi"] == ""
    assert pyhf.Workspace(document).model().expected_actualdata([0.0]).tolist() == [25.0]


@pytest.mark.slow
@needs_data
def test_schema(tmp_path: Path, pyhf: Any) -> None:
    """A workspace of templates with statistics is valid by pyhf's schema, and cabinetry makes a model of it."""
    # Here, because its import takes a second of each run that selects other tests.
    import cabinetry  # noqa: PLC0415

    document, _ = workspace_of(LIKELIHOOD / "34_mcstats_10" / "card.txt", tmp_path)
    pyhf.schema.validate(document, "workspace.json")
    model, data = cabinetry.model_utils.model_and_data(document)
    assert model.config.poi_name == "r"
    assert len(data) == len(model.config.auxdata) + sum(len(one["data"]) for one in document["observations"])
