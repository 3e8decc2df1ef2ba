"""Subclasses and assignments that would change no line of a card are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import Datacard, DeclarationError, FinishedCardError
from tests.support.outputs import card, signal_and_ttbar
from tests.support.rich import rich_card

if TYPE_CHECKING:
    from pathlib import Path


def subclass(**members: Any) -> type[Datacard]:
    return type("Mine", (Datacard,), members)


class TestSubclasses:
    """Methods that PocketCoffea calls and this package does not."""

    @pytest.mark.parametrize(
        ("name", "way_out"),
        [
            ("is_empty_dataset", "pass the datasets_metadata and the cutflow"),
            ("create_shape_histogram_dict", "change the histograms before"),
            ("rate", "change the histograms before"),
            ("_check_shapes", "a plugin may add a check"),
            ("compute_rateparam_shape_scales", "pass rateparam_norm_categories"),
            ("process_id", "it follows from the arguments"),
            ("histogram", "change the histograms before"),
        ],
    )
    def test_refused(self, name: str, way_out: str) -> None:
        """The class is refused when it is made, with the way out."""
        with pytest.raises(DeclarationError, match=f"class 'Mine' overrides '{name}', .*{way_out}"):
            subclass(**{name: lambda _: None})

    def test_all_at_once(self) -> None:
        """All refused members of a class are told together."""
        with pytest.raises(DeclarationError) as caught:
            subclass(rate=lambda _: 1, imax=property(lambda _: 2))
        assert len(caught.value.problems) == 2

    def test_mixin(self) -> None:
        """A method that a mixin brings is refused too."""

        class Mixin:
            def rate(self, process: str, systematic: str = "nominal") -> float:  # noqa: ARG002
                return 1.0

        with pytest.raises(DeclarationError, match="class 'Mine' overrides 'rate'"):
            type("Mine", (Mixin, Datacard), {})

    def test_plain_attribute(self) -> None:
        """A class attribute in place of a property is refused."""
        with pytest.raises(DeclarationError, match="'category'"):
            subclass(category="CR")

    @pytest.mark.slow
    def test_methods_of_its_own(self) -> None:
        """Further methods, attributes and a constructor are free."""

        def init(self: Any, *arguments: Any, **options: Any) -> None:
            self.early = 1
            Datacard.__init__(self, *arguments, **options)
            self.late = 2

        made = rich_card(of=subclass(__init__=init, total=lambda self: self.early + self.late))
        assert made.total() == 3  # type: ignore[attr-defined]

    @pytest.mark.slow
    def test_bin(self, tmp_path: Path) -> None:
        """A bin name of a subclass is that of the card, its lines and its findings."""
        mine = subclass(bin=property(lambda self: f"{self.category.lower()}_{self.bin_suffix}"))
        made = rich_card(of=mine, bin_suffix="run3")
        made.dump(tmp_path)
        assert made.bin == made.channel.bin == "sr_run3"
        assert "bin sr_run3\n" in (tmp_path / "datacard.txt").read_text()
        assert {finding.channel for finding in made.findings} == {"sr_run3"}


class TestAssignments:
    """Attributes of a finished card."""

    @pytest.mark.parametrize(
        ("name", "value", "way_out"),
        [
            ("bin_suffix", "run2", "make another card with bin_suffix='run2'"),
            ("years", ["2022"], "make another card with years="),
            ("flow", "fold", "make another card with flow='fold'"),
            ("policies", {}, "make another card with policies="),
            ("bin", "x", "override it in a subclass"),
            ("preamble", "x", "override it in a subclass"),
            ("observation", 5, "it follows from the arguments"),
            ("channel", None, "it follows from the arguments"),
            ("histogram", None, "it follows from the arguments"),
        ],
    )
    def test_refused(self, name: str, value: object, way_out: str) -> None:
        """An attribute of the card cannot be set, and the error says what to do."""
        made = card(signal_and_ttbar(nominal=[1, 2, 3]))
        with pytest.raises(FinishedCardError, match=f"'{name}' cannot be set.*{way_out}"):
            setattr(made, name, value)

    def test_attribute_error(self) -> None:
        """The error is an AttributeError, as of frozen classes."""
        assert issubclass(FinishedCardError, AttributeError)

    def test_deleted(self) -> None:
        """An attribute of the card cannot be deleted."""
        made = card(signal_and_ttbar(nominal=[1, 2, 3]))
        with pytest.raises(AttributeError):
            del made.bin_suffix

    def test_equal_value(self) -> None:
        """An assignment that changes nothing is accepted."""
        made = card(signal_and_ttbar(nominal=[1, 2, 3]))
        made.bin_suffix = "2022"  # type: ignore[misc]
        assert made.bin_suffix == "2022"

    def test_attribute_of_a_script(self) -> None:
        """An attribute that the card does not have may be set."""
        made: Any = card(signal_and_ttbar(nominal=[1, 2, 3]))
        made.luminosity = 35.9
        made.adjust_columns = 40
        assert (made.luminosity, made.adjust_columns) == (35.9, 40)
