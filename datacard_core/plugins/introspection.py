"""Reports about the installed plugins, and about those of an analysis.

A report imports only selected plugins, unless all are to be checked. A plugin that fails is reported as broken, and
does not affect the reports about other plugins.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from datacard_core.errors import DatacardError, PluginError, PluginLoadError, visible, with_type
from datacard_core.hookspecs import API_VERSION
from datacard_core.plugins.discovery import look
from datacard_core.plugins.manager import DEFAULT_PLUGINS, families_of, load_from
from datacard_core.plugins.registration import hooks
from datacard_core.plugins.selection import LOCAL, Selected
from datacard_core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.discovery import Installed, InstalledPlugin
    from datacard_core.plugins.families import Family
    from datacard_core.plugins.manager import Plugins

Provides: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""By family and name, the attributes by which an object describes itself."""

OK = "ok"
BROKEN = "broken"
NOT_LOOKED_INTO = "not looked into"
"""Status of a plugin that is not selected, and was therefore not imported."""
_UNREADABLE = "the entry points in its metadata cannot be read, install it again"


@attrs.frozen(kw_only=True)
class PluginReport:
    """The facts about one plugin.

    A field is `None` if the metadata do not contain the fact, or if only an import of the plugin would show it.
    """

    name: str | None
    """Name of the plugin, or None if its metadata cannot be read."""
    distribution: str | None
    version: str | None
    location: str
    """Path of its metadata, or "local" for a plugin that an analysis brings itself."""
    entry_point: str | None
    """Module to import, or `module:object`."""
    selected: bool
    error: str | None = None
    requires_api: str | None = None
    hooks: tuple[str, ...] | None = None
    """Names of the hooks that it implements, sorted."""
    provides: Provides | None = None

    @property
    def status(self) -> str:
        """`OK`, `BROKEN` or `NOT_LOOKED_INTO`."""
        if self.error is not None:
            return BROKEN
        return NOT_LOOKED_INTO if self.provides is None else OK


def report_plugins(analysis: Plugins | None = None, *, check: bool = False) -> tuple[PluginReport, ...]:
    """Return a report on every installed plugin and every local plugin of an analysis, sorted by name.

    Args:
        analysis: the plugins that an analysis selects; without it, the built-in set counts as selected.
        check: import the plugins that are not selected too.
    """
    installed = look()
    # An entry point that its distribution lists twice is one plugin.
    distinct = {(plugin.name, plugin.reference, plugin.origin): plugin for plugin in installed.plugins}
    reports = [
        *(_report(plugin, installed, analysis, check=check) for plugin in distinct.values()),
        *_unreadable(installed),
        *(_local(installed, analysis) if analysis else ()),
    ]
    # None and a name cannot be compared, so reports without a name come last.
    return tuple(sorted(reports, key=lambda report: (report.name is None, report.name, report.location)))


def as_document(reports: Iterable[PluginReport]) -> dict[str, Any]:
    """Return the reports as the document of `datacard plugins --json`, whose keys are promised to other programs."""
    return {
        "datacard_core": __version__,
        "api": API_VERSION,
        "python": platform.python_version(),
        "plugins": [
            {
                "name": report.name,
                "distribution": report.distribution,
                "version": report.version,
                "origin": report.location,
                "entry_point": report.entry_point,
                "selected": report.selected,
                "error": report.error,
                "requires_api": report.requires_api,
                "hooks": report.hooks,
                "provides": report.provides,
                "status": report.status,
            }
            for report in reports
        ],
    }


def _report(plugin: InstalledPlugin, installed: Installed, analysis: Plugins | None, *, check: bool) -> PluginReport:
    name, origin, distribution = plugin.name, plugin.origin, plugin.distribution
    report = PluginReport(
        name=name,
        distribution=distribution.name,
        version=distribution.version,
        location=distribution.location,
        entry_point=plugin.reference,
        selected=name in DEFAULT_PLUGINS if analysis is None else analysis.origins.get(name) == origin,
    )
    try:
        of_that_name = installed.plugin(name)
    except DatacardError as error:
        return attrs.evolve(report, error=visible(str(error)))
    if of_that_name.origin != origin:
        message = f"remains of a distribution without metadata; the plugin of this name is in {of_that_name.origin}"
        return attrs.evolve(report, selected=False, error=str(PluginLoadError(message, plugin=name, origin=origin)))
    if not report.selected and not check:
        return report
    options = analysis.options.get(name, {}) if analysis and report.selected else {}
    return _looked_into(report, Selected(name, options=options), origin, installed, analysis)


def _unreadable(installed: Installed) -> Iterator[PluginReport]:
    for distribution in installed.broken:
        yield PluginReport(
            name=None,
            distribution=distribution.name,
            version=distribution.version,
            location=distribution.location,
            entry_point=None,
            selected=False,
            error=f"{distribution.origin}: {_UNREADABLE}",
        )


def _local(installed: Installed, analysis: Plugins) -> Iterator[PluginReport]:
    # Both are sorted by name, so the local names and the local plugins correspond.
    names = [name for name, origin in analysis.origins.items() if origin == LOCAL]
    for name, plugin in zip(names, analysis.local, strict=True):
        report = PluginReport(
            name=name, distribution=None, version=None, location=LOCAL, entry_point=None, selected=True
        )
        chosen = Selected(name, plugin, is_local=True, options=analysis.options.get(name, {}))
        yield _looked_into(report, chosen, LOCAL, installed, analysis)


def _looked_into(
    report: PluginReport, selected: Selected, origin: str, installed: Installed, analysis: Plugins | None
) -> PluginReport:
    """Return the report with the facts that only the imported plugin can give, or with its failure."""
    try:
        _, plugin = selected.load(installed)
        required = getattr(plugin, "requires_api", None)
        report = attrs.evolve(report, requires_api=None if required is None else visible(str(required)))
        # Alone, because it may conflict with the plugins that are selected.
        plugins = analysis if analysis and report.selected else load_from(installed, [selected.name])
        implemented = tuple(sorted(hooks(plugin, selected.name, origin)))
        return attrs.evolve(report, hooks=implemented, provides=_provided(plugins, selected.name))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - one failing plugin must not end the report about the rest
        return attrs.evolve(report, error=_reason(error, selected.name, origin))


def _provided(plugins: Plugins, name: str) -> Provides:
    return {
        providers.family.field: {
            visible(key): _description(providers.family, provided)
            for key, provided in providers.items()
            if provided.plugin == name
        }
        for providers in families_of(plugins)
    }


def _description(family: Family[Any], provided: Provided[Any]) -> dict[str, Any]:
    with provided.blamed(f"describing its {family.word}") as value:
        return {attribute: _plain(getattr(value, attribute)) for attribute in family.described}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {visible(str(key)): _plain(entry) for key, entry in value.items()}
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    return visible(str(value))


def _reason(error: BaseException, name: str, origin: str) -> str:
    """Return the text of a plugin's failure, with the plugin's name in front."""
    text = with_type(error)
    # Most errors of the loading name the plugin themselves.
    if isinstance(error, PluginError) and repr(name) in text:
        return visible(str(error))
    return visible(str(PluginLoadError(text, plugin=name, origin=origin)))
