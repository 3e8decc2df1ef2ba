"""From the histograms of a `.coffea` output to CMS Combine datacards, with nuisance kinds as plugins."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from datacard_core.version import __version__ as __version__

# Type checkers and editors read these imports. Python makes them at the first use of a name: a fit of a card needs a
# third of the modules, and all of them take longer than the fit.
if TYPE_CHECKING:
    from datacard_core import grammar
    from datacard_core.analysis.analysis import Analysis
    from datacard_core.analysis.cards import Cards
    from datacard_core.checking.check import check
    from datacard_core.checks.acceptance import Acceptance, read_acceptances
    from datacard_core.combination import combine_datacards
    from datacard_core.comparison.change import Change
    from datacard_core.comparison.comparison import Comparison, compare
    from datacard_core.conventions.check import check_names
    from datacard_core.conventions.convention import Convention, NamePattern
    from datacard_core.conventions.files import read_convention
    from datacard_core.correlations.table import CorrelationTable, correlation_table
    from datacard_core.datacard import Datacard
    from datacard_core.declare.blinding import Blinding
    from datacard_core.declare.category import Category, Unroll
    from datacard_core.declare.correlation import correlate, decorrelate
    from datacard_core.declare.policies import Policies
    from datacard_core.declare.processes import DataProcess, DataProcesses, MCProcess, MCProcesses
    from datacard_core.declare.systematics import Systematics, SystematicUncertainty
    from datacard_core.documents.findings import findings_table
    from datacard_core.documents.numbers import Quantity
    from datacard_core.documents.table import FORMS, PlainTable, Table
    from datacard_core.edits.values import Add, AddProcess, CardEdit, Drop, Rename
    from datacard_core.errors import (
        DatacardError,
        DeclarationError,
        DirectoryInUseError,
        ExistingFileError,
        FinishedCardError,
        InputError,
        MissingProviderError,
        PluginCallError,
        PluginConflictError,
        PluginError,
        PluginLoadError,
        UnknownPluginError,
    )
    from datacard_core.execution.dask import cluster
    from datacard_core.execution.executors import ExecutorLike
    from datacard_core.execution.options import worker_options
    from datacard_core.execution.parallel import parallel
    from datacard_core.findings import CardError, Finding, Severity, StrictError, error, notice, report, warning
    from datacard_core.grammar import DATA, DIRECTIONS, is_finite_number, number
    from datacard_core.hookspecs import (
        API_VERSION,
        CardContext,
        CardFile,
        CardReader,
        CardWriter,
        Check,
        HistogramSource,
        LinkedFile,
        ModelContext,
        Plot,
        ReadCard,
        Rendering,
        SystematicKind,
        Target,
        TemplateReader,
        TemplateSerializer,
        hookimpl,
    )
    from datacard_core.inputs.coffea import load_histograms, load_output, open_output
    from datacard_core.inputs.foreign.assembly import output_of
    from datacard_core.inputs.foreign.conventions import HistogramConventions
    from datacard_core.inputs.histograms import HistogramArray
    from datacard_core.model.arrays import (
        Axis,
        BoolArray,
        ComplexArray,
        FloatArray,
        IntArray,
        NamedTemplates,
        Slice,
        Templates,
    )
    from datacard_core.model.cells import Cell
    from datacard_core.model.channel import Channel, Column, Directive, Statement
    from datacard_core.model.directives import BinByBinStatistics, FreeParameter, RawLine
    from datacard_core.model.effects import Effect, Entry, Normalisation, Nuisance, Shape
    from datacard_core.model.kinds import (
        ControlRegion,
        GammaNormalisation,
        LinearNormalisation,
        MorphedShape,
        UniformNormalisation,
    )
    from datacard_core.model.model import Model
    from datacard_core.model.parameters import (
        ConstrainedParameter,
        ConstraintTerm,
        DiscreteParameter,
        ExternalParameter,
        FlatParameter,
        FormulaFactor,
        Group,
        ImportedFactor,
        NuisanceEdit,
        SharedParameter,
    )
    from datacard_core.model.stored import StoredTemplates, TemplateFile
    from datacard_core.model.uncertainties.bins import BinParameters, parameters_of_bins
    from datacard_core.model.uncertainties.prefit import ExpectedProcess, Prefit, initial_factors, prefit
    from datacard_core.names import closest
    from datacard_core.output.bins.axes import read_axes
    from datacard_core.output.bins.edges import read_edges, write_edges
    from datacard_core.output.drawings import draw_plots
    from datacard_core.output.pictures import Picture, picture
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import DEFAULT_PLUGINS, Plugins, installed_plugins, load_plugins
    from datacard_core.reading import read_card, read_cards
    from datacard_core.tables.coverage import coverage_table
    from datacard_core.tables.effects import systematics_table, years_table
    from datacard_core.tables.sources import channels_of
    from datacard_core.tables.yields import yields_table
    from datacard_core.treatments.quantiles import ChosenBins, quantiles
    from datacard_core.writing import write_card, write_model

__all__ = [
    "API_VERSION",
    "DATA",
    "DEFAULT_PLUGINS",
    "DIRECTIONS",
    "FORMS",
    "Acceptance",
    "Add",
    "AddProcess",
    "Analysis",
    "Axis",
    "BinByBinStatistics",
    "BinParameters",
    "Blinding",
    "BoolArray",
    "CardContext",
    "CardEdit",
    "CardError",
    "CardFile",
    "CardReader",
    "CardWriter",
    "Cards",
    "Category",
    "Cell",
    "Change",
    "Channel",
    "Check",
    "ChosenBins",
    "Column",
    "Comparison",
    "ComplexArray",
    "ConstrainedParameter",
    "ConstraintTerm",
    "ControlRegion",
    "Convention",
    "CorrelationTable",
    "DataProcess",
    "DataProcesses",
    "Datacard",
    "DatacardError",
    "DeclarationError",
    "Directive",
    "DirectoryInUseError",
    "DiscreteParameter",
    "Drop",
    "Effect",
    "Entry",
    "ExecutorLike",
    "ExistingFileError",
    "ExpectedProcess",
    "ExternalParameter",
    "Finding",
    "FinishedCardError",
    "FlatParameter",
    "FloatArray",
    "FormulaFactor",
    "FreeParameter",
    "GammaNormalisation",
    "Group",
    "HistogramArray",
    "HistogramConventions",
    "HistogramSource",
    "ImportedFactor",
    "InputError",
    "IntArray",
    "LinearNormalisation",
    "LinkedFile",
    "MCProcess",
    "MCProcesses",
    "MissingProviderError",
    "Model",
    "ModelContext",
    "MorphedShape",
    "NamePattern",
    "NamedTemplates",
    "Normalisation",
    "Nuisance",
    "NuisanceEdit",
    "Picture",
    "PlainTable",
    "Plot",
    "PluginCallError",
    "PluginConflictError",
    "PluginError",
    "PluginLoadError",
    "Plugins",
    "Policies",
    "Prefit",
    "Provided",
    "Quantity",
    "RawLine",
    "ReadCard",
    "Rename",
    "Rendering",
    "Severity",
    "Shape",
    "SharedParameter",
    "Slice",
    "Statement",
    "StoredTemplates",
    "StrictError",
    "SystematicKind",
    "SystematicUncertainty",
    "Systematics",
    "Table",
    "Target",
    "TemplateFile",
    "TemplateReader",
    "TemplateSerializer",
    "Templates",
    "UniformNormalisation",
    "UnknownPluginError",
    "Unroll",
    "channels_of",
    "check",
    "check_names",
    "closest",
    "cluster",
    "combine_datacards",
    "compare",
    "correlate",
    "correlation_table",
    "coverage_table",
    "decorrelate",
    "draw_plots",
    "error",
    "findings_table",
    "grammar",
    "hookimpl",
    "initial_factors",
    "installed_plugins",
    "is_finite_number",
    "load_histograms",
    "load_output",
    "load_plugins",
    "notice",
    "number",
    "open_output",
    "output_of",
    "parallel",
    "parameters_of_bins",
    "picture",
    "prefit",
    "quantiles",
    "read_acceptances",
    "read_axes",
    "read_card",
    "read_cards",
    "read_convention",
    "read_edges",
    "report",
    "systematics_table",
    "warning",
    "worker_options",
    "write_card",
    "write_edges",
    "write_model",
    "years_table",
    "yields_table",
]

_MODULES = {
    "analysis.analysis": "Analysis",
    "analysis.cards": "Cards",
    "checking.check": "check",
    "checks.acceptance": "Acceptance read_acceptances",
    "combination": "combine_datacards",
    "comparison.change": "Change",
    "comparison.comparison": "Comparison compare",
    "conventions.check": "check_names",
    "conventions.convention": "Convention NamePattern",
    "conventions.files": "read_convention",
    "correlations.table": "CorrelationTable correlation_table",
    "datacard": "Datacard",
    "declare.blinding": "Blinding",
    "declare.category": "Category Unroll",
    "declare.correlation": "correlate decorrelate",
    "declare.policies": "Policies",
    "declare.processes": "DataProcess DataProcesses MCProcess MCProcesses",
    "declare.systematics": "Systematics SystematicUncertainty",
    "documents.findings": "findings_table",
    "documents.numbers": "Quantity",
    "documents.table": "FORMS PlainTable Table",
    "edits.values": "Add AddProcess CardEdit Drop Rename",
    "errors": (
        "DatacardError DeclarationError DirectoryInUseError ExistingFileError FinishedCardError InputError "
        "MissingProviderError PluginCallError PluginConflictError PluginError PluginLoadError UnknownPluginError"
    ),
    "execution.dask": "cluster",
    "execution.executors": "ExecutorLike",
    "execution.options": "worker_options",
    "execution.parallel": "parallel",
    "findings": "CardError Finding Severity StrictError error notice report warning",
    "grammar": "DATA DIRECTIONS is_finite_number number",
    "hookspecs": (
        "API_VERSION CardContext CardFile CardReader CardWriter Check HistogramSource LinkedFile ModelContext Plot "
        "ReadCard Rendering SystematicKind Target TemplateReader TemplateSerializer hookimpl"
    ),
    "inputs.coffea": "load_histograms load_output open_output",
    "inputs.foreign.assembly": "output_of",
    "inputs.foreign.conventions": "HistogramConventions",
    "inputs.histograms": "HistogramArray",
    "model.arrays": "Axis BoolArray ComplexArray FloatArray IntArray NamedTemplates Slice Templates",
    "model.cells": "Cell",
    "model.channel": "Channel Column Directive Statement",
    "model.directives": "BinByBinStatistics FreeParameter RawLine",
    "model.effects": "Effect Entry Normalisation Nuisance Shape",
    "model.kinds": "ControlRegion GammaNormalisation LinearNormalisation MorphedShape UniformNormalisation",
    "model.model": "Model",
    "model.parameters": (
        "ConstrainedParameter ConstraintTerm DiscreteParameter ExternalParameter FlatParameter FormulaFactor Group "
        "ImportedFactor NuisanceEdit SharedParameter"
    ),
    "model.stored": "StoredTemplates TemplateFile",
    "model.uncertainties.bins": "BinParameters parameters_of_bins",
    "model.uncertainties.prefit": "ExpectedProcess Prefit initial_factors prefit",
    "names": "closest",
    "output.drawings": "draw_plots",
    "output.bins.axes": "read_axes",
    "output.bins.edges": "read_edges write_edges",
    "output.pictures": "Picture picture",
    "plugins.calling": "Provided",
    "plugins.manager": "DEFAULT_PLUGINS Plugins installed_plugins load_plugins",
    "reading": "read_card read_cards",
    "tables.coverage": "coverage_table",
    "tables.effects": "systematics_table years_table",
    "tables.sources": "channels_of",
    "tables.yields": "yields_table",
    "treatments.quantiles": "ChosenBins quantiles",
    "writing": "write_card write_model",
}
"""Names by module; `tests/test_layout.py` holds them to the imports above."""
_HOMES = {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names.split()}


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


# Hidden from type checkers, which would take it that there is every name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name == "grammar":
            return import_module(f"{__name__}.grammar")
        if name not in _HOMES:
            raise AttributeError(
                f"module {__name__!r} has no attribute {name!r}", name=name, obj=import_module(__name__)
            )
        # The members of classes are recorded before scripts and plugins have a class that they could change.
        import_module(f"{__name__}.plugins.patches")
        value = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return value
