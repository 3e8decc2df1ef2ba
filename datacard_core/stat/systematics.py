"""The old interface's module for systematic uncertainties."""

from datacard_core.declare.systematics import Systematics, SystematicUncertainty

__all__ = ["SystematicUncertainty", "Systematics"]
