"""Errors, one class for each place where the remedy lies.

DatacardError
├── DeclarationError       the declarations are inconsistent or impossible          .problems
├── InputError             the output, or a histogram in it, cannot be used         .problems
│   └── CardError              a card cannot be read                                .findings
├── StrictError            there were warnings under strict=True                    .findings
├── ExistingFileError      a file is in the place of a new one, and may not be replaced
├── DirectoryInUseError    another process is writing to the directory
├── FinishedCardError      an attribute of a finished card was to be changed
└── PluginError            a plugin, or the choice of plugins, is at fault          .plugin .origin
    ├── UnknownPluginError     no installed plugin has the name
    ├── PluginConflictError    two plugins bring objects of one name
    ├── PluginLoadError        the plugin cannot be imported, or is not a plugin
    ├── MissingProviderError   no selected plugin has the kind, writer, … that is needed
    └── PluginCallError        the plugin failed, or returned an unusable result

`CardError` and `StrictError` hold findings and are defined beside them, in `datacard_core.findings`.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# In the class bodies, as the mark `public` is in a module that would stand below this one.
_PUBLIC = __name__.partition(".")[0]
"""Module that reprs and pickles of the public errors name."""


class DatacardError(Exception):
    """Base of every error that datacard_core raises on purpose."""

    __module__ = _PUBLIC

    def __str__(self) -> str:
        # Names of a file are in many messages.
        return visible(super().__str__())


class ProblemsError(DatacardError):
    """Base of errors that tell all problems at once, a sentence each."""

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__(_listing(self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        # By default, pickle gives the message to the constructor, which takes problems. The dict keeps notes.
        return type(self), (self.problems,), self.__dict__


# A ValueError too: PocketCoffea raises it for such mistakes, and scripts may catch it.
class DeclarationError(ProblemsError, ValueError):
    """Declarations of the analysis are inconsistent or impossible."""

    __module__ = _PUBLIC


class InputError(ProblemsError, ValueError):
    """A `.coffea` output, or a histogram in it, cannot be used as it is."""

    __module__ = _PUBLIC


class ExistingFileError(DatacardError, FileExistsError):
    """A file is in the place of a new one, and may not be replaced."""

    __module__ = _PUBLIC


class DirectoryInUseError(DatacardError):
    """Another process is writing to the directory, and the files of the two would be mixed."""

    __module__ = _PUBLIC


class FinishedCardError(DatacardError, AttributeError):
    """An attribute of a finished card was to be changed, which would change no line of it."""

    __module__ = _PUBLIC


class PluginError(DatacardError):
    """A plugin, or the choice of plugins, is at fault.

    Attributes:
        plugin: name of the plugin, empty if the choice of plugins is at fault.
        origin: distribution and version that brought the plugin, or "local".
    """

    __module__ = _PUBLIC

    def __init__(self, message: str, *, plugin: str = "", origin: str = "") -> None:
        self.plugin = plugin
        self.origin = origin
        where = f"plugin {plugin!r} ({origin}): " if plugin and origin else ""
        # Pickle calls the constructor with this text alone, so that the place is not added a second time.
        super().__init__(where + message)


class UnknownPluginError(PluginError):
    """No installed plugin has the name."""

    __module__ = _PUBLIC


class PluginConflictError(PluginError):
    """Two plugins bring objects of one name; their order must not decide."""

    __module__ = _PUBLIC


class PluginLoadError(PluginError):
    """A selected plugin cannot be imported, or is not a plugin."""

    __module__ = _PUBLIC


class MissingProviderError(PluginError):
    """No selected plugin has the kind, writer, serializer, plot, source or rendering that is needed."""

    __module__ = _PUBLIC


class PluginCallError(PluginError):
    """A plugin failed, or returned an unusable result."""

    __module__ = _PUBLIC


# Control characters, formats such as the direction of writing, halves of surrogate pairs, and ends of lines. Joiners
# are formats too, but letters of some scripts need them.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"


def visible(text: str) -> str:
    """Return a text with Python escapes in place of what a terminal would obey or not show; lines stay lines.

    Names in a file may hold any character, and a terminal that gets some of them moves text, or fills the clipboard.
    """
    # Almost all texts need nothing, which is found without a look at each character.
    if text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in _INVISIBLE and character not in "\n" + _JOINERS
        else character
        for character in text
    )


def text_of(error: BaseException) -> str:
    """Return the text of an error; a plugin may raise an error whose text cannot be made."""
    try:
        return str(error)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a broken text must not hide which plugin failed
        return "its text cannot be shown"


def with_type(error: BaseException, text: object = None) -> str:
    """Return the type of an error, and its text if it has one."""
    text = text_of(error) if text is None else str(text)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _listing(problems: tuple[str, ...]) -> str:
    if len(problems) == 1:
        return problems[0]
    return f"{len(problems)} problems:" + "".join(f"\n  - {problem}" for problem in problems)
