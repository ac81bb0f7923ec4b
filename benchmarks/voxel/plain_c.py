"""Loads voxel_render.c, compiled by the machine's compiler, and lets it draw what our kernels draw."""

import ctypes
import subprocess
from pathlib import Path
from typing import Final, final

import numpy as np

from corrigible.sandbox.voxel.simulator import VoxelWorlds
from corrigible.sandbox.voxel.tracing_kernels import Eye, place_eye
from corrigible.sandbox.voxel.viewing import MOMENTS, ViewParams, hours, lens_of, paint_of
from corrigible.types import Array

SOURCE: Final = Path(__file__).resolve().parents[1] / "voxel_render.c"
FLAGS: Final = ("-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC")  # off: or sums differ in a bit
TILE: Final = 8
CUTOUT: Final = 1 << 16
_POINTER, _INTEGER, _REAL = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double


class LookInC(ctypes.Structure):
    """struct look of voxel_render.c."""

    _fields_ = (
        *((name, _POINTER) for name in ("face", "light", "shade", "fog", "mip", "atlas", "across", "up", "inverse")),
        ("texel", _REAL),
        *((name, _INTEGER) for name in ("fogs", "height", "width", "padded")),
        ("size", _INTEGER * 3),
    )


class ViewInC(ctypes.Structure):
    """struct view of voxel_render.c."""

    _fields_ = (
        *((name, _POINTER) for name in ("node", "column", "sky")),
        *((name, _INTEGER) for name in ("levels", "sun", "pointed")),
        ("haze", _INTEGER * 3),
        ("origin", _REAL * 3),
        ("axes", _REAL * 9),
        ("rgb", _POINTER),
    )


def can_build() -> bool:
    """Whether this processor has what voxel_render.c needs."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="ascii").split())
    except OSError:
        return False
    return {"avx512f", "avx512dq", "avx512vl", "avx512bw"} <= flags


def build(compiler: str, folder: Path) -> ctypes.CDLL:
    """The library, compiled into `folder`."""
    library = folder / "voxel_render.so"
    subprocess.run([compiler, *FLAGS, "-o", str(library), str(SOURCE)], check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.draw_views.restype = None
    loaded.draw_views.argtypes = [ctypes.POINTER(LookInC), ctypes.POINTER(ViewInC), _INTEGER]
    return loaded


@final
class ViewsInC:
    """The views of agent 0 of all worlds, as they are now, drawn by C into `rgb` (N, H, W, 3) uint8.

    Everything is copied when this is made: C's tables are its own (int32, packed colours, padded rows).
    """

    def __init__(self, library: ctypes.CDLL, worlds: VoxelWorlds, view: ViewParams) -> None:
        state = worlds.state
        self.rgb = np.zeros((state.worlds, view.height, view.width, 3), dtype=np.uint8)
        self._library, self._kept = library, []
        self._look = self._look_of(view, state.nodes.size)
        moments = np.floor(state.hour / 24.0 * MOMENTS).astype(np.int64) % MOMENTS
        self._views = (ViewInC * state.worlds)(
            *(self._view_of(worlds, n, int(moments[n])) for n in range(state.worlds))
        )

    def draw(self) -> None:
        """Draw them all."""
        self._library.draw_views(ctypes.byref(self._look), self._views, len(self._views))

    def _keep(self, array: Array) -> int:
        """Address of an array that stays where it is."""
        self._kept.append(array)
        return int(array.ctypes.data)

    def _look_of(self, view: ViewParams, size: tuple[int, int, int]) -> LookInC:
        lens, paint = lens_of(view), paint_of(view.far)
        beyond = -view.width % TILE
        light = paint.light + np.where(paint.cutout, CUTOUT, 0)
        tables = (
            paint.face.astype(np.int32),
            light.astype(np.int32),
            np.resize(paint.shade, TILE).astype(np.int32),
            paint.fog.astype(np.int32),
            np.resize(paint.mip, TILE).astype(np.int32),
            np.ascontiguousarray(paint.atlas).view(np.uint32).copy(),
            np.pad(lens.across, (0, beyond), mode="edge"),
            lens.up.copy(),
            np.pad(lens.inverse, ((0, 0), (0, beyond)), mode="edge"),
        )
        numbers = (lens.texel, len(paint.fog), view.height, view.width, view.width + beyond)
        return LookInC(*map(self._keep, tables), *numbers, (_INTEGER * 3)(*size))

    def _view_of(self, worlds: VoxelWorlds, n: int, moment: int) -> ViewInC:
        state, light = worlds.state, hours()
        eye = Eye(np.empty(3), np.empty(3, np.int64), np.empty(3), np.empty((3, 3)))
        x, y, z = state.bodies.place[n, 0]
        place_eye(x, y, z + state.eye, state.bodies.yaw[n, 0], state.bodies.pitch[n, 0], eye)
        node = np.concatenate((state.nodes.node[n], np.zeros(4, dtype=np.uint8)))  # gathers read four bytes
        sky = np.pad(light.sky[moment], ((0, 0), (0, 1))).view(np.uint32)
        return ViewInC(
            *map(self._keep, (node, state.nodes.column[n].copy(), sky)),
            len(sky), int(light.sun[moment]), int(worlds.record.pointed_index[n, 0]),
            (_INTEGER * 3)(*map(int, light.haze[moment])), (_REAL * 3)(*eye.origin), (_REAL * 9)(*eye.axes.ravel()),
            int(self.rgb[n].ctypes.data),
        )  # fmt: skip
