"""Fonts of the plots: small TrueType files, made once from those that mplhep and matplotlib bring.

A PDF embeds fonts as TrueType (`pdf.fonttype` 42), which journals ask for. For each file matplotlib reads a whole font
with its tables of layout, which takes a quarter of a second, and it writes the outlines of an OpenType font such as TeX
Gyre Heros as if they were TrueType. Small fonts with outlines of the right kind take a tenth of that time.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import tempfile
from pathlib import Path
from typing import Any

import fontTools
import matplotlib as mpl
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter, load_font
from fontTools.ttLib import newTable
from matplotlib.font_manager import fontManager

PLAIN = "DejaVu Sans"
"""Font that every matplotlib installation contains, so that plots look the same everywhere."""
CMS = "TeX Gyre Heros"
"""Font of mplhep's style for CMS, close to Helvetica."""
_FILES = {
    PLAIN: ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans-Oblique.ttf"),
    CMS: ("texgyreheros-regular.otf", "texgyreheros-bold.otf", "texgyreheros-italic.otf"),
}
"""Regular, bold and italic: what the plots use."""
# Latin, accents, Greek, and punctuation to mathematical operators; other characters are taken from the whole DejaVu.
_RANGES = (range(0x20, 0x250), range(0x300, 0x400), range(0x2000, 0x2300))
_RECIPE = 1
"""Number of the way in which the files are made, which their names depend on."""


def families(font: str) -> list[str]:
    """Return the families to draw with, the first that has a character first, which matplotlib knows from then on.

    Args:
        font: `PLAIN` or `CMS`.
    """
    made = [name for one in dict.fromkeys((font, PLAIN)) if (name := _registered(one))]
    return [*made, PLAIN]


def _registered(font: str) -> str | None:
    """Return the family of the small files of a font, or None if they cannot be made here."""
    sources = [source for name in _FILES[font] if (source := _source(font, name)) is not None]
    if len(sources) < len(_FILES[font]):
        return None
    name = f"datacard {font}"
    # matplotlib keeps a list of fonts for the process, as for those that mplhep adds when it is imported.
    if not any(entry.name == name for entry in fontManager.ttflist):
        for source in sources:
            fontManager.addfont(_small(source, name))
    return name


def _source(font: str, name: str) -> Path | None:
    if font == PLAIN:
        return Path(mpl.get_data_path(), "fonts", "ttf", name)
    # Found, not imported: the import of mplhep takes seconds and loads pyplot.
    found = importlib.util.find_spec("mplhep_data")
    path = (
        Path(found.origin).parent / "fonts" / font.replace(" ", "").lower() / name if found and found.origin else None
    )
    return path if path and path.is_file() else None


def _small(source: Path, name: str) -> Path:
    """Return the small file of a font in matplotlib's folder of caches; it is made if it is not there."""
    key = f"{source} {source.stat().st_size} {fontTools.version} {_RECIPE}"
    path = Path(mpl.get_cachedir(), f"datacard-{hashlib.sha256(key.encode()).hexdigest()[:16]}.ttf")
    if not path.is_file():
        # fontTools reads tables when they are needed, and so keeps the file of the source open.
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file, _converted(source, name) as font:
            font.save(file)
        # Another process may make it at the same time; both are equal.
        os.replace(file.name, path)  # noqa: PTH105 - the name is a string
    return path


def _converted(source: Path, name: str) -> Any:
    options = Options(layout_features=[], hinting=False, notdef_outline=True, name_IDs=[1, 2, 4, 6])
    options.drop_tables += ["GDEF", "GPOS", "GSUB", "FFTM", "MATH", "kern"]
    font = load_font(str(source), options)
    chosen = Subsetter(options)
    chosen.populate(unicodes=[code for codes in _RANGES for code in codes])
    chosen.subset(font)
    if "CFF " in font:
        _as_true_type(font)
    for record in font["name"].names:
        # The licences of both fonts ask for another name of what is changed.
        if record.nameID in {1, 4}:
            record.string = name
        elif record.nameID == 6:  # noqa: PLR2004 - the name in PostScript and PDF, by the specification of OpenType
            record.string = f"datacard{record.toUnicode()}"
    font.recalcBBoxes, font.recalcTimestamp = True, False
    return font


def _as_true_type(font: Any) -> None:
    """Replace cubic outlines by quadratic ones, which differ by at most a thousandth of the size of the font."""
    outlines, order = font.getGlyphSet(), font.getGlyphOrder()
    glyphs = {}
    for glyph in order:
        pen = TTGlyphPen(outlines)
        outlines[glyph].draw(Cu2QuPen(pen, max_err=1.0, reverse_direction=True))
        glyphs[glyph] = pen.glyph()
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = order, glyphs
    del font["CFF "]
    limits, names = font["maxp"], font["post"]
    limits.tableVersion = 0x00010000
    # There are no instructions, and one zone of points.
    limits.maxZones = 1
    for field in ("TwilightPoints", "Storage", "FunctionDefs", "InstructionDefs", "StackElements"):
        setattr(limits, f"max{field}", 0)
    limits.maxSizeOfInstructions = limits.maxComponentElements = 0
    names.formatType = 3.0
    font.sfntVersion = "\x00\x01\x00\x00"
