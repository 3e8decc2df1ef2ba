"""The names of `pocket_coffea.utils.stat.systematics`."""

from datacard_core.declare.systematics import Systematics, SystematicUncertainty

__all__ = ["SystematicUncertainty", "Systematics"]
