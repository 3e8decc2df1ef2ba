"""What there is to say about the plugins that are installed, and about those of an analysis.

Nothing is imported but what is selected, unless everything is to be checked, and nothing that a plugin does is in the
way of what is said about the others.
"""

from __future__ import annotations

import inspect
import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from datacard_core.errors import DatacardError, PluginError, PluginLoadError, with_type
from datacard_core.hookspecs import API_VERSION
from datacard_core.plugins.discovery import look
from datacard_core.plugins.manager import DEFAULT_PLUGINS, load_plugins
from datacard_core.plugins.registration import FAMILIES, hooks
from datacard_core.plugins.selection import LOCAL, Selected
from datacard_core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.discovery import Installed, InstalledPlugin
    from datacard_core.plugins.manager import Plugins
    from datacard_core.plugins.registration import Family

Provides: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""By family and name, what else the objects say about themselves."""

OK = "ok"
BROKEN = "broken"
NOT_LOOKED_INTO = "not looked into"
_UNREADABLE = "the entry points in its metadata cannot be read, install it again"


@attrs.frozen
class PluginReport:
    """What there is to say about one plugin; what is not known without importing it, or not at all, is None."""

    name: str | None
    """None where its metadata cannot be read."""
    distribution: str | None
    version: str | None
    origin: str
    """Where its metadata are, or "local" for one that an analysis brings itself."""
    entry_point: str | None
    """What is imported."""
    selected: bool
    error: str | None = None
    requires_api: str | None = None
    hooks: tuple[str, ...] | None = None
    """The hooks that it implements."""
    provides: Provides | None = None

    @property
    def status(self) -> str:
        """`OK`, `BROKEN` or `NOT_LOOKED_INTO`."""
        if self.error is not None:
            return BROKEN
        return NOT_LOOKED_INTO if self.provides is None else OK


def report_plugins(analysis: Plugins | None = None, *, check: bool = False) -> tuple[PluginReport, ...]:
    """Every installed plugin, and the local ones of an analysis, sorted by name.

    Args:
        analysis: the plugins that an analysis selects; without one, those of the built-in set are selected.
        check: whether to import those that are not selected too.
    """
    installed = look()
    distinct = {(plugin.name, plugin.value, plugin.origin): plugin for plugin in installed.plugins}
    reports = [
        *(_report(plugin, installed, analysis, check=check) for plugin in distinct.values()),
        *_unreadable(installed),
        *(_local(installed, analysis) if analysis else ()),
    ]
    return tuple(sorted(reports, key=lambda report: (report.name is None, report.name, report.origin)))


def as_document(reports: Iterable[PluginReport]) -> dict[str, Any]:
    """The same for other programs."""
    return {
        "datacard_core": __version__,
        "api": API_VERSION,
        "python": platform.python_version(),
        "plugins": [{**attrs.asdict(report, recurse=False), "status": report.status} for report in reports],
    }


def _report(plugin: InstalledPlugin, installed: Installed, analysis: Plugins | None, *, check: bool) -> PluginReport:
    name, origin, there = plugin.name, plugin.origin, plugin.whereabouts
    selected = name in DEFAULT_PLUGINS if analysis is None else analysis.origins.get(name) == origin
    report = PluginReport(name, there.name, there.version, there.path, plugin.value, selected)
    try:
        of_that_name = installed.plugin(name)
    except DatacardError as error:
        return attrs.evolve(report, error=_printable(str(error)))
    if of_that_name.origin != origin:
        message = f"remains of a distribution, without its metadata; the plugin is that of {of_that_name.origin}"
        return attrs.evolve(report, selected=False, error=str(PluginLoadError(message, plugin=name, origin=origin)))
    if not selected and not check:
        return report
    return _looked_into(report, Selected(name), origin, installed, analysis)


def _unreadable(installed: Installed) -> Iterator[PluginReport]:
    for there in installed.broken:
        error = f"{there.origin}: {_UNREADABLE}"
        yield PluginReport(None, there.name, there.version, there.path, None, selected=False, error=error)


def _local(installed: Installed, analysis: Plugins) -> Iterator[PluginReport]:
    names = [name for name, origin in analysis.origins.items() if origin == LOCAL]
    for name, plugin in zip(names, analysis.local, strict=True):
        report = PluginReport(name, None, None, LOCAL, None, selected=True)
        yield _looked_into(report, Selected(name, plugin, is_local=True), LOCAL, installed, analysis)


def _looked_into(
    report: PluginReport, selected: Selected, origin: str, installed: Installed, analysis: Plugins | None
) -> PluginReport:
    """The report with what only the plugin itself can tell, or with what is wrong with it."""
    try:
        _, plugin = selected.found(installed)
        required = getattr(plugin, "requires_api", None)
        report = attrs.evolve(report, requires_api=None if required is None else _printable(str(required)))
        plugins = analysis if analysis and report.selected else load_plugins(selected.name)
        implemented = tuple(sorted(hooks(plugin, selected.name, origin)))
        return attrs.evolve(report, hooks=implemented, provides=_provided(plugins, selected.name))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a plugin does, the others are to be reported
        return attrs.evolve(report, error=_reason(error, selected.name, origin))


def _provided(plugins: Plugins, name: str) -> Provides:
    return {
        family.field: {
            _printable(key): _details(family, provided)
            for key, provided in getattr(plugins, family.field).items()
            if provided.plugin == name
        }
        for family in FAMILIES
    }


def _details(family: Family, provided: Provided[Any]) -> dict[str, Any]:
    """What an object says about itself in the attributes of its interface, beside what it does."""
    with provided.blamed(f"describing its {family.word}") as value:
        attributes = {name: getattr(value, name) for name in inspect.get_annotations(family.interface)}
        return {
            name: _plain(found)
            for name, found in attributes.items()
            if name != family.key and (isinstance(found, type) or not callable(found))
        }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_printable(str(key)): _plain(entry) for key, entry in value.items()}
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    return _printable(str(value))


def _reason(error: BaseException, name: str, origin: str) -> str:
    """What is wrong with a plugin, with its name in front."""
    text = with_type(error)
    if isinstance(error, PluginError) and repr(name) in text:
        return _printable(str(error))
    return _printable(str(PluginLoadError(text, plugin=name, origin=origin)))


def _printable(text: str) -> str:
    """Text of a plugin that no terminal and no encoding stumbles over."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape").decode()
        for letter in text
    )
