"""Drawings of the hand and of tools: letters for steps of a ramp, held in the right hand, the head up left."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from corrigible.sandbox.voxel.textures_canvas import Draw, ramp, stencil
from corrigible.types import Array

_AXE: Final = (
    "................",
    "..xxxxx.........",
    ".x33433x........",
    ".x3cab3x........",
    "x432cab3x.......",
    "x4432cabx.......",
    "x44332cabo......",
    ".x4432xcabo.....",
    "..x443xocabo....",
    "...xxxx.ocabo...",
    ".........ocabo..",
    "..........ocabo.",
    "...........ocabo",
    "............ocab",
    ".............oca",
    "..............oo",
)
_PICK: Final = (
    "....xxxxxx......",
    "...x444333xx....",
    "..xca4xx3332x...",
    ".x4xcabx.xx332x.",
    ".x44xcabo..xx32x",
    "x44x.ocabo...x2x",
    "x43x..ocabo...xx",
    "x33x...ocabo....",
    "x33x....ocabo...",
    "x32x.....ocabo..",
    ".x2x......ocabo.",
    ".x2x.......ocabo",
    "..xx........ocab",
    ".............oca",
    "..............oo",
    "................",
)
_SHOVEL: Final = (
    "................",
    "..xxxx..........",
    ".x44433x........",
    "x4444333x.......",
    "x4443333x.......",
    "x4433332x.......",
    "x3433322xo......",
    ".x333322cabo....",
    "..x33222xcabo...",
    "...xxxxxocabo...",
    ".........ocabo..",
    "..........ocabo.",
    "...........ocabo",
    "............ocab",
    ".............oca",
    "..............oo",
)
_FINGERS: Final = (
    "3323323323",
    "2212212212",
    "2212212212",
    "2212212212",
    "2212212212",
    "1101101101",
    "2222222222",
    "2222222222",
    "2222222222",
    "2222222222",
    "1222222221",
    "1122222211",
    "wwwwwwwwww",
    "vvvvvvvvvv",
    "BBCCBBBBAA",
    "BBCCBBBBAA",
    "BBCCBBBBAA",
    "BBCCBBBBAA",
    "BBCCBBBAAA",
    "BBCCBBBAAA",
    "BBCCBBBAAA",
)
_THUMB: Final = (
    "222222",
    "222222",
    "221122",
    "213312",
    "213321",
    "213321",
    "213321",
    "221321",
    "222112",
    "222222",
    "222222",
    "122221",
    "wwwwww",
    "vvvvvv",
    "BBBBBB",
    "BBBBBB",
    "BABBBB",
    "BABBBB",
    "BABBBB",
    "BABBBB",
    "BABBBB",
)
_KNUCKLES: Final = (
    "2222222222",
    "2222222222",
    "3222222222",
    "3312212212",
    "3332332332",
    "3332332332",
)

_HANDLE: Final = "2b1d16 6a4428 97673a b98a52"
_WOOD: Final = "38240f 5c3d22 86603a a67c4b c79d66"
_STEEL: Final = "2b2d38 565a66 83888f b4b8bb ebeeee"
_DIAMOND: Final = "0d3a4a 1d6f80 2fa6b0 63d6d2 d0fbf3"
_SKIN: Final = "97603f c48a63 e9b88f f8d4ae"
_SLEEVE: Final = "1f3f80 2f62b8 5f92e2 cfc8b6 f3eee0"


def _tool(drawing: Sequence[str], head: str) -> Array:
    handle = dict(zip("ocab", ramp(_HANDLE), strict=True))
    return stencil(drawing, {**handle, **dict(zip("x1234", ramp(head), strict=True))})


def _skin(drawing: Sequence[str]) -> Array:
    sleeve = dict(zip("ABCvw", ramp(_SLEEVE), strict=True))
    return stencil(drawing, {**sleeve, **dict(zip("0123", ramp(_SKIN), strict=True))})


HAND: Final[Mapping[str, Draw]] = {
    "fingers": partial(_skin, _FINGERS),
    "thumb": partial(_skin, _THUMB),
    "knuckles": partial(_skin, _KNUCKLES),
}
TOOLS: Final[Mapping[str, Draw]] = {
    "default:axe_wood": partial(_tool, _AXE, _WOOD),
    "default:axe_steel": partial(_tool, _AXE, _STEEL),
    "default:axe_diamond": partial(_tool, _AXE, _DIAMOND),
    "default:pick_steel": partial(_tool, _PICK, _STEEL),
    "default:shovel_steel": partial(_tool, _SHOVEL, _STEEL),
}
