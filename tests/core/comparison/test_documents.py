"""Documents of a comparison: lines that columns share, Markdown and JSON."""

from __future__ import annotations

import json
import math

from datacard_core import Change, Comparison
from datacard_core.comparison.documents import sections


def value(process: str, channel: str, after: str = "1.2", size: float = 0.1) -> Change:
    return Change(
        kind="nuisance.value", channel=channel, process=process, nuisance="lumi", before="1.1", after=after, size=size
    )


def test_columns_share_a_line() -> None:
    """Columns with the same change share a line, and only whole rectangles of processes and channels do."""
    changes = [value("sig", "SR"), value("top", "SR"), value("sig", "CR"), value("top", "CR"), value("top", "VR")]
    (section,) = sections(changes)
    assert (section.count, section.heads) == (5, ("parameter", "processes", "channels", "before", "after"))
    assert section.rows == (("lumi", "sig, top", "SR, CR", "1.1", "1.2"), ("lumi", "top", "VR", "1.1", "1.2"))


def test_largest() -> None:
    """A section tells its first change, which is the largest."""
    (section,) = sections([value("sig", "SR", size=2), value("top", "SR")])
    assert section.largest == "lumi on sig in SR: 1.1 → 1.2"
    (gone,) = sections([Change(kind="card.gone", channel="a", before="SR")])
    assert gone.largest == "a: SR"


def test_markdown() -> None:
    """A merge request gets a summary, and the lines of each kind folded away."""
    changes = tuple(value("sig", f"C{at}", after=f"1.{at}") for at in range(3))
    made = Comparison(changes=changes, before="old|x", after="new", notes=("no templates",))
    assert made.markdown(most=2).splitlines() == [
        "## 3 differences between `old|x` and `new`",
        "",
        "no templates",
        "",
        "| what                      | number | largest                      |",
        "| ------------------------- | ------ | ---------------------------- |",
        "| Other values of nuisances | 3      | lumi on sig in C0: 1.1 → 1.0 |",
        "",
        "<details>",
        "<summary>Other values of nuisances: 3</summary>",
        "",
        "| parameter | processes | channels | before | after |",
        "| --------- | --------- | -------- | ------ | ----- |",
        "| lumi      | sig       | C0       | 1.1    | 1.0   |",
        "|           | sig       | C1       | 1.1    | 1.1   |",
        "",
        "and 1 more line",
        "",
        "</details>",
    ]
    assert Comparison(changes=()).markdown() == "## No differences between `before` and `after`\n"


def test_names_with_marks() -> None:
    """Marks of Markdown in names are escaped."""
    text = Comparison(changes=(value("a_b|c", "<d>"),)).markdown()
    assert r"a_b\|c" in text
    assert r"\<d\>" in text


def test_json() -> None:
    """JSON has all changes and counts, and null for what is not finite."""
    change = Change(kind="template", channel="SR", process="sig", size=math.inf, numbers={"bin": 2, "shape": math.nan})
    document = json.loads(Comparison(changes=(change, value("sig", "SR")), notes=("a",)).json())
    assert document["same"] is False
    assert document["notes"] == ["a"]
    assert document["counts"] == {"template": 1, "nuisance.value": 1}
    assert document["changes"][0]["size"] is None
    assert document["changes"][0]["numbers"] == {"bin": 2, "shape": None}
