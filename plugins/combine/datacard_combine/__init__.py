"""Combine's language: the card writer and the card reader `combine`, and templates in tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datacard_combine.reader import CombineReader
from datacard_combine.tables import TableReader
from datacard_combine.writer import CombineWriter
from datacard_core import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datacard_core import CardReader, CardWriter, TemplateReader


@hookimpl
def datacard_card_writers() -> Iterable[CardWriter]:
    """Contribute the Combine text card."""
    return (CombineWriter(),)


@hookimpl
def datacard_card_readers() -> Iterable[CardReader]:
    """Contribute the reader of cards in Combine's language."""
    return (CombineReader(),)


@hookimpl
def datacard_template_readers() -> Iterable[TemplateReader]:
    """Contribute the reader of templates in tables, which Combine takes instead of ROOT files."""
    return (TableReader(),)
