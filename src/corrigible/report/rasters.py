"""Raster pictures within SVG: only as data in the page itself, only PNG and plain WebP, of a bounded size.

Nothing is fetched and nothing is decoded here; what a browser will decode is known from the first bytes.
"""

import base64
import binascii
import re
from typing import Final

from corrigible.errors import BadInput

LONGEST: Final = 400_000
"""Characters of one raster's address."""

WIDEST: Final = 2048
"""Pixels of a side; a few bytes could else claim gigabytes."""

_ADDRESS: Final = re.compile(r"data:image/(png|webp);base64,([A-Za-z0-9+/]+={0,2})", re.ASCII)
_PNG: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_KEY_FRAME: Final = b"\x9d\x01\x2a"


def clean_raster(address: str) -> str:
    """The address, if it is data of a PNG or a plain lossy WebP of at most 2048 x 2048. Raises BadInput otherwise."""
    found = _ADDRESS.fullmatch(address) if len(address) <= LONGEST else None
    if found is None:
        raise _refused(
            f"an image from {address[:40]!r}", f"it is PNG or WebP as base64 data of at most {LONGEST} letters"
        )
    try:
        data = base64.b64decode(found[2], validate=True)
    except binascii.Error as fault:
        raise _refused("an image", f"its data is base64 ({fault})") from fault
    width, height = _png_size(data) if found[1] == "png" else _webp_size(data)
    if not (0 < width <= WIDEST and 0 < height <= WIDEST):
        raise _refused(f"an image of {width} x {height}", f"a side has 1 to {WIDEST} pixels")
    return address


def _png_size(data: bytes) -> tuple[int, int]:
    if len(data) < 24 or not data.startswith(_PNG):
        raise _refused("an image", "what says image/png begins as a PNG does")
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _webp_size(data: bytes) -> tuple[int, int]:
    """Of RIFF, WEBP, VP8: a key frame has its sizes in 14 bits each."""
    plain = data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8 " and data[23:26] == _KEY_FRAME
    if len(data) < 30 or not plain:
        raise _refused("an image", "what says image/webp is one plain lossy picture")
    return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF


def _refused(value: str, rule: str) -> BadInput:
    return BadInput(value=value, rule=rule, remedy="write it into the picture as PNG data, smaller")
