"""The names of `pocket_coffea.utils.stat.combine`."""

from datacard_core.combination import combine_datacards
from datacard_core.datacard import Datacard
from datacard_core.grammar import number as format_rate

__all__ = ["Datacard", "combine_datacards", "format_rate"]
