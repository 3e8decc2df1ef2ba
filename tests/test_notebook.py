"""The example notebook runs, and objects show themselves in notebooks: short texts, HTML, and keys to complete."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from datacard_core import (
    Cards,
    MCProcess,
    MCProcesses,
    Systematics,
    SystematicUncertainty,
    load_plugins,
    prefit,
    read_card,
)
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
LONGEST = 999
"""Most characters of the text about an object."""


def code() -> list[str]:
    """Return the code of each cell of the notebook."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert all(cell["outputs"] == [] for cell in cells if cell["cell_type"] == "code"), "clear its outputs"
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a new shell of IPython, which runs cells as a notebook does."""
    interactive = pytest.importorskip("IPython.core.interactiveshell")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    made = interactive.InteractiveShell()
    made.history_manager.enabled = False
    made.display_formatter.active_types = ["text/plain", "text/html", "image/svg+xml", "image/png"]
    yield made
    made.history_manager.end_session()


@pytest.mark.slow
def test_cells_run_and_show(shell: Any) -> None:
    """Each cell runs, and each object that it ends with has HTML or a picture, and a short text."""
    shown = []
    for cell in code():
        result = shell.run_cell(cell)
        result.raise_error()
        data, _ = shell.display_formatter.format(result.result)
        assert len(data["text/plain"]) <= LONGEST, data["text/plain"]
        shown += [(type(result.result).__name__, set(data) - {"text/plain"})]
    expected = {"MCProcesses", "Systematics", "Cards", "Findings", "Picture", "PlainTable", "Model", "Plugins"}
    assert {name for name, forms in shown if forms} == expected
    assert dict(shown)["Picture"] == {"image/svg+xml"}
    assert dict(shown)["list"] == set()


@pytest.mark.slow
def test_completion_of_keys(shell: Any, demo_cards: Cards) -> None:
    """The keys of cards, declarations and objects of plugins are completed."""
    names = {"cards": demo_cards, "processes": demo_cards["SR"].mc_processes, "plugins": load_plugins()}
    shell.user_ns.update(names)
    with pytest.importorskip("IPython.core.completer").provisionalcompleter():
        for text, expected in (("cards['", "SR"), ("processes['", "ttbar"), ("plugins.kinds['", "lnN")):
            assert expected in {found.text for found in shell.Completer.completions(text, len(text))}, text


@pytest.mark.slow
def test_short_texts(demo_cards: Cards, tmp_path: Path) -> None:
    """The text about any object of a card has less than a thousand characters."""
    card = demo_cards["SR"]
    card.dump(tmp_path)
    read = read_card(tmp_path / "datacard.txt")
    channel = card.channel
    values = {f"20{year}": 1.1 for year in range(10, 20)}
    wide = SystematicUncertainty("jes", "lnN", {f"process_{number}": values for number in range(40)})
    objects = [
        *(demo_cards, card, card.model, demo_cards.model, read, read.model(), channel, channel.axis, channel.nominal),
        *(channel.columns[0], channel.statements[0], channel.templates(), prefit(channel), card.findings),
        *(card.mc_processes, card.systematics, card.plugins, card.plugins.kinds, card.plugins.kinds["shape"]),
        *(nuisance for nuisance in channel.nuisances),
        *(entry for nuisance in channel.nuisances for entry in nuisance.entries),
        *(wide, MCProcess("tt", [f"sample_{n}" for n in range(100)], years=["2022"], is_signal=False)),
    ]
    assert [repr(one) for one in objects if len(repr(one)) > LONGEST] == []


@pytest.mark.slow
def test_names_make_no_tags(tmp_path: Path) -> None:
    """Names of a hostile card are text in HTML."""
    path = tmp_path / "card.txt"
    tag = "<img/src=x/onerror=alert(1)>"
    path.write_text(
        f"imax *\njmax *\nkmax *\n---\nbin SR{tag}\nobservation 1\n---\nbin SR{tag} SR{tag}\nprocess s{tag} b{tag}\n"
        f"process 0 1\nrate 1 1\n---\nlumi{tag} lnN 1.1 1.1\n",
        encoding="utf-8",
    )
    model = read_card(path, lenient=True).model()
    for page in (model._repr_html_(), model.channels[0]._repr_html_()):
        assert "SR&lt;img/src=x" in page
        assert "<img" not in page


def test_declarations_make_no_tags() -> None:
    """Samples and labels, which may hold any character, are text in HTML."""
    tag = "<script>alert(1)</script>"
    processes = MCProcesses([MCProcess("tt", [tag], label=tag, years=["2022"], is_signal=False)])
    systematics = Systematics([SystematicUncertainty("jes", "shape", ["tt"], ["2022"], 1.0, coffea_name_alias=tag)])
    for page, count in ((processes._repr_html_(), 2), (systematics._repr_html_(), 1)):
        assert "<script" not in page
        assert page.count("&lt;script&gt;") == count
