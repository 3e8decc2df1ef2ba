"""What can go wrong, one class for each place where the remedy lies.

DatacardError
├── DeclarationError       the analysis declares something inconsistent         .problems
├── InputError             the output, or a histogram in it, cannot be used     .problems
├── StrictError            strict=True met warnings                             .findings
├── ExistingFileError      a file in the way that must not be replaced
└── PluginError            a plugin, or the choice of plugins, is at fault      .plugin .origin
    ├── UnknownPluginError     nobody has a plugin of that name
    ├── PluginConflictError    two plugins bring the same thing
    ├── PluginLoadError        it cannot be imported, or is no plugin
    ├── MissingProviderError   no selected plugin has what is needed: a kind, a writer …
    └── PluginCallError        it failed, or returned what it must not
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from datacard_core.findings import Finding


class DatacardError(Exception):
    """Base of every error that datacard_core raises on purpose."""


class _ProblemsError(DatacardError):
    """Several sentences, raised once: all that is wrong is told at the first try."""

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__(_listing(self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,), self.__dict__


class DeclarationError(_ProblemsError, ValueError):
    """The analysis declares something inconsistent or impossible."""


class InputError(_ProblemsError, ValueError):
    """A `.coffea` output, or a histogram in it, cannot be used as it is."""


class StrictError(DatacardError):
    """`strict=True` and there were warnings; `findings` holds them."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        count = len(self.findings)
        super().__init__(
            f"{count} warning{'s' * (count != 1)}, and strict=True takes none:"
            + "".join(f"\n  - {finding}" for finding in self.findings)
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.findings,), self.__dict__


class ExistingFileError(DatacardError, FileExistsError):
    """A file stands where something new should go, and nobody said that it may be replaced."""


class PluginError(DatacardError):
    """A plugin, or the choice of plugins, is at fault.

    Attributes:
        plugin: name of the plugin, empty where the choice itself is at fault.
        origin: distribution and version that brought it, or "local".
    """

    def __init__(self, message: str, *, plugin: str = "", origin: str = "") -> None:
        self.plugin = plugin
        self.origin = origin
        where = f"plugin {plugin!r} ({origin}): " if plugin and origin else ""
        super().__init__(where + message)


class UnknownPluginError(PluginError):
    """Nobody has a plugin of that name."""


class PluginConflictError(PluginError):
    """Two plugins bring the same thing, and no order may decide between them."""


class PluginLoadError(PluginError):
    """A plugin that was asked for cannot be imported, or is no plugin."""


class MissingProviderError(PluginError):
    """No selected plugin has the kind, writer, serializer, plot, source or rendering that is needed."""


class PluginCallError(PluginError):
    """A plugin failed at work, or returned what it must not."""


def text_of(error: BaseException) -> str:
    """What an error says; that of a plugin may be one that cannot even be shown."""
    try:
        return str(error)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:  # noqa: BLE001 - whatever it is, who caused it is to be named
        return "its text cannot be shown"


def with_type(error: BaseException, text: object = None) -> str:
    """What an error says, behind its type; some say nothing."""
    text = text_of(error) if text is None else str(text)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def raise_together(errors: Iterable[DatacardError]) -> None:
    """Raise several errors as one, if there are any: of the kind that they share, with all that they say once."""
    errors = list(errors)
    problems = dict.fromkeys(problem for error in errors for problem in getattr(error, "problems", ()))
    if problems:
        kinds = {type(error) for error in errors if isinstance(error, _ProblemsError)}
        raise (kinds.pop() if len(kinds) == 1 else InputError)(problems)
    if errors:
        raise StrictError(finding for error in errors for finding in getattr(error, "findings", ()))


def _listing(problems: tuple[str, ...]) -> str:
    if len(problems) == 1:
        return problems[0]
    return f"{len(problems)} problems:" + "".join(f"\n  - {problem}" for problem in problems)
