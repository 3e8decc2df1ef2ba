"""The command `datacard diff`: cards, directories, forms of the answer and the exit status."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.support.cards import HEAD, SHAPES
from tests.support.commands import datacard, entries, failed

if TYPE_CHECKING:
    from pathlib import Path

LUMI = "lumi lnN 1.02 1.02 1.02 1.02 1.02\n"
TURNED = """\
# The same card in another order.
imax *
jmax *
kmax *
bin CR SR
observation 310 120
bin CR SR CR SR SR
process wj wj top sig top
process 7 7 3 -1 3
rate 31 20.50 280 8.25 90.0
lumi lnN 1.020 1.02 1.02 1.02 0.98039215686/1.02
"""


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """Return a counting card with two channels."""
    path = tmp_path / "card.txt"
    path.write_text(HEAD + LUMI, encoding="utf-8")
    return path


@pytest.mark.slow
def test_order_and_formatting(card: Path) -> None:
    """Order, comments, numbers of processes and the writing of values are no difference, and the status is 0."""
    other = card.with_name("other.txt")
    other.write_text(TURNED, encoding="utf-8")
    result = datacard("diff", card, other)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"no differences between {card} and {other}\n"


@pytest.mark.slow
def test_difference(card: Path) -> None:
    """With a difference, the status is 1, and the summary and the lines are printed."""
    other = card.with_name("other.txt")
    other.write_text(card.read_text(encoding="utf-8").replace("8.25", "16.5").replace("1.02", "1.03"), encoding="utf-8")
    result = datacard("diff", card, other)
    assert result.exit_code == 1
    assert entries(result.stdout, "Other rates") == ["Other rates", "1", "sig in SR: +100 %"]
    assert entries(result.stdout, "sig") == ["sig", "SR", "8.25", "16.5", "+100 %"]
    assert "│ lumi      │ top, wj      │ CR       │ 1.02   │ 1.03  │ 0.98 % │" in result.stdout
    assert datacard("diff", card, other, "--tolerance", 1).exit_code == 0


@pytest.mark.slow
def test_documents(card: Path) -> None:
    """Markdown and JSON are standard output alone."""
    other = card.with_name("other.txt")
    other.write_text(HEAD, encoding="utf-8")
    markdown = datacard("diff", card, other, "--format", "markdown")
    assert markdown.exit_code == 1
    assert markdown.stdout.startswith(f"## 1 difference between `{card}` and `{other}`\n")
    document = json.loads(datacard("diff", card, other, "--format", "json").stdout)
    assert document["counts"] == {"nuisance.gone": 1}
    assert (document["before"], document["after"]) == (str(card), str(other))


@pytest.mark.slow
def test_directories(card: Path) -> None:
    """Cards of directories are matched by name, zipped or not, and one that stands in one directory alone is told."""
    old, new = (card.parent / name for name in ("old", "new"))
    old.mkdir()
    new.mkdir()
    (old / "a.txt").write_text(HEAD + LUMI, encoding="utf-8")
    (new / "a.txt.gz").write_bytes(gzip.compress((HEAD + LUMI).encode()))
    assert datacard("diff", old, new).exit_code == 0
    (old / "b.txt").write_text(HEAD.replace("SR", "VR"), encoding="utf-8")
    result = datacard("diff", old, new)
    assert result.exit_code == 1
    assert entries(result.stdout, "b") == ["b", "VR, CR"]


@pytest.mark.slow
def test_without_templates(card: Path) -> None:
    """Cards whose templates cannot be read are compared without them, which a line tells."""
    other = card.with_name("other.txt")
    card.write_text(f"{SHAPES}jes shape 1 1 - - -\n", encoding="utf-8")
    other.write_text(f"{SHAPES}jes shape 1 0.5 - - -\n", encoding="utf-8")
    result = datacard("diff", card, other)
    assert result.exit_code == 1
    assert "compared without templates: card, other ([shape.no-file]" in result.stderr
    assert entries(result.stdout, "jes")[:5] == ["jes", "top", "SR", "1.0", "0.5"]


@pytest.mark.slow
def test_failure(card: Path) -> None:
    """A card that cannot be read gives the status 2, as 1 is a difference; so does a wrong option."""
    wrong = card.with_name("wrong.txt")
    wrong.write_text(HEAD.replace("8.25", "8,25"), encoding="utf-8")
    assert "rate '8,25' is not a number" in failed(datacard("diff", card, wrong), status=2)
    assert datacard("diff", card, wrong, "--debug").exit_code == 2
    assert datacard("diff", card, card, "--tolerance", -1).exit_code == 2
    assert datacard("diff", card, card.with_name("none.txt")).exit_code == 2
