"""The uncertainty of a POI by groups of nuisances."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from datacard_fit import breakdown

from datacard_core import DeclarationError
from tests.support.likelihoods import of_text

if TYPE_CHECKING:
    from pathlib import Path

# λ = 1000 r·1.1^a·1.05^b, and 1000 events: r follows a and b, and the count gives it an error of √1000/1000.
CARD = (
    "imax *\njmax *\nkmax *\nbin SR\nobservation 1000\nbin SR SR\nprocess sig bkg\nprocess 0 1\nrate 1000 0.001\n"
    "a lnN 1.1 -\nb lnN 1.05 -\ngood group = a\n"
)


@pytest.mark.slow
def test_parts(tmp_path: Path) -> None:
    """Each part is the error that its nuisances make, and the statistical one that of the count."""
    found = breakdown(of_text(CARD, tmp_path), groups=["good", "b"])
    up = {part.name: part.up for part in found.parts}
    # 68 % of a normal density are 0.99446 standard deviations; errors are those of log r, so means of both sides.
    middle = {part.name: (part.up - part.down) / 2 / 0.99446 for part in found.parts}
    assert middle == pytest.approx({"good": math.log(1.1), "b": math.log(1.05), "statistical": 1000**-0.5}, rel=0.03)
    assert found.total.up**2 == pytest.approx(sum(part**2 for part in up.values()), rel=0.05)


@pytest.mark.slow
def test_groups_of_the_card(tmp_path: Path) -> None:
    """Without names the groups of the card are taken; an unknown name is told."""
    likelihood = of_text(CARD, tmp_path)
    assert [part.name for part in breakdown(likelihood).parts] == ["good", "statistical"]
    assert list(breakdown(likelihood).to_dict()["parts"]) == ["good", "statistical"]  # type: ignore[call-overload]
    with pytest.raises(DeclarationError, match=r"no parameter and no group 'goo' to freeze \(did you mean 'good'"):
        breakdown(likelihood, groups=["goo"])
