"""The names of `pocket_coffea.utils.stat.combine`."""

from datacard_core.combination import combine_datacards
from datacard_core.datacard import Datacard

__all__ = ["Datacard", "combine_datacards"]
