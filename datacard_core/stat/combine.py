"""The old interface's module for cards."""

from datacard_core.combination import combine_datacards
from datacard_core.datacard import Datacard

__all__ = ["Datacard", "combine_datacards"]
