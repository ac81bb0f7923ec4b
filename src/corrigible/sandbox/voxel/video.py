"""Frames into files: MP4 through PyAV (extra `video`), animated WebP and PNG through Pillow; whole, or not at all."""

import importlib
import io
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from PIL import Image

from corrigible.errors import BadInput
from corrigible.store import disk_faults, replace_file
from corrigible.store.files import sync_folder
from corrigible.store.paths import temporary_name
from corrigible.types import Array

FilmKind: TypeAlias = Literal["mp4", "webp", "png"]
"""mp4: video for any player. webp: moves in any browser. png: a sheet of moments, which does not move."""

KINDS: Final[tuple[FilmKind, ...]] = ("mp4", "webp", "png")
LARGEST_WEBP: Final = 1 << 30
"""Bytes of all frames together: Pillow wants them in memory at once."""

_CODECS: Final = ("libx264", "libopenh264", "mpeg4")
_QUALITY: Final = {"crf": "17", "preset": "medium"}


def kind_of(path: Path) -> FilmKind:
    """What the name of a file asks for. BadInput where it is nothing we write, or what writes it is not installed."""
    for kind in KINDS:
        if path.suffix.lower() == f".{kind}":
            if kind == "mp4":
                _pyav()
            return kind
    raise BadInput(
        value=str(path),
        rule="its name must end in .mp4, .webp or .png",
        remedy="choose one: the suffix says what it is",
    )


def check_folder(path: Path) -> None:
    """BadInput where there is no folder to write `path` into, or it is a folder itself."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise BadInput(value=str(path), rule="it must be a file in a folder that exists", remedy="name another file")


def write_png(path: Path, picture: Array) -> None:
    """Write uint8 (H, W, 3) losslessly, in one step."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG", optimize=True)
    _write(path, file.getvalue())


def write_webp(path: Path, frames: Iterable[Array], *, seconds: float) -> int:
    """Write uint8 (H, W, 3) frames, `seconds` each, for ever again. Returns how many there were.

    Raises BadInput where they would take more memory than `LARGEST_WEBP`.
    """
    images: list[Image.Image] = []
    taken = 0
    for frame in frames:
        images.append(Image.fromarray(frame))
        taken += frame.nbytes
        if taken > LARGEST_WEBP:
            raise BadInput(
                value=f"{path.name}: more than {len(images)} frames of {frame.shape[1]} x {frame.shape[0]}",
                rule=f"all frames of a WebP fit in {LARGEST_WEBP >> 20} MB",
                remedy="write an .mp4, or fewer and smaller frames with --every and --scale",
            )
    file = io.BytesIO()
    images[0].save(
        file, format="WEBP", save_all=True, append_images=images[1:], duration=round(1000 * seconds), loop=0, quality=82
    )
    _write(path, file.getvalue())
    return len(images)


def write_mp4(path: Path, frames: Iterable[Array], *, seconds: float) -> int:
    """Write uint8 (H, W, 3) frames with even H and W, `seconds` each, as H.264. Returns how many there were.

    Raises BadInput where PyAV is not installed. If `frames` raises, no file is left.
    """
    av = _pyav()
    count = 0
    with (
        _whole(path) as temporary,
        av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as film,
    ):
        stream: Any = None
        for frame in frames:
            if stream is None:
                stream = _stream(av, film, frame, seconds)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            count += 1
        film.mux(stream.encode())
    return count


def _stream(av: Any, film: Any, frame: Array, seconds: float) -> Any:
    codec = next(name for name in _CODECS if name in av.codecs_available)
    stream = film.add_stream(codec, rate=1 / Fraction(seconds).limit_denominator(1000))
    stream.height, stream.width = frame.shape[:2]
    stream.pix_fmt = "yuv420p"
    if codec == "libx264":
        stream.options = _QUALITY
    else:
        stream.bit_rate = 8_000_000
    return stream


def _pyav() -> Any:
    try:
        return importlib.import_module("av")
    except ImportError as missing:
        raise BadInput(
            value="an .mp4",
            rule="video is written by PyAV, which is not installed",
            remedy="pip install 'corrigible[video]', or write a .webp or .png",
        ) from missing


@contextmanager
def _whole(path: Path) -> Generator[Path]:
    """A temporary path beside `path`, renamed to it at the end and removed on any fault."""
    temporary = path.with_name(temporary_name())
    try:
        with _faults(path):
            yield temporary
            temporary.replace(path)
            sync_folder(path.absolute().parent)
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def _faults(path: Path) -> Generator[None]:
    folder = path.absolute().parent
    with disk_faults(path.name, folder, retry="do it again", elsewhere="name another file with --out"):
        yield


def _write(path: Path, data: bytes) -> None:
    with _faults(path):
        replace_file(path, data)
