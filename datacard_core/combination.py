"""The script that joins the cards of several categories and makes a workspace."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from datacard_core.arguments import given_flag, items, shown
from datacard_core.card.built import BuiltCard
from datacard_core.errors import DeclarationError
from datacard_core.findings import print_report, warning
from datacard_core.grammar import COMMENT, TEMPLATES
from datacard_core.inputs.paths import expanded, path_text
from datacard_core.names import listing
from datacard_core.output.staging import staging

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datacard_core.findings import Finding

_NEEDS_COMBINE = """\
missing=""
for tool in combineCards.py text2workspace.py; do
    command -v "$tool" > /dev/null || missing="$missing $tool"
done
if [ -n "$missing" ]; then
    echo "not found:$missing; run this script in an environment with Combine, in CMSSW for example after cmsenv" >&2
    exit 127
fi
"""
"""Lines of the script that name the commands which are missing, before a file is made."""

_COMPARES_TEMPLATES = rf"""
sha256=""
if command -v sha256sum > /dev/null; then
    sha256="sha256sum"
elif command -v shasum > /dev/null; then
    sha256="shasum -a 256"
else
    echo "neither sha256sum nor shasum found: cards are not compared with their templates" >&2
fi
differs=0
for card in {{cards}}; do
    if [ -z "$sha256" ] || [ ! -f "$card" ]; then continue; fi
    while read -r expected name; do
        case "$name" in /*) templates=$name ;; *) templates=$(dirname -- "$card")/$name ;; esac
        found=$($sha256 < "$templates" | cut -d " " -f 1) || found=""
        if [ "$found" != "$expected" ]; then
            echo "$card was written with other templates than $name has now: write both again, or remove the line" >&2
            echo "'{TEMPLATES} ...' from the card if you have changed the templates yourself" >&2
            differs=1
        fi
    done < <(sed -n 's/^{TEMPLATES} \(.*\) sha256 \([0-9a-f]*\)$/\2 \1/p' "$card")
done
[ "$differs" = 0 ] || exit 1
"""
"""Lines of the script that refuse a card beside templates of another run."""


def combine_datacards(
    datacards: Mapping[str, BuiltCard],
    directory: str | os.PathLike[str],
    path: str = "combine_cards.sh",
    card_name: str = "datacard_combined.txt",
    workspace_name: str = "workspace.root",
    channel_masks: bool = False,
    *,
    verbose: bool = True,
) -> None:
    """Write a shell script that runs combineCards.py over all cards, then text2workspace.py.

    Args:
        datacards: the cards by their file names, relative to `directory`; they may be in several folders.
        directory: where the script puts what it makes, and what the names are relative to.
        path: the script, relative to `directory`; ends in `.sh`.
        card_name: the combined card that the script makes, relative to `directory`.
        workspace_name: the workspace that the script makes, relative to `directory`.
        channel_masks: whether the workspace can mask channels.
        verbose: whether cards that are not there yet are told, on standard error.

    Raises:
        DeclarationError: the cards cannot be combined.
    """
    verbose = given_flag("verbose", verbose)
    text = combination_script(
        datacards,
        directory=directory,
        path=path,
        card_name=card_name,
        workspace_name=workspace_name,
        channel_masks=channel_masks,
    )
    with staging(directory) as stage:
        stage.text(path, text, executable=True)
    if verbose:
        print_report(missing_cards(datacards, directory))


def missing_cards(datacards: Mapping[str, BuiltCard], directory: str | os.PathLike[str]) -> Iterator[Finding]:
    """Yield a warning for each card that is not where the script will look for it."""
    for name, card in datacards.items():
        path = Path(expanded(directory), name)
        if not path.is_file():
            message = f"the script looks for the card at {str(path)!r}, and no file is there yet{_elsewhere(path)}"
            yield warning("missing-card", message, channel=card.bin)


def _elsewhere(path: Path) -> str:
    """Return the end of a message about a missing card: a file of its name in a folder beside or below."""
    found = [*path.parent.glob(f"*/{path.name}"), *path.parent.parent.glob(path.name)]
    return f" (there is {str(min(found))!r}: give the name relative to directory)" if found else ""


def combination_script(
    datacards: Mapping[str, BuiltCard],
    *,
    path: str,
    card_name: str,
    workspace_name: str,
    channel_masks: bool,
    directory: str | os.PathLike[str] = ".",
) -> str:
    """Return the text of the script.

    Raises:
        DeclarationError: the cards cannot be combined.
    """
    # The rules on names and cards need a dict of cards.
    if problems := list(_type_problems(datacards)):
        raise DeclarationError(problems)
    path, card_name, workspace_name = map(path_text, (path, card_name, workspace_name))
    channel_masks, datacards = given_flag("channel_masks", channel_masks), dict(items(datacards, path_text))
    if problems := [*_name_problems(datacards, path, card_name, workspace_name), *_card_problems(datacards)]:
        raise DeclarationError(problems)
    up = os.path.relpath(directory, Path(directory, path).parent)
    cards = "".join(f" \\\n    {shlex.quote(f'{card.bin}={name}')}" for name, card in datacards.items())
    masks = " --channel-masks" if channel_masks else ""
    combined, workspace, partial = map(_word, (card_name, workspace_name, _partial(card_name)))
    return (
        "#!/usr/bin/env bash\n"
        "# Joins the cards of all categories and makes a workspace for combine; needs an environment with Combine.\n"
        "set -euo pipefail\n"
        # With CDPATH set, cd could enter another directory.
        f'CDPATH="" cd -- "$(dirname -- "${{BASH_SOURCE[0]}}")"{"" if up == "." else f"/{shlex.quote(up)}"}\n'
        f"\n{_NEEDS_COMBINE}"
        f"{_COMPARES_TEMPLATES.format(cards=' '.join(map(_word, datacards)))}\n"
        # The combined card has a temporary name first: the shell creates the file before combineCards.py runs, and
        # after a failure it would be empty or incomplete.
        f"trap {shlex.quote(f'rm -f -- {partial}')} EXIT\n"
        f"combineCards.py{cards} \\\n    > {partial}\n"
        f"{_marks(datacards, partial)}"
        f"mv -- {partial} {combined}\n"
        f"text2workspace.py {combined} -o {workspace}{masks}\n"
    )


def _marks(datacards: Mapping[str, BuiltCard], partial: str) -> str:
    """Return the line that keeps the marks of blind channels, which combineCards.py drops with other comments."""
    marked = " ".join(_word(name) for name, card in datacards.items() if card.channel.blindness is not None)
    return f"grep -hE '^{COMMENT} (blind|unblinded): ' {marked} >> {partial} || true\n" if marked else ""


def _partial(card_name: str) -> str:
    """Return the name of the combined card while it is incomplete."""
    return f"{card_name}.part"


def _word(name: str) -> str:
    """Return a file as an argument of a command; a leading dash would make it an option."""
    return shlex.quote(f"./{name}" if name.startswith("-") else name)


def _type_problems(datacards: object) -> Iterator[str]:
    expected = "a dict of cards by the names of their files, such as {'datacard_SR.txt': card}"
    if not isinstance(datacards, Mapping):
        yield f"datacards is a {type(datacards).__name__}, expected {expected}"
        return
    for name, card in items(datacards, lambda name: name):
        if not isinstance(name, str | os.PathLike) or not isinstance(card, BuiltCard):
            yield f"datacards has {shown(card)} under the name {shown(name)}, expected {expected}"


def _name_problems(datacards: Mapping[str, BuiltCard], path: str, card_name: str, workspace_name: str) -> Iterator[str]:
    if not path.endswith(".sh"):
        yield f"path {path!r}: expected the name of a shell script, which ends in '.sh'"
    taken: dict[str, str] = {}
    for name in datacards:
        if other := taken.get(os.path.normpath(name)):
            yield f"card {name!r} and {other} are one file"
        taken[os.path.normpath(name)] = f"card {name!r}"
    for what, name in (
        ("path", path),
        ("card_name", card_name),
        ("card_name", _partial(card_name)),
        ("workspace_name", workspace_name),
    ):
        if other := taken.get(os.path.normpath(name)):
            yield f"{what} {name!r} would replace {other}: give it another name"
        taken.setdefault(os.path.normpath(name), f"{what} {name!r}")


def _card_problems(datacards: Mapping[str, BuiltCard]) -> Iterator[str]:
    if not datacards:
        yield "there is no card to combine"
    by_bin: dict[str, list[str]] = {}
    signals: dict[str, dict[bool, str]] = {}
    for name, card in datacards.items():
        by_bin.setdefault(card.bin, []).append(name)
        for process in card.channel.columns:
            signals.setdefault(process.name, {})[process.is_signal] = name
    for bin_name, names in by_bin.items():
        if len(names) > 1:
            cards = listing(map(repr, names))
            yield f"cards {cards} have the same bin name {bin_name!r}: give them a bin_prefix or a bin_suffix"
    # Combine stops at a process that is a signal in one channel and a background in another one.
    for column, roles in signals.items():
        if len(roles) > 1:
            yield f"process {column!r} is a signal in card {roles[True]!r} and a background in {roles[False]!r}"
