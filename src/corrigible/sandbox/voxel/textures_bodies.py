"""Textures of bodies: a friendly figure in four colours. A texel is about three times as tall as wide on a body."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, TypeAlias

from corrigible.sandbox.voxel.textures_canvas import Draw, ramp, stencil
from corrigible.types import Array

BodySide: TypeAlias = Literal["front", "back", "side", "top", "bottom"]

_DRAWINGS: Final[Mapping[BodySide, tuple[str, ...]]] = {
    "front": (
        "hhHHHHHHHHHHhhhh",
        "hHHsssHhhsssshhh",
        "hhsswessssewsshh",
        "hsbbsssSSsssbbsh",
        "hsssssmmmmsssssh",
        "tdkScccccccSkkdt",
        "TtdTkcccccckkdTt",
        "TtdTkkkcckkkkdTt",
        "TtdTkkkyykkkkdTt",
        "TtdTkkkyykkkkdTt",
        "ccdTkkkkkkkkkdcc",
        "sSdBBBBggBBBBdsS",
        "sSpqqppPPpqqppsS",
        "PpqqpppPPpqqpppP",
        "PpqqpppPPpqqpppP",
        "fFFffffPfFFffffP",
    ),
    "back": (
        "hhHHHHHHHHHHhhhh",
        "hHHHhHHHhhHhhhhh",
        "hHHhhHHhhHHhhhhh",
        "hHhhHHhhhHhhhhhh",
        "nhhhhhhhhhhhhhhn",
        "tdkccccccccckkdt",
        "TtdTkkkdkkkkkdTt",
        "TtdTkkkdkkkkkdTt",
        "TtdTkkkdkkkkkdTt",
        "TtdTkkkdkkkkkdTt",
        "ccdTkkkkkkkkkdcc",
        "sSdBBBBBBBBBBdsS",
        "sSpqqppPPpqqppsS",
        "PpqqpppPPpqqpppP",
        "PpqqpppPPpqqpppP",
        "fFFffffPfFFffffP",
    ),
    "side": (
        "hhHHHHHHHHHHhhhh",
        "hHHHHhHHhhHhhhhh",
        "hHHhhhsssShhhhhh",
        "hHhhhhsSsShhhhhh",
        "nnhhhhhsShhhhhnn",
        "kkccccccccccckkd",
        "kkdTTttttttdkkkd",
        "kkdTttttttddkkkd",
        "kkdTttttttddkkkd",
        "kkdTttttttddkkkd",
        "kkdccccccccdkkkd",
        "BBdssssssSSdBBBB",
        "pppdssssSSdpppPP",
        "pqqqqppppppppPPP",
        "pqqqqppppppppPPP",
        "fFFFFffffffffffP",
    ),
    "top": (
        "nhhhhhhhhhhhhhhn",
        "hhHhhHhhHhhHhhhh",
        "hHhhHhhHhhHhhHhh",
        "hhhHhHHhhHhHhhHh",
        "hhHhHhhHHhhHHhhh",
        "hHhHhHHhhHHhhHhh",
        "hHhHHhhnnhhHhHhh",
        "hhHhHhnhhnhHhHhh",
        "hHhHhhnhhnhHhHhh",
        "hHhHHhhnnhhHhHhh",
        "hhHhhHHhhHHhHhhh",
        "hHhHhhhHHhhHhhHh",
        "hhhhHhHhhHhhHhhh",
        "hHhhHhhHhhHhhHhh",
        "hhHhhHhhHhhHhhhh",
        "nhhhhhhhhhhhhhhn",
    ),
    "bottom": ("PPffffPPPPffffPP",) + ("PfFFFFfPPfFFFFfP",) * 14 + ("PPffffPPPPffffPP",),
}


@dataclass(frozen=True, kw_only=True)
class _Dress:
    """Colours of one figure, each dark to light: hair (3), skin (3), tunic (3), scarf and emblem (2), trousers (3)."""

    hair: str
    skin: str
    tunic: str
    trim: str
    trousers: str


DRESSES: Final = (
    _Dress(
        hair="3c2519 5e3b24 7f5635",
        skin="c48a63 e9b88f ea9c86",
        tunic="1f3f80 2f62b8 5f92e2",
        trim="f3eee0 f5c84c",
        trousers="2f2d3d 464459 5f5d74",
    ),
    _Dress(
        hair="17151c 2a2630 46404f",
        skin="9c6542 c58a60 cf7d63",
        tunic="84202d c13a3d e56e62",
        trim="fbe3b4 fff4d6",
        trousers="27333f 3a4b5c 546a7d",
    ),
    _Dress(
        hair="6a2a19 96432a bb6640",
        skin="d59f7b f5cfae f3a892",
        tunic="a3661a e09a2b f8c75c",
        trim="2f5d58 6b3517",
        trousers="3f2f27 5c4637 79604c",
    ),
    _Dress(
        hair="b08f4e d9ba71 f1dca0",
        skin="623b2a 895739 9d5a45",
        tunic="52307a 7b4bab a87dd6",
        trim="d6f3e4 7deac0",
        trousers="262a3a 3b4056 555b76",
    ),
)
_COMMON: Final = ramp("24212b fbfbf7 a4564a 3b2a20 e2b64a 2b2320 4b3d37")


def _letters(dress: _Dress) -> Mapping[str, Array]:
    hair, skin, tunic, trim, trousers = map(ramp, (dress.hair, dress.skin, dress.tunic, dress.trim, dress.trousers))
    return {
        **dict(zip("nhH", hair, strict=True)),
        **dict(zip("Ssb", skin, strict=True)),
        **dict(zip("dkT", tunic, strict=True)),
        "t": tunic[1],
        **dict(zip("cy", trim, strict=True)),
        **dict(zip("Ppq", trousers, strict=True)),
        **dict(zip("ewmBgfF", _COMMON, strict=True)),
    }


def body(dress: _Dress, side: BodySide) -> Array:
    """One side of the figure in that dress."""
    return stencil(_DRAWINGS[side], _letters(dress))


BODIES: Final[Mapping[str, Draw]] = {
    f"body{number}_{side}": partial(body, dress, side) for number, dress in enumerate(DRESSES) for side in _DRAWINGS
}
