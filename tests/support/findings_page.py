"""Reference page of all codes of findings, made from their registry; `docs/findings.md` is its record.

python -m tests.support.findings_page > docs/findings.md
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from datacard_core import load_plugins
from datacard_core.findings import CODES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datacard_core import Check
    from datacard_core.findings import Code

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

CHECKS = """
## Codes of the built-in checks

The plugin `checks` runs these checks on each finished channel. All their findings are warnings.

| code | check | meaning and remedy |
|---|---|---|
"""

FOOT = """
A check of another package declares its codes in `Check.codes`; see [Plugins](plugins.md#datacard_checks).
"""


def page() -> str:
    """Return the text of the page."""
    codes = "".join(_section(name, code) for name, code in CODES.items())
    checks = "".join(
        f"| `{code}` | `{check.name}` | {meaning} |\n" for check in built_in_checks() for code, meaning in _codes(check)
    )
    return f"{HEAD}{CORE}{_table(CODES)}{codes}{CHECKS}{checks}{FOOT}"


def built_in_checks() -> tuple[Check, ...]:
    """Return the checks of the built-in plugins, sorted by name."""
    provided = load_plugins().checks
    return tuple(provided[name].value for name in sorted(provided))


def _codes(check: Check) -> Iterator[tuple[str, str]]:
    return iter(sorted(check.codes.items()))


def _table(codes: Mapping[str, Code]) -> str:
    rows = "".join(f"| [`{name}`](#{name}) | {_severities(code)} |\n" for name, code in codes.items())
    return f"\n| code | severity |\n|---|---|\n{rows}"


def _section(name: str, code: Code) -> str:
    return f"\n### `{name}`\n\n*{_severities(code)}*: {code.meaning}\n\n{code.remedy}\n"


def _severities(code: Code) -> str:
    return " or ".join(severity.name.lower() for severity in code.severities)


if __name__ == "__main__":
    sys.stdout.write(page())
