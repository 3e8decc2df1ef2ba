"""The old interface's module for processes."""

from datacard_core.processes import DataProcess, DataProcesses, MCProcess, MCProcesses, Process

__all__ = ["DataProcess", "DataProcesses", "MCProcess", "MCProcesses", "Process"]
