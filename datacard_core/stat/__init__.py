"""The interface of `pocket_coffea.utils.stat`, under the same names: change the import line of a script, no more."""

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
