"""Run: a plugin with the other selected plugins, and the inputs of its trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from datacard_core.plugins.calling import Provided
    from datacard_core.plugins.manager import Plugins
    from datacard_core.testing.inputs.declarations import Keywords
    from datacard_core.testing.trials.serializers import Reader


@attrs.frozen(eq=False, kw_only=True)
class Run:
    """Inputs of the trials of one plugin."""

    plugins: Plugins
    """The selected plugins without their checks, because an error that a check finds stops a card."""
    checks: Mapping[str, Provided[Any]]
    declarations: Mapping[str, tuple[Keywords, ...]]
    """Declarations to test kinds with, by typ."""
    anew: Callable[[], Plugins]
    """Function that returns the plugins as they were before the run."""
    readers: Mapping[str, Reader]
    """Readers of files, by template serializer."""
    files: Mapping[str, Path]
    """Files to read, by histogram source."""
    scratch: Path
    """Directory for files."""
