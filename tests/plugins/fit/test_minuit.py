"""MINUIT as an independent check of the minimiser."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from datacard_fit import fit

from datacard_core import DatacardError, DeclarationError
from tests.support.likelihoods import REFERENCES, of_reference

pytestmark = pytest.mark.skipif(not REFERENCES, reason="needs ../shared/data/likelihood, cards with Combine's numbers")

# Cards of one kind each: asymmetric, morphed, with parameters of processes in bins, and with free parameters. The 161
# parameters of 91, which MIGRAD takes long for, are of the same kind as the 21 of 38.
CARDS = [name for name in REFERENCES if name[:2] in ("02", "12", "20", "29", "34", "38", "92")]


@pytest.mark.slow
def test_same_minimum() -> None:
    """MIGRAD finds no lower value, and every parameter at the same place within 1e-2 of its error."""
    pytest.importorskip("iminuit")
    for name in CARDS:
        likelihood = of_reference(name)
        own, other = fit(likelihood, intervals=False), fit(likelihood, intervals=False, minimizer="minuit")
        assert other.status == own.status, name
        assert own.nll < other.nll + 1e-6, name
        size = len(own.covariance)
        np.testing.assert_allclose(other.errors, own.errors, rtol=1e-2, err_msg=name)
        free = np.isfinite(own.errors[:size])
        assert np.abs((other.values - own.values)[:size][free] / own.errors[:size][free]).max() < 1e-2, name


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without iminuit the message has the command that installs it."""
    monkeypatch.setitem(sys.modules, "iminuit", None)
    with pytest.raises(DatacardError, match=r"needs iminuit: python -m pip install 'datacard-core\[fit\]'"):
        fit(of_reference(REFERENCES[0]), minimizer="minuit")


def test_unknown_name() -> None:
    """Another name is refused with the known ones."""
    with pytest.raises(DeclarationError, match="minimizer 'migrad', expected one of newton, minuit"):
        fit(of_reference(REFERENCES[0]), minimizer="migrad")  # type: ignore[arg-type]
