"""Tasks of the kit: the objects of a plugin with the inputs of their trials and products."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datacard_core.model.channel import Channel
    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins
    from datacard_core.testing.inputs.channels import Named
    from datacard_core.testing.inputs.declarations import Keywords
    from datacard_core.testing.inputs.sketches import Sketch

Contributed: TypeAlias = tuple[tuple[str, str], ...]
"""Family (its attribute of `Plugins`) and key of each object that a plugin contributes."""
Maker: TypeAlias = tuple[str, Callable[[], object]]
"""Description of a product, and the function that makes it."""
Reader: TypeAlias = Callable[[Path], Mapping[str, tuple[Any, Any]]]
"""Function that returns the values and variances of each template in a file, by name."""


@attrs.frozen(eq=False, kw_only=True)
class Task:
    """Objects whose products are compared; it can be pickled, and so be done in another process."""

    plugins: Plugins
    contributed: Contributed
    declarations: Mapping[str, Sequence[Keywords]]
    """Declarations to test kinds with, by typ."""
    scratch: Path
    """Directory for files."""
    companions: tuple[Keywords, ...] = ()
    """Arguments of declarations beside them."""


@attrs.frozen(eq=False, kw_only=True)
class Run:
    """Inputs of the trials of one plugin."""

    plugins: Plugins
    """The selected plugins without their checks, because an error that a check finds stops a card."""
    checks: Mapping[str, Provided[Any]]
    declarations: Mapping[str, tuple[Keywords, ...]]
    """Declarations to test kinds with, by typ."""
    companions: tuple[Keywords, ...]
    """Arguments of declarations beside them."""
    anew: Callable[[], Plugins]
    """Function that returns the plugins as they were before the run."""
    channel_of: Callable[[Sketch], Named]
    """Function that returns the channel of an analysis, built once in a run."""
    references: dict[tuple[Sketch, str], Channel] = attrs.field(factory=dict)
    """Channels of analyses without declarations of a kind under test, built once in a run."""
    readers: Mapping[str, Reader]
    """Readers of files, by template serializer."""
    files: Mapping[str, Path]
    """Files to read, by histogram source or card reader."""
    scratch: Path
    """Directory for files."""
