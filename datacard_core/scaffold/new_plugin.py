"""Plugin package to start from, which `datacard new-plugin` writes: small, complete and tested.

Its files are in the folder `template`, with placeholders such as `$name`, which `_names` lists.
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
"""Template of each file, by its path in the package."""


@attrs.frozen
class NewPlugin:
    """Names of a new plugin, all derived from one word."""

    name: str
    """Name that analysis code selects, for example acme_gmn."""

    @property
    def distribution(self) -> str:
        """Name of the distribution and of its folder, for example datacard-acme-gmn."""
        return f"datacard-{self.name.replace('_', '-')}"

    @property
    def module(self) -> str:
        """Name of the module, for example datacard_acme_gmn."""
        return f"datacard_{self.name}"

    @property
    def typ(self) -> str:
        """Word for the kind in declarations, for example acmeGmn."""
        first, *words = self.name.split("_")
        return first + "".join(map(str.capitalize, words))


def write_plugin(name: str, directory: str | os.PathLike[str] = ".") -> NewPlugin:
    """Write a package to a new folder of a directory. After an error no file is left.

    Args:
        name: name of the plugin; acme-gmn, acme_gmn and datacard-acme-gmn are equivalent.
        directory: directory of the new folder, created if it does not exist.

    Returns:
        The names of the plugin in all their forms.

    Raises:
        DatacardError: the name cannot be that of a package.
        PluginConflictError: an installed plugin, module or kind has the name.
        ExistingFileError: a file or folder is where the new folder would be.
    """
    plugin = NewPlugin(_normalised(name))
    _refuse_conflicts(plugin)
    folder = Path(directory) / plugin.distribution
    # lexists, because a link to a missing path is no free place either.
    if os.path.lexists(folder):
        raise ExistingFileError(f"{folder} exists, and no file was changed: take another name or another directory")
    names = _names(plugin)
    template = files("datacard_core.scaffold") / "template"
    with staging(folder) as stage:
        for path, source in _FILES.items():
            text = (template / source).read_text(encoding="utf-8")
            stage.text(Template(path).substitute(names), Template(text).substitute(names))
    return plugin


def _names(plugin: NewPlugin) -> dict[str, str]:
    """Return the value of each placeholder of the templates."""
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "module": plugin.module,
        "typ": plugin.typ,
        "core": _series(__version__),
        "api": f">={API_VERSION},<{Version(API_VERSION).major + 1}",
    }


def _series(version: str) -> str:
    """Return the oldest version that the package needs; `requires_api` in its module is the upper bound."""
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
        raise DatacardError(f"{name!r} is a keyword of Python: take another name, for example 'acme-{normalised}'")
    return normalised


def _refuse_conflicts(plugin: NewPlugin) -> None:
    way_out = f"take another name, for example 'my-{plugin.name.replace('_', '-')}'"
    # Compared as package indices compare names, so that acme-gmn and Acme.GMN are the same.
    for installed in look().plugins:
        if re.sub(r"[-_.]+", "_", installed.name).lower() == plugin.name:
            raise PluginConflictError(f"plugin {installed.name!r} is installed ({installed.origin}): {way_out}")
    # find_spec reads the path only: the code of an unselected plugin must not run.
    if found := find_spec(plugin.module):
        raise PluginConflictError(f"module {plugin.module!r} exists already, in {found.origin}: {way_out}")
    if kind := load_plugins().kinds.get(plugin.typ):
        raise PluginConflictError(f"kind {plugin.typ!r} is that of plugin {kind.plugin!r} ({kind.origin}): {way_out}")
