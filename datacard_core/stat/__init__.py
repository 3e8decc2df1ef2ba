"""The old interface under its own layout: change `pocket_coffea.utils.stat` to `datacard_core.stat` and go on."""

from datacard_core.datacard import Datacard
from datacard_core.declare.processes import DataProcess, DataProcesses, MCProcess, MCProcesses
from datacard_core.declare.systematics import Systematics, SystematicUncertainty

__all__ = [
    "DataProcess",
    "DataProcesses",
    "Datacard",
    "MCProcess",
    "MCProcesses",
    "SystematicUncertainty",
    "Systematics",
]
