"""The names of `pocket_coffea.utils.stat.processes`."""

from datacard_core.declare.processes import DataProcess, DataProcesses, MCProcess, MCProcesses, Process

__all__ = ["DataProcess", "DataProcesses", "MCProcess", "MCProcesses", "Process"]
