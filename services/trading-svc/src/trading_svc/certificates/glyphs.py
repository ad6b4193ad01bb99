"""Which characters the certificate's font can print, read from its own character map.

PDF/A forbids a missing glyph, and names may hold anything: what cannot be printed is shown by its
code point. The signed JSON keeps the original.
"""

import struct
from functools import cache
from pathlib import Path

_CMAP_GROUPS = 12  # the format that covers all planes, 𠮷 included
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)


@cache
def covered(font_file: Path) -> frozenset[range]:
    """Return the code points of the font collection's first face, as ranges."""
    content = font_file.read_bytes()
    offset = struct.unpack_from(">I", content, 12)[0] if content[:4] == b"ttcf" else 0
    tables = struct.unpack_from(">H", content, offset + 4)[0]
    for index in range(tables):
        tag, _, at, _ = struct.unpack_from(">4sIII", content, offset + 12 + 16 * index)
        if tag == b"cmap":
            return frozenset(_groups(content, at))
    raise ValueError(f"{font_file} has no character map")


def _groups(content: bytes, at: int) -> list[range]:
    for index in range(struct.unpack_from(">H", content, at + 2)[0]):
        _, _, offset = struct.unpack_from(">HHI", content, at + 4 + 8 * index)
        start = at + offset
        if struct.unpack_from(">H", content, start)[0] == _CMAP_GROUPS:
            count = struct.unpack_from(">I", content, start + 12)[0]
            found = (struct.unpack_from(">III", content, start + 16 + 12 * i) for i in range(count))
            return [range(first, last + 1) for first, last, _ in found]
    raise ValueError("the font's character map has no format 12 table")


class Glyphs:
    """Answers for one font."""

    def __init__(self, font_file: Path) -> None:
        self._known: set[int] = set()
        for group in covered(font_file):
            self._known.update(group)

    def printable(self, text: str) -> str:
        """Return the text with every character that the font lacks shown as 〔U+1F600〕."""
        return "".join(char if self._prints(char) else f"〔U+{ord(char):04X}〕" for char in text)

    def _prints(self, char: str) -> bool:
        code = ord(char)
        return char == "\n" or (code in self._known and code not in _VARIATION_SELECTORS)
