"""Other samples that kinds read: where their templates come from, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from datacard_core import (
    DEFAULT_PLUGINS,
    Analysis,
    Category,
    Effect,
    PluginCallError,
    Shape,
    SystematicKind,
    Systematics,
    SystematicUncertainty,
    Target,
    load_plugins,
)
from tests.support.demo_files import save
from tests.support.outputs import Output, card, codes, found, problems, process, template, two_processes, variance
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


class Generators(SystematicKind):
    """Up and Down from samples of other generators."""

    typ: ClassVar[str] = "generators"
    options: ClassVar[dict[str, str]] = {"up": "samples of Up", "down": "samples of Down"}

    def samples(self, systematic: SystematicUncertainty) -> Mapping[str, Mapping[str, Sequence[str]]]:
        asked = {"Up": systematic.options["up"], "Down": systematic.options["down"]}
        return {name: dict.fromkeys(systematic.processes, samples) for name, samples in asked.items()}

    def effects(self, target: Target) -> Iterable[Effect]:
        yield Shape(
            target.positions, target.samples["Up"], target.samples["Down"], scale=np.ones(len(target.positions))
        )


class Answering(SystematicKind):
    """A kind that asks for what it was made with."""

    typ: ClassVar[str] = "answering"

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def shifts(self, systematic: SystematicUncertainty) -> Sequence[str]:  # noqa: ARG002 - the same for all
        return ("Up",)

    def samples(self, systematic: SystematicUncertainty) -> Any:  # noqa: ARG002 - the same for all
        return self.answer

    def effects(self, target: Target) -> Iterable[Effect]:  # noqa: ARG002 - never called
        return ()


PLUGINS = load_plugins(*DEFAULT_PLUGINS, Provider("acme", Generators()))
YEARS = ["2022", "2023"]


def generators(up: Sequence[str] = ("Herwig",), down: Sequence[str] = ("Sherpa",), **more: Any) -> Any:
    arguments = {"processes": ["ttbar"], "years": YEARS, "value": 1.0, **more}
    return SystematicUncertainty("gen", "generators", options={"up": up, "down": down}, **arguments)


def output() -> Output:
    """Signal and ttbar, and ttbar of two other generators, in two years."""
    made = Output()
    for year, factor in (("2022", 1), ("2023", 10)):
        made.mc("Signal", year, nominal=[1, 1]).mc("TTbar", year, nominal=[10 * factor, 20 * factor])
        made.mc("Herwig", year, "a", nominal=[5 * factor, 10 * factor])
        made.mc("Herwig", year, "b", nominal=[7 * factor, 11 * factor])
        made.mc("Sherpa", year, nominal=[8 * factor, 19 * factor])
    return made


class TestTemplates:
    """Templates of other samples."""

    @pytest.mark.slow
    def test_samples_are_templates(self) -> None:
        """Each column gets the sum over the datasets of the other sample in its year."""
        made = card(output(), generators(), plugins=PLUGINS)
        assert template(made, "ttbar_2022", "genUp") == [12, 21]
        assert template(made, "ttbar_2023", "genUp") == [120, 210]
        assert template(made, "ttbar_2023", "genDown") == [80, 190]
        # The variances that `simulated` gives are the yields.
        assert variance(made, "ttbar_2022", "genUp") == [12, 21]
        assert template(made, "signal_2022", "genUp") == [1, 1]
        assert template(made, "ttbar_2022") == [10, 20]
        assert codes(made) == []

    @pytest.mark.slow
    def test_several_samples_are_summed(self) -> None:
        """Samples that are listed together are summed."""
        made = card(output(), generators(up=["Herwig", "Sherpa"]), plugins=PLUGINS)
        assert template(made, "ttbar_2022", "genUp") == [20, 40]

    def test_process_that_is_derived(self) -> None:
        """A process that is scaled has no other samples, which would be read without its factor."""
        processes = two_processes(YEARS, scale=0.5)
        (problem,) = problems(output(), generators(), mc_processes=processes, plugins=PLUGINS)
        assert "its kind 'generators' reads other samples in the place of those of 'ttbar'" in problem

    @pytest.mark.slow
    def test_sample_of_a_process_of_the_card(self) -> None:
        """A sample may be in a process of the card and serve another process as a template."""
        processes = two_processes(YEARS)
        processes["herwig"] = process("herwig", "Herwig", years=YEARS)
        made = card(output(), generators(), plugins=PLUGINS, mc_processes=processes)
        assert template(made, "herwig_2022") == [12, 21]
        assert template(made, "ttbar_2022", "genUp") == [12, 21]

    @pytest.mark.slow
    def test_floating_process(self) -> None:
        """The sample of a floating process is scaled to its total, if its shapes leave that to the parameter."""
        made = card(
            output(),
            generators(),
            plugins=PLUGINS,
            mc_processes=two_processes(YEARS, has_rateParam=True),
            shape_only_for_rateparam=True,
        )
        # Over both years: nominal 30 + 300, Herwig 33 + 330, Sherpa 27 + 270
        assert template(made, "ttbar_2022", "genUp") == pytest.approx([12 * 330 / 363, 21 * 330 / 363])
        assert template(made, "ttbar_2023", "genDown") == pytest.approx([80 * 330 / 297, 190 * 330 / 297])


class TestFiles:
    """Samples in other files than those of the process."""

    def analysis(self) -> Analysis:
        return Analysis(
            years=YEARS,
            mc_processes=two_processes(YEARS),
            systematics=Systematics([generators()]),
            categories={"SR": Category("m")},
            plugins=PLUGINS,
        )

    def files(self, directory: Path) -> list[Path]:
        """Return four files: the two main samples, and each half of Herwig with one year of Sherpa."""
        main, first, second = Output(), Output(), Output()
        for year, factor in (("2022", 1), ("2023", 10)):
            main.mc("Signal", year, nominal=[1, 1]).mc("TTbar", year, nominal=[10 * factor, 20 * factor])
            first.mc("Herwig", year, "a", nominal=[5 * factor, 10 * factor])
            second.mc("Herwig", year, "b", nominal=[7 * factor, 11 * factor])
            (first if year == "2022" else second).mc("Sherpa", year, nominal=[8 * factor, 19 * factor])
        outputs = {"main": main, "first": first, "second": second}
        return [save(directory / f"{name}.coffea", made.loaded) for name, made in outputs.items()]

    @pytest.mark.slow
    def test_partial_files(self, tmp_path: Path) -> None:
        """Files with parts of the samples give the card of the whole output, in any order."""
        files, whole = self.files(tmp_path), self.analysis().build(output().loaded)["SR"]
        for paths in (files, files[::-1]):
            made = self.analysis().build(paths)["SR"]
            assert made.content() == whole.content()
            assert template(made, "ttbar_2023", "genUp") == [120, 210]

    @pytest.mark.slow
    def test_processes(self, tmp_path: Path) -> None:
        """Worker processes read samples as this process does."""
        made = self.analysis().build(self.files(tmp_path), jobs=2)["SR"]
        assert template(made, "ttbar_2023", "genUp") == [120, 210]


class TestProblems:
    """Samples that cannot be read."""

    def test_unknown_sample(self) -> None:
        """All samples that the output lacks are told, each with the closest one."""
        found_ = problems(output(), generators(up=["Herwg"], down=["Shrepa"]), plugins=PLUGINS)
        assert found_ == (
            "systematic 'gen': the output has no sample 'Herwg' (did you mean 'Herwig'?)",
            "systematic 'gen': the output has no sample 'Shrepa' (did you mean 'Sherpa'?)",
        )

    @pytest.mark.slow
    def test_year_without_the_sample(self) -> None:
        """A sample that is not there in the year of a column is an error, and never an empty template."""
        lacking = output()
        del lacking.periods["2023"]["Sherpa"]
        assert problems(lacking, generators(), plugins=PLUGINS) == (
            "systematic 'gen': sample 'Sherpa' has no dataset in 2023: take 2023 out of its years",
        )
        made = card(lacking, generators(years=["2022"]), plugins=PLUGINS)
        assert template(made, "ttbar_2022", "genDown") == [8, 19]

    @pytest.mark.slow
    def test_part_of_a_sum_lacks_a_year(self) -> None:
        """A warning tells which sample of a sum has no dataset in a year."""
        lacking = output()
        del lacking.periods["2023"]["Sherpa"]
        made = card(lacking, generators(up=["Herwig", "Sherpa"], down=["Herwig"]), plugins=PLUGINS)
        (message,) = found(made, "no-dataset")
        assert "sample 'Sherpa' has no dataset in 2023" in message
        assert "gen" in message
        assert template(made, "ttbar_2023", "genUp") == [120, 210]

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            (None, "got None, expected a dict of dicts"),
            ({"alt": ["Herwig"]}, "expected a dict of samples by process"),
            ({"alt": {"ttbar": "Herwig"}}, "got 'Herwig', expected an iterable of strings"),
            ({"alt": {"ttbar": [1]}}, "got 1 among"),
            ({"alt": {"ttbar": []}}, "'alt' names no sample for process 'ttbar'"),
            ({"alt": {"ttbar": ["Herwig"], "tbar": ["Herwig"]}}, "'tbar' (did you mean 'ttbar'?)"),
            ({"Up": {"ttbar": ["Herwig"]}}, "'Up' is the name of samples and a shift"),
        ],
    )
    def test_wrong_answers(self, answer: object, message: str) -> None:
        """An answer of another form is the failure of the plugin."""
        plugins = load_plugins(*DEFAULT_PLUGINS, Provider("acme", Answering(answer)))
        systematic = SystematicUncertainty("gen", "answering", ["ttbar"], YEARS, 1)
        with pytest.raises(PluginCallError, match="naming the samples of systematic 'gen'") as raised:
            card(output(), systematic, plugins=plugins)
        assert message in str(raised.value)
