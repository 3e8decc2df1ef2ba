"""The words of a Combine datacard.

Sources: Combine's `python/DatacardParser.py`, `python/NuisanceModifier.py` and `python/ShapeTools.py`, and the chapter
"Setting up the analysis" of its documentation.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMENT: Final = "#"
"""First character of a line that Combine skips."""

TEMPLATES: Final = f"{COMMENT} templates:"
"""Beginning of the comment that names the file of the templates and its SHA-256."""

NO_EFFECT: Final = "-"
"""Cell of a column that a nuisance has no effect on."""

DATA: Final = "data_obs"
"""Combine's name of the observation."""

SIGNAL_STRENGTH: Final = "r"
"""Parameter of interest of Combine's default physics model, which scales all signals."""

# Up first. The cells of lnN have the opposite order, down/up.
DIRECTIONS: Final = ("Up", "Down")
"""Endings of the templates at +1 and at -1 standard deviation."""

LN_N: Final = "lnN"
SHAPE: Final = "shape"
SHAPE_ALGORITHMS: Final = (SHAPE, "shape2", "shape*", "shapeN", "shapeN2", "shapeU")
"""Keywords of the rows that have templates on all their columns, as Combine reads them."""

OPTIONAL_SHAPES: Final = frozenset(f"{algorithm}?" for algorithm in SHAPE_ALGORITHMS)
"""Keywords of the rows that are lnN on the columns without templates, such as `shape?`."""

SHAPE_KEYWORDS: Final = frozenset({*SHAPE_ALGORITHMS, *OPTIONAL_SHAPES})
"""Keywords of the rows that have templates."""

AUTO_MC_STATS: Final = "autoMCStats"
RATE_PARAM: Final = "rateParam"
EXT_ARG: Final = "extArg"

HEAD_WORDS: Final = frozenset(
    {"imax", "jmax", "kmax", "shapes", "bin", "Observation", "observation", "process", "rate"}
)
"""First words of the lines above the nuisances, which the card writer writes."""

ROW_KEYWORDS: Final = frozenset(
    {
        *(LN_N, "lnU", "gmM", "gmN", "trG", "unif", "dFD", "dFD2"),
        *SHAPE_KEYWORDS,
    }
)
"""Second words of the rows that have a cell for each column."""

ROW_ARGUMENTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"gmN": ("N",), "unif": ("lowest", "highest"), "dFD": ("steepness",), "dFD2": ("steepness",)}
)
"""Words behind the keyword of a row, where it has some."""

PAIRED_KEYWORDS: Final = frozenset({LN_N, "lnU", *OPTIONAL_SHAPES})
"""Rows whose cells may be pairs, down/up."""

# Combine takes a cell of 0 in rows of shapes for no effect, so that their templates would be ignored.
ABOVE_0_KEYWORDS: Final = frozenset({LN_N, "lnU", *SHAPE_KEYWORDS})
"""Rows whose numbers are above 0."""

SIGNED_KEYWORDS: Final = frozenset({"trG", "dFD", "dFD2"})
"""Rows whose numbers may be below 0."""

CONSTRAINED_KEYWORDS: Final = frozenset({"param", "constr"})
"""Second words of the lines without columns that Combine counts in kmax."""

PARAMETER_KEYWORDS: Final = frozenset({*CONSTRAINED_KEYWORDS, "flatParam", RATE_PARAM, EXT_ARG, "discrete"})
"""Second words of the lines that define the parameter named by their first word."""

CONSTRAINT_KEYWORDS: Final = frozenset({"param", "flatParam"})
"""Second words of the lines that may stand beside the line that defines a parameter, `rateParam` or `extArg`."""

INERT_KEYWORDS: Final = frozenset({"group", AUTO_MC_STATS})
"""Second words of the lines that leave the expected yields before the fit as they are."""

NOMINAL: Final = "nominal"
"""Variation of the nominal templates."""

NOMINAL_TEMPLATE: Final = f"$PROCESS_{NOMINAL}"
"""Name of a nominal template in the file, as the card's `shapes` line states it."""

VARIED_TEMPLATE: Final = "$PROCESS_$SYSTEMATIC"
"""Name of a varied template; Combine replaces $SYSTEMATIC by the nuisance with Up or Down behind it."""

RULE: Final = "--"
"""Beginning of a line below the rates that Combine skips, for rules between sections."""

ANY: Final = "*"
"""Pattern for all channels or all processes; in `imax`, `jmax` and `kmax` the count that Combine makes itself."""

FAKE: Final = "FAKE"
"""File of a `shapes` line for channels without templates."""

NO_FLOAT: Final = "[nofloat]"
"""End of the name of a row whose parameter Combine marks as constrained by all channels."""

GROUP: Final = "group"

EDIT: Final = ("nuisance", "edit")
"""First words of a line that changes rows above it when Combine has read them."""

EDITS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "add": ("process", "channel", "name", "kind", "value"),
        "drop": ("process", "channel", "name"),
        "rename": ("process", "channel", "old", "new"),
        "changepdf": ("name", "kind"),
        "merge": ("process", "channel", "name", "other"),
        "split": ("process", "channel", "name", "first", "second", "first value", "second value"),
        "freeze": ("name",),
        "flip": ("process", "channel", "name"),
    }
)
"""Words behind `nuisance edit`, and the words that each of them needs; options follow."""

EDIT_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "add": ("addq", "overwrite"),
        "drop": ("ifexists",),
        "rename": ("ifexists",),
        "changepdf": (),
        "merge": ("ifexists",),
        "split": ("ifexists",),
        "freeze": ("ifexists",),
        "flip": ("p2n", "n2p", "ifexists"),
    }
)
"""Words that may stand behind the words of each edit."""

KEYWORDS: Final = ("$PROCESS", "$CHANNEL", "$SYSTEMATIC", "$MASS")
"""Words that Combine replaces in a `shapes` line; further ones are given to it with `--keyword-value`."""

MC_STATS_GROUP: Final = AUTO_MC_STATS
"""Group in which Combine puts the parameters of the statistical uncertainty."""

MASS: Final = "MH"
"""Parameter that Combine sets to the mass that it is given."""
