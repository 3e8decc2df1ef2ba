"""Comments that mark Asimov data in a card."""

from __future__ import annotations

from datacard_core.grammar import Blindness, stated_blindness
from tests.support.cases import case


def test_text() -> None:
    """Bins are counted from 1, and a comment reads back as what it was written for."""
    cases: list[tuple[Blindness, str]] = [
        (Blindness(), "blind: data_obs of SR is Asimov data in all bins, signal strength 0"),
        (Blindness(bins=(2,), signal=1), "blind: data_obs of SR is Asimov data in bin 3, signal strength 1"),
        (Blindness(bins=(0, 9), signal=0.5), "blind: data_obs of SR is Asimov data in bins 1,10, signal strength 0.5"),
        (Blindness(lifted=True), "unblinded: data_obs of SR is real data"),
    ]
    for blindness, text in cases:
        with case(blindness, text):
            assert blindness.text("SR") == text
            assert stated_blindness(f"# {text}\r\n") == ("SR", blindness)


def test_other_lines() -> None:
    """Lines of another form mark nothing."""
    cases: list[str] = [
        "blind: data_obs of SR is Asimov data in all bins, signal strength 0",
        "# blind: data_obs of SR is Asimov data in bins 0,1, signal strength 0",
        "# blind: data_obs of SR is Asimov data in all bins, signal strength nan",
        "# unblinded: data_obs of SR is real data, or not",
    ]
    for line in cases:
        with case(line):
            assert stated_blindness(line) is None


def test_places() -> None:
    """Bins beyond the axis, which a changed card may name, are left out."""
    assert Blindness().places(3) == [0, 1, 2]
    assert Blindness(bins=(1, 7)).places(3) == [1]
    assert Blindness(lifted=True).places(3) == []
