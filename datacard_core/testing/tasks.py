"""Tasks: products that a plugin makes of fixed inputs, to be compared between times and processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from datacard_core.plugins.manager import Plugins
    from datacard_core.testing.inputs.declarations import Keywords

Contributed: TypeAlias = tuple[tuple[str, str], ...]
"""Family (its attribute of `Plugins`) and key of each object that a plugin contributes."""
Maker: TypeAlias = tuple[str, Callable[[], object]]
"""Description of a product, and the function that makes it."""


@attrs.frozen(eq=False)
class Task:
    """Objects of a plugin and their inputs, which can be pickled for other processes."""

    plugins: Plugins
    contributed: Contributed
    declarations: Mapping[str, Sequence[Keywords]]
    """Declarations to test kinds with, by typ."""
    scratch: Path
    """Directory for files."""
