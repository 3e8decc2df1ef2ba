"""Patterns of the names of histograms, such as `{channel}/{process}_{systematic}{direction}`."""

from __future__ import annotations

import re
import string
from functools import cached_property
from typing import TYPE_CHECKING

import attrs

from datacard_core.grammar import DIRECTIONS
from datacard_core.inputs.histograms import NOMINAL
from datacard_core.names import closest, duplicates, listing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

SYNONYMS = {"channel": "category", "process": "sample"}
FIELDS = ("variable", "category", "sample", "dataset", "year", "variation", "systematic", "direction")
_ANY = r"[^/]+"
_SHOWN = 5


@attrs.frozen(slots=False)
class HistogramPattern:
    """A pattern of names; each field stands for a part of the name without a slash, `*` for any text without one."""

    text: str
    labels: Mapping[str, str]
    """Variations by label: "nominal", and "Up" and "Down" by the end of a label."""
    years: Collection[str] = ()
    """Years as names have them; any text if there are none."""
    is_end: bool = False
    """True for a pattern of paths, of which folders before it are not told."""

    @cached_property
    def parts(self) -> list[tuple[str, str]]:
        """Literal text, and the field behind it; the last one may be empty."""
        parsed = string.Formatter().parse(self.text)
        return [(literal, SYNONYMS.get(field or "", field or "")) for literal, field, *_ in parsed]

    @property
    def fields(self) -> list[str]:
        """Names of the fields, `category` and `sample` also for their synonyms."""
        return [field for _, field in self.parts if field]

    def problems(self) -> Iterator[str]:
        """Yield what is wrong with the pattern."""
        try:
            fields = self.fields
            marked = [field for _, field, mark, way in string.Formatter().parse(self.text) if mark or way]
        except ValueError as error:
            yield f"pattern {self.text!r}: {error}; write {{{{ for a brace in a name"
            return
        if any(field == "" for _, field, *_ in string.Formatter().parse(self.text)):
            yield f"pattern {self.text!r} has a field without a name: write * for any text"
        for unknown in fields:
            if unknown not in FIELDS:
                yield f"pattern {self.text!r} has the field {unknown!r}{closest(unknown, (*FIELDS, *SYNONYMS))}"
        for formatted in marked:
            yield f"pattern {self.text!r}: the field {formatted!r} has a format, expected its name alone"
        for twice in duplicates(fields):
            yield f"pattern {self.text!r} has the field {twice!r} twice"
        varied = [field for field in fields if field in ("variation", "systematic", "direction")]
        if varied not in ([], ["variation"], ["systematic", "direction"]):
            yield (
                f"pattern {self.text!r} has the fields {listing(varied)}: expected {{variation}}, or {{systematic}} "
                "and then {direction}"
            )

    def read(self, names: Iterable[str]) -> tuple[dict[str, dict[str, str]], list[str]]:
        """Return the fields of each name that follows the pattern, and problems of names.

        A nominal has neither `systematic` nor `direction`. A process may be called `tt` and another one `tt_bar`: of
        several readings of a variation, the one with the longest process that has a nominal histogram is taken.
        """
        names = list(names)
        known = frozenset(names)
        found: dict[str, dict[str, str]] = {}
        problems: list[str] = []
        for name in names:
            fields, problem = self._fields(name, known)
            if fields is not None:
                found[name] = fields
            problems += [problem] if problem else []
        if names and not found and not problems:
            problems.append(f"no name follows the pattern {self.text!r}; there are: {listing(names, _SHOWN)}")
        return found, problems

    def _fields(self, name: str, known: Collection[str]) -> tuple[dict[str, str] | None, str]:
        if "systematic" not in self.fields:
            match = self._whole.fullmatch(name)
            return (None if match is None else match.groupdict()), ""
        match = self._whole.fullmatch(name)
        if match is None:
            nominal = self._nominal.fullmatch(name)
            return (None if nominal is None else nominal.groupdict()), ""
        for fields in self._readings(match.groupdict()):
            if self._nominal_name(fields) in known:
                return fields, ""
        nominal_name = self._nominal_name(match.groupdict())
        return None, f"{name} is a variation by the pattern {self.text!r}, and there is no nominal {nominal_name}"

    def _readings(self, fields: dict[str, str]) -> Iterator[dict[str, str]]:
        """Yield fields that a name may be read as, those with the longest field before the systematic first."""
        at = self.fields.index("systematic")
        separator = self.parts[at][0]
        if not at or not separator or "/" in separator:
            yield fields
            return
        before = self.fields[at - 1]
        text = f"{fields[before]}{separator}{fields['systematic']}"
        for place in reversed([found.start() for found in re.finditer(f"(?={re.escape(separator)})", text)]):
            first, second = text[:place], text[place + len(separator) :]
            if first and second:
                yield {**fields, before: first, "systematic": second}

    def named(self, fields: Mapping[str, str]) -> str:
        """Return the name with these fields, that of a nominal without a systematic."""
        if "systematic" in self.fields and "systematic" not in fields:
            return self._nominal_name(fields)
        return "".join(literal + (fields[field] if field else "") for literal, field in self.parts)

    def _nominal_name(self, fields: Mapping[str, str]) -> str:
        return "".join(literal + (fields[field] if field else "") for literal, field in self._nominal_parts)

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        return self._compiled(self.parts)

    @cached_property
    def _nominal(self) -> re.Pattern[str]:
        return self._compiled(self._nominal_parts)

    @cached_property
    def _nominal_parts(self) -> list[tuple[str, str]]:
        """Parts of the name of a nominal histogram: without the systematic and what stands before it.

        Where no text stands before, as for a folder of each variation, the label of the nominal takes its place.
        """
        of = {variation: label for label, variation in self.labels.items()}
        kept: list[tuple[str, str]] = []
        for literal, field in self.parts:
            if field == "systematic":
                kept.append(("" if literal.strip("/") else literal + of[NOMINAL], ""))
            elif field != "direction":
                kept.append((literal, field))
        return kept

    def _compiled(self, parts: Iterable[tuple[str, str]]) -> re.Pattern[str]:
        ends = [label for label, variation in self.labels.items() if variation in DIRECTIONS]
        # The longest first, as UL16APV also begins like UL16.
        allowed = {"direction": ends, "year": sorted(self.years, key=len, reverse=True)}
        made = "(?:.*/)?" if self.is_end else ""
        for literal, field in parts:
            made += re.escape(literal).replace(r"\*", r"[^/]*?")
            if field:
                made += f"(?P<{field}>{'|'.join(map(re.escape, allowed.get(field, ()))) or _ANY})"
        return re.compile(made)
