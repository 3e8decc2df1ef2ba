"""A plugin package to start from, small and complete: `datacard new-plugin` writes it.

Its files are in `template`, as they are read by whoever changes them; `$name` and the like are filled in.
"""

from __future__ import annotations

import keyword
import os
import re
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

import attrs
from packaging.version import Version

from datacard_core.errors import DatacardError, ExistingFileError, PluginConflictError
from datacard_core.hookspecs import API_VERSION
from datacard_core.output.staging import staging
from datacard_core.plugins.discovery import look
from datacard_core.plugins.manager import load_plugins
from datacard_core.version import __version__

__all__ = ["NewPlugin", "write_plugin"]

_NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
_FILES = {
    ".gitignore": "gitignore.in",
    "README.md": "README.md.in",
    "$module/__init__.py": "module.py.in",
    "$module/py.typed": "py.typed.in",
    "tests/test_$name.py": "test_module.py.in",
    "pyproject.toml": "pyproject.toml.in",
}
"""The template of each file."""


@attrs.frozen
class NewPlugin:
    """What a new plugin is called: one word derives the others."""

    name: str
    """What analysis code selects, such as acme_gmn."""

    @property
    def distribution(self) -> str:
        """What is installed, and its folder: datacard-acme-gmn."""
        return f"datacard-{self.name.replace('_', '-')}"

    @property
    def module(self) -> str:
        """What is imported: datacard_acme_gmn."""
        return f"datacard_{self.name}"

    @property
    def typ(self) -> str:
        """What a declaration says to mean its kind: acmeGmn."""
        first, *others = self.name.split("_")
        return first + "".join(map(str.capitalize, others))


def write_plugin(name: str, directory: str | os.PathLike[str] = ".") -> NewPlugin:
    """Write a package to a new folder of a directory: all of it, or nothing.

    Args:
        name: such as acme-gmn, acme_gmn or datacard-acme-gmn, which mean the same.
        directory: where the folder goes; made if it is not there.

    Raises:
        DatacardError: it cannot be the name of a package.
        PluginConflictError: something that is installed has the name.
        ExistingFileError: something is where the folder would be.
    """
    plugin = NewPlugin(_normalised(name))
    _refuse_conflicts(plugin)
    folder = Path(directory) / plugin.distribution
    if os.path.lexists(folder):
        raise ExistingFileError(f"{folder} exists, and nothing was changed: take another name or another directory")
    names = _names(plugin)
    template = files("datacard_core.scaffold") / "template"
    with staging(folder) as stage:
        for path, source in _FILES.items():
            text = (template / source).read_text(encoding="utf-8")
            stage.text(Template(path).substitute(names), Template(text).substitute(names))
    return plugin


def _names(plugin: NewPlugin) -> dict[str, str]:
    """What the templates may refer to."""
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "module": plugin.module,
        "typ": plugin.typ,
        "core": _series(__version__),
        "api": f">={API_VERSION},<{Version(API_VERSION).major + 1}",
    }


def _series(version: str) -> str:
    """The first version that it works with: no upper bound is needed beside `requires_api`."""
    this = Version(version)
    return str(this) if this.is_prerelease else f"{this.major}.{this.minor}"


def _normalised(name: str) -> str:
    normalised = re.sub(r"[-_.]+", "_", name.lower()).removeprefix("datacard_")
    if not _NAME.fullmatch(normalised):
        suggested = re.sub(r"[^a-z0-9]+", "-", normalised).strip("-")
        raise DatacardError(
            f"{name!r} cannot be the name of a package: expected letters, digits, and '-' between them, for example "
            f"{suggested or 'acme-gmn'!r}"
        )
    if keyword.iskeyword(normalised) or keyword.iskeyword(normalised.capitalize()):
        raise DatacardError(f"{name!r} is a word of Python: take another name, for example 'acme-{normalised}'")
    return normalised


def _refuse_conflicts(plugin: NewPlugin) -> None:
    way_out = f"take another name, for example 'my-{plugin.name.replace('_', '-')}'"
    for installed in look().plugins:
        if re.sub(r"[-_.]+", "_", installed.name).lower() == plugin.name:
            raise PluginConflictError(f"plugin {installed.name!r} is installed ({installed.origin}): {way_out}")
    if found := find_spec(plugin.module):
        raise PluginConflictError(f"module {plugin.module!r} is there already, in {found.origin}: {way_out}")
    if kind := load_plugins().kinds.get(plugin.typ):
        raise PluginConflictError(f"kind {plugin.typ!r} is that of plugin {kind.plugin!r} ({kind.origin}): {way_out}")
