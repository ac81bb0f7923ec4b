"""Rasters within SVG: data of a bounded PNG or plain WebP, or refused."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from corrigible.errors import BadInput
from corrigible.report import rasters
from corrigible.report.sanitise import clean_film, clean_picture


def picture(kind: str, size: tuple[int, int] = (6, 4), **options: object) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, format=kind, **options)
    return file.getvalue()


def address(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


PNG, WEBP = picture("PNG"), picture("WEBP")


@pytest.mark.parametrize(("data", "kind"), [(PNG, "png"), (WEBP, "webp")])
def test_a_raster_keeps_its_place_its_data_and_its_pixels(data: bytes, kind: str) -> None:
    frame = f'<image x="0" width="6" height="4" image-rendering="pixelated" href="{address(data, kind)}"/>'
    film = clean_film((frame,), scope="f")
    shown = film.under.markup + film.frames[0].markup
    assert address(data, kind) in shown
    assert 'image-rendering="pixelated"' in shown


@pytest.mark.parametrize(
    "href",
    {
        "an address": "https://example.org/x.png",
        "a file": "file:///etc/passwd",
        "a local reference": "#x",
        "nothing": "",
        "SVG": "data:image/svg+xml;base64,PHN2Zy8+",
        "another kind": address(picture("GIF"), "gif"),
        "HTML": "data:text/html;base64,PHA+",
        "two addresses": f"{address(PNG)} https://example.org",
        "no base64": "data:image/png,%89PNG",
        "broken base64": "data:image/png;base64,iVBORw0KG",
        "SVG that says PNG": address(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        "WebP that says PNG": address(WEBP),
        "PNG that says WebP": address(PNG, "webp"),
        "a lossless WebP": address(picture("WEBP", lossless=True), "webp"),
        "a PNG of gigabytes": address(PNG[:16] + (1 << 30).to_bytes(4, "big") * 2 + PNG[24:]),
        "a PNG of nothing": address(PNG[:16] + bytes(8) + PNG[24:]),
        "a PNG cut short": address(PNG[:20]),
        "a WebP cut short": address(WEBP[:28], "webp"),
        "a wide WebP": address(picture("WEBP", (2100, 4)), "webp"),
        "too long": address(PNG + bytes(rasters.LONGEST)),
    }.values(),
)
def test_whatever_else_an_image_may_refer_to_is_refused(href: str) -> None:
    frame = f'<image width="6" height="4" href="{href}"/>'
    with pytest.raises(BadInput) as refusal:
        clean_film((frame,), scope="f")
    assert "\n" not in str(refusal.value)
    with pytest.raises(BadInput):
        clean_picture(f'<svg viewBox="0 0 9 9">{frame}</svg>', scope="f", label="")


@pytest.mark.parametrize(
    "fragment",
    [
        f'<image xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="{address(PNG)}"/>',
        f'<rect href="{address(PNG)}"/>',
        f'<image href="{address(PNG)}" onload="alert(1)"/>',
        f'<image href="{address(PNG)}">text</image>',
        f'<image href="{address(PNG)}" style="background:url(x)"/>',
    ],
)
def test_an_image_brings_nothing_else_along(fragment: str) -> None:
    with pytest.raises(BadInput):
        clean_film((fragment,), scope="f")
