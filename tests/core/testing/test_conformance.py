"""Tests of `assert_plugin`: plugins that conform, aids of their authors, and the working directory."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import datacard_combine
import lz4.frame
import pytest
import uproot

from datacard_core import DEFAULT_PLUGINS, Check, Rendering, hookimpl, load_plugins
from datacard_core.testing import assert_plugin, small_output
from tests.support.conformance import (
    Average,
    Complete,
    Counted,
    Factor,
    Gamma,
    Json,
    Listing,
    Numbers,
    Rates,
    Tables,
    counted,
    failure,
    read_json,
)
from tests.support.paths import TESTS
from tests.support.plugins import Provider

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core import Channel
    from tests.conftest import Install

FIXED_CARD = TESTS / "cards" / "complete.txt"

EXAMPLES: dict[str, dict[str, Any]] = {
    "lnn": {kind: [{"value": 1.05}, {"value": (0.95, 1.05)}] for kind in ("lnN", "lnU")},
    "shape": {
        "shape": [{"value": 1.0}, {"value": 0.5}],
        **{kind: {"value": 1.0} for kind in ("shape2", "shape*", "shapeN", "shapeN2", "shapeU")},
    },
    "gamma": {"gmN": {"value": 1.0, "options": {"N": 12}}, "gmM": {"value": 0.3}},
    "linear": {
        "trG": {"value": -0.2},
        "unif": {"value": 0.2, "options": {"range": (-1, 2)}},
        **{key: {"value": 0.2, "options": {"steepness": 5}} for key in ("dFD", "dFD2")},
    },
    "rateparam": {
        "rateParam": [
            {"value": 1.0},
            {"value": 1.5, "options": {"range": (0.5, 2.0)}},
            {"value": "@0+1", "options": {"arguments": ["others_rate"]}},
            {"value": "factors.root:w"},
        ]
    },
    "params": {
        "param": {"options": {"mean": 1, "sigma": (0.1, 0.2), "range": (0, 2)}},
        "flatParam": {},
        "extArg": [{"options": {"initial": 1, "range": (0, 2)}}, {"options": {"source": "factors.root:w"}}],
        "discrete": {},
        "constr": {"options": {"formula": "@0-1", "arguments": ["others_rate"], "sigma": 0.1}},
    },
    "groups": {"group": {"options": {"members": ["others_rate", "others_shape"]}}},
    "edits": {
        "edit": [
            {"options": {"verb": "freeze", "name": "others_.*"}},
            {"options": {"verb": "drop", "process": "p0_.*", "name": "others_rate", "mode": "ifexists"}},
        ]
    },
    "mcstats": {
        "autoMCStats": [
            {"value": 1.0},
            {"value": 1.0, "options": {"threshold": 10, "include_signal": 1, "hist_mode": 2}},
        ]
    },
}
"""Examples by built-in plugin."""


def read_root(path: Path) -> dict[str, Any]:
    with uproot.open(path) as file:
        return {name: (file[name].values(), file[name].variances()) for name in file.keys(cycle=False)}


@pytest.fixture
def coffea_file(tmp_path: Path) -> Path:
    path = tmp_path / "output.coffea"
    path.write_bytes(lz4.frame.compress(pickle.dumps(small_output(), 5)))
    return path


@pytest.mark.slow
@pytest.mark.usefixtures("few_examples")
@pytest.mark.parametrize("name", DEFAULT_PLUGINS)
def test_built_in_plugins(name: str, coffea_file: Path) -> None:
    """Every built-in plugin conforms, selected by its name or given as its module."""
    plugin = datacard_combine if name == "combine" else name
    files = {"coffea": {"coffea": coffea_file}, "combine": {"combine": FIXED_CARD}}.get(name, {})
    readers = dict.fromkeys(load_plugins(name).serializers, read_root)
    assert_plugin(plugin, examples=EXAMPLES.get(name, {}), readers=readers, files=files)


@pytest.mark.slow
@pytest.mark.usefixtures("few_examples")
def test_objects_of_every_family(table: Path) -> None:
    """A plugin with objects of all families conforms, and a rendering is tested with the kinds beside it.

    One of the kinds refuses outputs that lack a variation, which a kind may do.
    """
    kinds = (Factor(), Average(), Complete(), Gamma())
    everything = Provider("acme", *kinds, Listing(), Json(), Rates(), Numbers(), Tables())
    rendering = Provider("acme_rendering", Rendering("listing", Counted, counted))
    examples: dict[str, dict[str, Any]] = {
        "factor": {"value": 1.5, "options": {"power": 2}},
        "gamma": {"value": 1.0},
        "average": {"value": 1.0},
        "complete": {"value": 1.0},
    }
    assert_plugin(everything, examples=examples, readers={"json": read_json}, files={"tables": table})
    assert_plugin(rendering, examples=examples, beside=[everything])


@pytest.mark.slow
@pytest.mark.usefixtures("few_examples")
def test_module_without_import_name() -> None:
    """A module that cannot be imported by its name is tested in this process."""
    module = types.ModuleType("made_here")

    class Local(Rates):
        pass

    @hookimpl
    def datacard_checks() -> Iterable[Check]:
        return (Local(),)

    vars(module)["datacard_checks"] = datacard_checks
    assert_plugin(module)


@pytest.mark.slow
def test_products_differ_in_another_process(install: Install) -> None:
    """A plot that depends on hashes is reported, though its trial passes."""
    install(
        "acme",
        """
        from datacard_core import Plot, hookimpl

        class Acme(Plot):
            name = "acme"
            def draw(self, channel, path):
                path.write_text(str({"alpha", "beta", "gamma", "delta", "epsilon"}))

        @hookimpl
        def datacard_plots():
            return [Acme()]
        """,
    )
    where = "in other processes, where sets have other orders and it is another day"
    assert f"{where}\n  instead: " in failure("acme")


class Littering(Numbers):
    """Plot that writes a file to the working directory."""

    def draw(self, channel: Channel, path: Path) -> None:
        Path("debug.txt").write_text("here", encoding="utf-8")
        super().draw(channel, path)


@pytest.mark.slow
def test_files_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the working directory is reported, and it is not in the directory where tests run."""
    monkeypatch.chdir(tmp_path)
    module = types.ModuleType("made_here")
    vars(module)["datacard_plots"] = hookimpl(lambda: (Littering(),), specname="datacard_plots")
    said = failure(module)
    assert said.startswith("plugin 'made_here' (local)")
    assert re.search("writes no file but those it is told to\n  instead: it wrote debug.txt", said), said
    assert Path.cwd() == tmp_path
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("aids", ["examples", "readers", "files"])
def test_aids_for_unknown_objects(aids: str) -> None:
    """An aid for an object that no plugin has is an error."""
    given: dict[str, Any] = {aids: {"facter": {}} if aids == "examples" else {"facter": Path("facter")}}
    with pytest.raises(ValueError, match=r"no selected plugin has a .* 'facter'"):
        assert_plugin(Provider("acme", Factor()), **given)


@pytest.mark.slow
def test_import_without_hypothesis() -> None:
    """Without hypothesis the error of the import says how to install it."""
    code = "import sys; sys.modules['hypothesis'] = None\nimport datacard_core.testing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs hypothesis: python -m pip install 'datacard-core[testing]'" in done.stderr
