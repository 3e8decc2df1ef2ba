"""Files of cards, read back."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def text_of(path: Path) -> str:
    """Return the text of a card as `content` gives it: without the comment on its templates, which has to be true."""
    *lines, comment = path.read_text(encoding="utf-8").splitlines(keepends=True)
    mark, word, name, algorithm, digest = comment.split()
    assert (mark, word, algorithm) == ("#", "templates:", "sha256")
    assert hashlib.sha256((path.parent / name).read_bytes()).hexdigest() == digest
    return "".join(lines)
