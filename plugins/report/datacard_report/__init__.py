"""A report of cards as one HTML file, which opens without a network: `report_of`, and the command `datacard report`."""

from __future__ import annotations

from datacard_report.content import report_of

__all__ = ["report_of"]
