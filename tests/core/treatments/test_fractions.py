"""Parts of shapes with a given correlation: their templates are scaled, and never θ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from datacard_core import Effect, Shape, SystematicKind, SystematicUncertainty, correlate, load_plugins
from tests.support import outputs
from tests.support.cases import case
from tests.support.declarations import YEARS
from tests.support.plugins import Provider, kind_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from datacard_core import Target


@pytest.fixture
def output() -> outputs.Output:
    """Return an output of two years, whose variations differ from the nominal by 2, 4 and -1, -3."""
    made = outputs.Output()
    for year in YEARS:
        made.mc("Signal", year, nominal=[1, 1])
    made.mc("TTbar", "2022", nominal=[10, 20], jesUp=[12, 24], jesDown=[9, 17])
    return made.mc("TTbar", "2023", nominal=[10, 20], jesUp=[16, 20], jesDown=[10, 18])


@pytest.mark.slow
def test_templates(output: outputs.Output) -> None:
    """Templates have the part of the difference from the nominal, and the row the scale 1."""
    made = outputs.card(output, *correlate(outputs.shape("jes", years=YEARS), "year", 0.36))
    assert outputs.template(made, "ttbar_2022", "jes_commonUp") == pytest.approx([10 + 0.6 * 2, 20 + 0.6 * 4])
    assert outputs.template(made, "ttbar_2022", "jes_2022Down") == pytest.approx([10 - 0.8, 20 - 0.8 * 3])
    assert outputs.rows(made.content())["jes_common"][4:] == ["1.0", "1.0"]


def _change(found: Mapping[str, tuple[NDArray[Any], ...]], column: str, nuisance: str, direction: str) -> NDArray[Any]:
    """Return the difference of a written template from the nominal, 0 if the file does not have it."""
    nominal = found[f"{column}_nominal"][0]
    varied = found.get(f"{column}_{nuisance}{direction}")
    return nominal * 0 if varied is None else varied[0] - nominal


@pytest.mark.slow
def test_quadrature(output: outputs.Output, tmp_path: Path) -> None:
    """In the file, parts of a year add up in quadrature to its variation, and two years have the correlation."""
    every_direction: list[str] = ["Up", "Down"]
    every_rho: list[Any] = [0.36, [[1, 0.6], [0.6, 1]], [[1, 1], [1, 1]]]
    for direction in every_direction:
        for rho in every_rho:
            with case(direction, rho):
                made = outputs.card(output, *correlate(outputs.shape("jes", years=YEARS), "year", rho))
                found = outputs.written(made, tmp_path)
                nuisances = [name for name in made.systematics if name.startswith("jes")]
                shifts = {
                    year: np.array([_change(found, f"ttbar_{year}", name, direction) for name in nuisances])
                    for year in YEARS
                }
                size = {"2022": {"Up": (2, 4), "Down": (-1, -3)}, "2023": {"Up": (6, 0), "Down": (0, -2)}}
                for year in YEARS:
                    assert np.sqrt((shifts[year] ** 2).sum(axis=0)) == pytest.approx(np.abs(size[year][direction]))
                product = np.multiply(size["2022"][direction], size["2023"][direction])
                correlation = rho[0][1] if isinstance(rho, list) else rho
                assert (shifts["2022"] * shifts["2023"]).sum(axis=0) == pytest.approx(correlation * product)


@pytest.mark.slow
def test_negative_weight(output: outputs.Output) -> None:
    """A negative weight exchanges Up and Down, each with its own size."""
    made = outputs.card(output, *correlate(outputs.shape("jes", years=YEARS), "year", [[1, -1], [-1, 1]]))
    assert outputs.template(made, "ttbar_2023", "jes_1Up") == [10, 18]
    assert outputs.template(made, "ttbar_2023", "jes_1Down") == [16, 20]


@pytest.mark.slow
def test_variances(output: outputs.Output) -> None:
    """Errors are between those of nominal and variation, as these have the same events."""
    made = outputs.card(output, *correlate(outputs.shape("jes", years=YEARS), "year", 0.25))
    between = (0.5 * 10**0.5 + 0.5 * 12**0.5) ** 2
    assert outputs.variance(made, "ttbar_2022", "jes_commonUp")[0] == pytest.approx(between)


def test_clipped_bins() -> None:
    """The part is that of the templates as they are written: a bin below 0 is 0 before it is scaled."""
    output = outputs.signal_and_ttbar(nominal=[-1, 20, 20], jesUp=[3, 20, 20], jesDown=[-2, 20, 20])
    made = outputs.card(output, *correlate(outputs.shape("jes"), "year", 0.25))
    assert outputs.template(made, "ttbar_2022", "jes_commonUp")[0] == 1.5
    assert outputs.template(made, "ttbar_2022", "jes_commonDown")[0] == 0


def test_empty_variation() -> None:
    """A column whose whole variation Combine would refuse has no part of it."""
    output = outputs.signal_and_ttbar(nominal=[10, 20, 30], jesUp=[0, 0, 0], jesDown=[10, 20, 30])
    made = outputs.card(output, *correlate(outputs.shape("jes"), "year", 0.25))
    assert outputs.codes(made).count("empty-variation") == 2
    assert not made.channel.nuisances


class Envelope(SystematicKind):
    """A kind of a plugin that makes templates."""

    typ = "envelope"

    def shifts(self, systematic: SystematicUncertainty) -> Sequence[str]:  # noqa: ARG002
        return ("Up", "Down")

    def effects(self, target: Target) -> Sequence[Effect]:
        up, down = target.variations["Up"], target.variations["Down"]
        return (Shape(target.positions, up, down, np.ones(len(target.positions))),)


@pytest.mark.slow
def test_kind_of_a_plugin(output: outputs.Output) -> None:
    """A kind of a plugin that makes shapes needs no code for fractions."""
    plugins = load_plugins("lnn", "shape", "mcstats", "combine", "root", Provider("acme", Envelope()))
    jes = SystematicUncertainty("jes", "envelope", ["ttbar"], YEARS, 1.0)
    made = outputs.card(output, *correlate(jes, "year", 0.36), plugins=plugins)
    assert outputs.template(made, "ttbar_2022", "jes_commonUp") == pytest.approx([11.2, 22.4])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("effect", "told"),
    [
        ("return [Cells(target.positions)]", "makes an effect 'gmN 7', of which there are no fractions"),
        ("return [RawLine('x param 0 1')]", "makes a line below the columns, of which there are no fractions"),
    ],
)
def test_effects_without_parts(effect: str, told: str) -> None:
    """A kind whose effects have no parts cannot have a fraction, which would be ignored otherwise."""
    source: dict[str, Any] = {}
    exec(kind_source(effect), source)  # noqa: S102 - the source of a plugin of the tests
    plugins = load_plugins("shape", "mcstats", "combine", Provider("acme", source["Kind"]()))
    mine = SystematicUncertainty("mine", "acme", ["ttbar"], ["2022"], 1.5, fraction=0.5)
    (problem,) = outputs.problems(outputs.signal_and_ttbar(nominal=[1, 1, 1]), mine, plugins=plugins)
    assert problem.startswith("systematic 'mine': its fraction is not 1, and its kind 'acme'")
    assert told in problem


@pytest.mark.slow
def test_shape_on_some_columns(output: outputs.Output) -> None:
    """A nuisance that is a shape on some columns and lnN on others has parts of both."""
    jes = [
        outputs.shape("jes", years=YEARS),
        SystematicUncertainty("jes", "lnN", ["signal"], YEARS, 1.2),
    ]
    parts = [part for declared in jes for part in correlate(declared, "year", 0.36)]
    made = outputs.card(output, *parts)
    row = outputs.rows(made.content())["jes_common"]
    assert (row[1], row[4:]) == ("shape?", ["1.0", "1.0"])
    assert [float(cell) for cell in row[2:4]] == pytest.approx([1.2**0.6] * 2)
    assert outputs.template(made, "ttbar_2022", "jes_commonUp") == pytest.approx([11.2, 22.4])
