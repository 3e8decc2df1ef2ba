"""Tests of the trial of template serializers: what it reports about serializers that do not conform."""

from __future__ import annotations

import ctypes
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from datacard_core import InputError
from tests.support.conformance import CALLS, Json, failure, read_json
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from pathlib import Path

    from datacard_core import NamedTemplates, TemplateSerializer


class StampingFiles(Json):
    """Serializer with a counter in its file."""

    def content(self, templates: NamedTemplates) -> dict[str, Any]:
        return {**super().content(templates), "written": next(CALLS)}


class Certain(Json):
    """Serializer without variances."""

    def by_name(self, names: tuple[str, ...], values: list[Any], variances: list[Any]) -> dict[str, Any]:  # noqa: ARG002
        return dict(zip(names, values, strict=True))


class Nameless(Json):
    """Serializer with numbers instead of names."""

    def by_name(self, names: tuple[str, ...], values: list[Any], variances: list[Any]) -> dict[str, Any]:
        return super().by_name(tuple(str(number) for number in range(len(names))), values, variances)


class Edgeless(Json):
    """Serializer without binning."""

    def content(self, templates: NamedTemplates) -> dict[str, Any]:
        return {**super().content(templates), "edges": []}


class Placed(Json):
    """Serializer that writes the path into the file."""

    def write(self, templates: NamedTemplates, path: Path) -> None:
        path.write_text(f"{path} {self.content(templates)}", encoding="utf-8")


class Archive(Json):
    """Serializer that writes a file of another name, as numpy does."""

    def write(self, templates: NamedTemplates, path: Path) -> None:
        np.savez(path, templates.templates.values)


class Hollow(Json):
    """Serializer of an empty file."""

    def write(self, templates: NamedTemplates, path: Path) -> None:  # noqa: ARG002
        path.touch()


class Rounding(Json):
    """Serializer that writes six digits."""

    def by_name(self, names: tuple[str, ...], values: list[Any], variances: list[Any]) -> dict[str, Any]:
        rounded = [[float(f"{value:.6g}") for value in row] for row in values]
        return super().by_name(names, rounded, variances)


class Scribbling(Json):
    """Serializer that makes an array writable and writes into it."""

    def content(self, templates: NamedTemplates) -> dict[str, Any]:
        before = super().content(templates)
        values: Any = templates.templates.values
        while isinstance(values.base, np.ndarray):
            values = values.base
        values.flags.writeable = True
        values += 1.0
        return before


class Forgetful(Json):
    """Serializer that leaves out templates without yield."""

    def by_name(self, names: tuple[str, ...], values: list[Any], variances: list[Any]) -> dict[str, Any]:
        found = super().by_name(names, values, variances)
        return {name: arrays for name, arrays in found.items() if any(arrays[0])}


class Linked(Json):
    """Serializer that leaves a link to its file."""

    def write(self, templates: NamedTemplates, path: Path) -> None:
        super().write(templates, path.with_name("real"))
        path.symlink_to("real")


class Straying(Json):
    """Serializer that writes a file where those of other cards are."""

    def write(self, templates: NamedTemplates, path: Path) -> None:
        super().write(templates, path)
        path.parent.with_name("index").write_text("index", encoding="utf-8")


class Indexing(Json):
    """Serializer that writes a second file beside the first."""

    def write(self, templates: NamedTemplates, path: Path) -> None:
        super().write(templates, path)
        path.with_name("index").write_text("index", encoding="utf-8")


class Folder(Json):
    """Serializer that makes a folder in place of the file."""

    def write(self, templates: NamedTemplates, path: Path) -> None:  # noqa: ARG002
        path.mkdir()


class Overwriting(Json):
    """Serializer whose library writes into an array, as code in C can."""

    def content(self, templates: NamedTemplates) -> dict[str, Any]:
        before = super().content(templates)
        # A sum that is written back in place: one byte is enough to change it.
        ctypes.memset(templates.templates.values.ctypes.data, 1, 1)
        return before


class Demanding(Json):
    """Serializer that refuses templates without data."""

    def write(self, templates: NamedTemplates, path: Path) -> None:
        if "data_obs_nominal" not in templates.names:
            raise InputError("no data")
        super().write(templates, path)


SERIALIZERS: dict[type[TemplateSerializer], str] = {
    StampingFiles: "equal bytes for equal templates",
    Certain: "another file where one of the variances differs\n  instead: the same bytes",
    Nameless: "another file where a template has another name\n  instead: the same bytes",
    Edgeless: "another file where the bins are wider",
    Placed: "equal bytes for equal templates",
    Archive: "that it writes shapes.root\n  instead: it left no file 'shapes.root'; beside it stands shapes.root.npz",
    Hollow: "that it writes shapes.root\n  instead: it left an empty file 'shapes.root'",
    Linked: "instead: it left a symbolic link in place of the file 'shapes.root'",
    Straying: "instead: it wrote 'index' outside of the folder of its file",
    Indexing: "that it writes shapes.root and no other file\n  instead: it wrote index",
    Folder: "instead: it left no regular file 'shapes.root'",
    Overwriting: "that the arrays it was given stay as they are",
    Demanding: r"instead: InputError: no data\n  given: Written\(names=\('(?!data_obs_nominal')",
    Scribbling: "instead: PluginCallError: .*cannot set WRITEABLE flag to True",
    Forgetful: "that the file has all templates\n  instead: \\[\\], before \\['data_obs_nominal'\\]",
    Rounding: "values of '.*' as they were, to the last bit",
}


@pytest.mark.slow
@pytest.mark.parametrize("broken", SERIALIZERS, ids=lambda broken: broken.__name__)
def test_wrong_serializers(broken: type[TemplateSerializer]) -> None:
    """The failure of a wrong serializer names the plugin, the serializer, the expectation and the result."""
    aids = {"readers": {"json": read_json}} if broken in (Forgetful, Rounding) else {}
    said = failure(Provider("acme", broken()), **aids)
    assert said.startswith("plugin 'acme' (local), template serializer 'json':")
    assert re.search(SERIALIZERS[broken], said), said
