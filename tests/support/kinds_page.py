"""Reference page of the built-in kinds, made from their docstrings and examples; `docs/kinds.md` is its record.

python -m tests.support.kinds_page > docs/kinds.md
"""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING

from datacard_core import DEFAULT_PLUGINS, load_plugins
from tests.support.kinds import EDITS, EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core import Provided, SystematicKind
    from tests.support.kinds import Example

HEAD = """\
# Kinds

<!-- Made by `python -m tests.support.kinds_page > docs/kinds.md`: change the docstrings of the kinds. -->

The `typ` of a `SystematicUncertainty` is its kind. The built-in kinds are those of Combine's language, and each of them
is declared in one line. The examples are on a card with the processes signal, top and vjets in two years:

```python
from datacard_core import SystematicUncertainty

years = ["2022", "2023"]
```

A row has a cell for each column, here signal in 2022 and 2023, top in both, and then vjets. θ is the parameter of a
nuisance. Kinds about parameters cover no process: their declarations have no processes, years and value. Formulas are
those of Combine's `ModelTools.py`, `ShapeTools.py` and `NuisanceModifier.py`, and of the chapter "Setting up the
analysis" of its documentation.

What one line of a card needs of another is checked when the card is built, and all problems are told at once: arguments
of formulas, members of groups, nuisances and columns of edits, two morphings or two control regions on one column.
"""

TWO_KINDS = """
## Two kinds of one nuisance

Declarations with one `datacard_name` are one nuisance. Their kinds may differ in two cases: `shape` on some columns
with `lnN` on others is a row of `shape?`, and only the columns of the shape have varied templates in the file, as with
the other kinds of shapes but `shapeU`, whose uniform θ is not that of `lnN`; and a `param` or `flatParam` stands beside
the `rateParam` or `extArg` of its name. A column belongs to one of them.
"""

GROUPS = """
## Groups and marks

`groups=["theory"]` makes a nuisance of any kind a member of a group, which has one line with the members that are in
the card. Combine puts the parameters of `autoMCStats` in a group of that name, which no other group may have.
`nofloat=True` gives the row of a nuisance the mark `[nofloat]`, which sets Combine's attribute `globalConstrained`.
"""

EDITS_OF_CARDS = """
Each verb has an example, on a card with `lumi` as above. `card.model` has the nuisances as they are declared, and
`frozen` parameters; the model of the written card has the edits carried out.
"""


def page() -> str:
    """Return the text of the page."""
    plugins = load_plugins()
    text = HEAD
    for plugin in DEFAULT_PLUGINS:
        kinds = [provided for provided in plugins.kinds.values() if provided.plugin == plugin]
        if kinds:
            text += f"\n## Plugin `{plugin}`\n" + "".join(map(_section, kinds))
    return f"{text}{TWO_KINDS}{_named('shape?')}{_named('shapeN?')}{GROUPS}{_named('groups')}{_named('nofloat')}"


def _section(provided: Provided[SystematicKind]) -> str:
    kind = provided.value
    typ = kind.typ
    text = f"\n### `{typ}`\n\n{inspect.getdoc(kind)}\n"
    if kind.options:
        rows = "".join(f"| `{name}` | {line} |\n" for name, line in kind.options.items())
        text += f"\n| option | meaning |\n|---|---|\n{rows}"
    if typ == "edit":
        return text + EDITS_OF_CARDS + "".join(map(_shown, EDITS))
    return text + _named(typ)


def _named(typ: str) -> str:
    """Return the examples whose names begin with a word."""
    return "".join(_shown(example) for example in EXAMPLES if example.name.split()[0] == typ)


def _shown(example: Example) -> str:
    declarations, lines = "\n".join(_folded(example)), "\n".join(example.lines)
    return f"\n```python\n{declarations}\n```\n\n```text\n{lines}\n```\n"


def _folded(example: Example) -> Iterator[str]:
    """Yield the declarations, a long one with its options on a line of their own."""
    for source in example.source:
        head, option, options = source.partition(", options=")
        if len(source) <= 110 or not option:
            yield source
        else:
            yield f"{head},\n    options={options}"


if __name__ == "__main__":
    sys.stdout.write(page())
