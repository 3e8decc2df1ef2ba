# ruff: noqa: T201 - a command
"""Damaged cards with their templates, read into models; run by hand for many of them.

    python -m tests.support.damaged_cards 20000

prints the damaged cards that end in another error than the project's own, or whose text is not kept.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from datacard_core import DatacardError, load_plugins, read_card
from datacard_core.testing import small_card
from tests.support.paths import SHARED_DATA

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = SHARED_DATA / "cards"


def damaged(text: str, generator: random.Random) -> str:
    """Return a text with one to five of its words changed."""
    lines = [line.split(" ") for line in text.splitlines()]
    for _ in range(generator.randint(1, 5)):
        line, other = generator.choice(lines), generator.choice(lines)
        place = generator.randrange(len(line))
        match generator.randrange(5):
            case 0:
                line[place] = generator.choice(other)
            case 1:
                line.insert(place, generator.choice(other))
            case 2 if len(line) > 1:
                del line[place]
            case 3:
                lines.insert(generator.randrange(len(lines)), list(other))
            case _:
                line[place] = line[place][: generator.randint(0, len(line[place]))] + generator.choice("#/[-*9\\")
    return "\n".join(" ".join(line) for line in lines)


def failures(folder: Path, number: int, seed: int) -> Iterator[str]:
    """Yield what goes wrong with each of a number of damaged cards, of our own and of those that are shared."""
    small_card().dump(folder / "own")
    sources = [folder / "own" / "datacard.txt"]
    for path in sorted(path for path in SHARED.glob("*/*/*.txt") if path.stat().st_size):
        shutil.copytree(path.parent, folder / path.parent.name, dirs_exist_ok=True)
        sources.append(folder / path.parent.name / path.name)
    plugins = load_plugins()
    for index in range(number):
        generator = random.Random(f"{seed} {index}")  # noqa: S311 - cards need no secret
        source = generator.choice(sources)
        text = damaged(source.read_text(errors="surrogateescape"), generator)
        path = source.with_name("damaged.txt")
        path.write_text(text, errors="surrogateescape", newline="")
        for lenient in (False, True):
            try:
                card = read_card(path, lenient=lenient, plugins=plugins)
                if card.text != text:
                    yield f"seed {seed}, card {index}: the text is not kept"
                card.model()
            except DatacardError:
                continue
            except Exception:  # noqa: BLE001 - which is what is looked for
                yield f"seed {seed}, card {index}, {source}:\n{text}\n{traceback.format_exc()}"


def main() -> None:
    """Print the failures, and end with status 1 if there are any."""
    with tempfile.TemporaryDirectory() as folder:
        found = list(failures(Path(folder), int(sys.argv[1]), int((sys.argv[2:] or ["1"])[0])))
    print("\n".join(found[:5]), f"{len(found)} failures in {sys.argv[1]} cards", sep="\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
