"""Reference page of all codes of findings, made from their registry; `docs/findings.md` is its record.

python -m tests.support.findings_page > docs/findings.md
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from datacard_core import DEFAULT_PLUGINS, load_plugins
from datacard_core.codes import CODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datacard_core import Check, Plugins, SystematicKind
    from datacard_core.codes import Code

HEAD = """\
# Findings

<!-- Made by `python -m tests.support.findings_page > docs/findings.md`: change the registry, not this page. -->

A finding is a record of a problem or of a change that was made on the way to a card. It has a severity, a code, a
message, and the place: channel, column and systematic. `card.findings` holds all of them, `datacard_core.report` makes
text of them, and `datacard build --all-findings` shows them at the command line.

| severity | means |
|---|---|
| error | no card is made; all errors are raised together as one `InputError` |
| warning | look at it before you use the card; `strict=True` turns all warnings into a `StrictError` |
| notice | expected, kept for the record |

`strict` and `accept` of `Datacard` and `Analysis` choose what stops a card:

| argument | command line | means |
|---|---|---|
| `strict=True` | `--strict` | all warnings stop the card |
| `strict={"no-variation", …}` | `--strict-on no-variation` | all findings of these codes stop it, notices too |
| `accept={"clipped": "few events"}` | `--accept clipped="few events"` | they stop no card; the list has the reason |

An error stops every card and cannot be accepted. A code that no selected check and no part of the core uses is refused.
On the command line, `--strict` and `--strict-on` take the place of the `strict` in the script, and `--accept` adds to
its `accept`.

Codes are stable: use them to count and to filter. The wording of messages may change.

```python
from datacard_core import Severity
from datacard_core.testing import small_card

card = small_card()
warnings = [finding for finding in card.findings if finding.severity is Severity.WARNING]
clipped = [finding for finding in card.findings if finding.code == "clipped"]
```
"""

CORE = """
## Codes of the core
"""

PLUGINS = """
## Codes of the built-in plugins

Kinds look at declarations, and the checks of the plugin `checks` at finished channels. Their findings are warnings,
unless the table says otherwise. Some are made by [`datacard check`](checking-cards.md) alone, and those of `prefit`
if the plugin `fit` is selected.

| code | made by | meaning and remedy |
|---|---|---|
"""

READERS = """
## Codes of the card reader

`read_card` reads cards in Combine's language. Its codes have the area of the card, a point, and the problem. Errors
are raised together as one `CardError`; with `lenient=True` only those at which Combine stops.

| code | meaning |
|---|---|
"""

WRITERS = """
## Codes of the card writers

The writers `pyhf` and `hs3` tell what their formats lose, with the size of the effect; see
[Other formats](exports.md). Small effects are a notice.

| code | meaning |
|---|---|
"""

FOOT = """
A kind or a check of another package declares its codes in `codes`; see [Plugins](plugins.md#datacard_checks).
"""


def page() -> str:
    """Return the text of the page."""
    codes = "".join(_section(name, code) for name, code in CODES.items())
    of_plugins = "".join(
        f"| `{code}` | {name} | {meaning} |\n"
        for name, maker in built_in_makers().items()
        for code, meaning in sorted(maker.codes.items())
    )
    of_readers = "".join(
        f"| `{code}` | {meaning} |\n"
        for provided in load_plugins().readers.values()
        for code, meaning in sorted(provided.value.codes.items())
    )
    of_writers = "".join(f"| `{code}` | {meaning} |\n" for code, meaning in sorted(writer_codes().items()))
    of_others = f"{READERS}{of_readers}{WRITERS}{of_writers}"
    return f"{HEAD}{CORE}{_table(CODES)}{codes}{PLUGINS}{of_plugins}{of_others}{FOOT}"


def built_in_makers() -> dict[str, SystematicKind | Check]:
    """Return the kinds and checks of the built-in plugins that make findings, by their names in the page."""
    plugins = with_fit()
    makers: dict[str, SystematicKind | Check] = {
        **{f"kind `{typ}`": provided.value for typ, provided in plugins.kinds.items()},
        **{f"check `{name}`": provided.value for name, provided in plugins.checks.items()},
    }
    # A kind that inherits the findings of another one has no codes of its own.
    return {name: maker for name, maker in makers.items() if vars(type(maker)).get("codes")}


def with_fit() -> Plugins:
    """Return the built-in plugins with the one of fits, which has to be selected."""
    return load_plugins(*DEFAULT_PLUGINS, "fit")


def writer_codes() -> dict[str, str]:
    """Return the codes of losses of the built-in card writers, each with its meaning."""
    return {code: text for provided in load_plugins().writers.values() for code, text in provided.value.codes.items()}


def _table(codes: Mapping[str, Code]) -> str:
    rows = "".join(f"| [`{name}`](#{name}) | {_severities(code)} |\n" for name, code in codes.items())
    return f"\n| code | severity |\n|---|---|\n{rows}"


def _section(name: str, code: Code) -> str:
    return f"\n### `{name}`\n\n*{_severities(code)}*: {code.meaning}\n\n{code.remedy}\n"


def _severities(code: Code) -> str:
    return " or ".join(severity.name.lower() for severity in code.severities)


if __name__ == "__main__":
    sys.stdout.write(page())
