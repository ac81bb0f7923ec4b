"""An action log as one file: arrays and a sealed JSON header in an .npz. Nothing in it is unpickled or run."""

import json
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import TypeAdapter, ValidationError

import corrigible
from corrigible.errors import BadInput, CorrigibleError, CorruptFile, NewerSchema
from corrigible.sandbox.voxel.nodes import node_table
from corrigible.sandbox.voxel.params import EnvParams
from corrigible.sandbox.voxel.replay import ActionLog
from corrigible.sandbox.voxel.scenario import Scenario
from corrigible.sandbox.voxel.viewing import ViewParams
from corrigible.store import disk_faults, fingerprint_arrays, replace_file
from corrigible.store.archives import pack_arrays, unpack_arrays
from corrigible.store.documents import check_seal, is_sha256, parse, seal
from corrigible.store.files import read_stored

SCHEMA: Final = 1
SUFFIX: Final = ".actions"
LARGEST_FILE: Final = 1 << 30
_FORMAT: Final = "corrigible voxel actions"
_HEADER: Final = "header"
_ARRAYS: Final = ("world", "keys", "turn", "episode", "active")
_KEYS: Final = {"format", "schema", "version", "params", "scenario", "view", "seed", "final", "arrays", "sha256"}
_LATER: Final = ("eye", "pitch", "start_pitch", "dig_speed")
"""Params that came after schema 1. A log names those that are not at their default, which is what held before."""

_REMEDY: Final = "copy it again from where it is whole, or record it again"


def save_log(path: Path, log: ActionLog) -> None:
    """Write a log to `path` in one step: whole, or not at all. BadInput or StoreFault where the place cannot be had."""
    if not path.absolute().parent.is_dir():
        raise BadInput(value=str(path), rule="its folder must exist", remedy="make the folder, or name another")
    arrays = {name: getattr(log, name) for name in _ARRAYS}
    header = seal(
        {
            "format": _FORMAT,
            "schema": SCHEMA,
            "version": corrigible.__version__,
            "view": None if log.view is None else asdict(log.view),
            "params": {name: value for name, value in _plain(log.params).items() if name != "scenario"},
            "scenario": log.params.loaded.model_dump(mode="json"),
            "seed": log.seed,
            "final": list(log.final),
            "arrays": fingerprint_arrays(arrays),
        }
    )
    text = np.frombuffer(json.dumps(header, sort_keys=True, allow_nan=False).encode(), dtype=np.uint8)
    data = pack_arrays(path.name, {**arrays, _HEADER: text})
    folder = path.absolute().parent
    with disk_faults(path.name, folder, retry="record it again", elsewhere="name another file"):
        replace_file(path, data)


def load_log(path: Path) -> ActionLog:
    """The log in `path`.

    Raises:
        BadInput: it is no log, cannot be read, or holds values out of range. NewerSchema: a newer Corrigible wrote it.
        CorruptFile: it was one, and differs from what was written.
    """
    if not path.exists():
        raise BadInput(value=str(path), rule="it must be a file", remedy="give the path of an action log")
    data = read_stored(path, remedy=_REMEDY, limit=LARGEST_FILE)
    if not data.startswith(b"PK"):
        raise _foreign(path)
    arrays = unpack_arrays(data, name=path.name, remedy=_REMEDY)
    if _HEADER not in arrays or arrays[_HEADER].dtype != np.uint8 or arrays[_HEADER].ndim != 1:
        raise _foreign(path)
    header = parse(arrays.pop(_HEADER).tobytes(), name=path.name, remedy=_REMEDY)
    _check_header(header, path)
    if set(arrays) != set(_ARRAYS) or fingerprint_arrays(arrays) != header["arrays"]:
        raise CorruptFile(value=path.name, rule="its arrays differ from those that were written", remedy=_REMEDY)
    try:
        log = _read(header, arrays)
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        said = str(error.errors()[0]["msg"]) if isinstance(error, ValidationError) else str(error)
        raise BadInput(value=path.name, rule=f"its header must fit ({said})", remedy=_REMEDY) from error
    except CorrigibleError as error:
        raise BadInput(value=f"{path.name}: {error.value}", rule=error.rule, remedy=error.remedy) from error
    return log


def _plain(params: EnvParams) -> dict[str, Any]:
    """Fields as JSON has them. threads is left out: results do not depend on it, and it is the reader's own."""
    every = {item.name: getattr(params, item.name) for item in fields(params) if item.name != "threads"}
    usual = {item.name: item.default for item in fields(params) if item.name in _LATER}
    return {name: value for name, value in every.items() if name not in _LATER or value != usual[name]}


def _foreign(path: Path) -> BadInput:
    return BadInput(
        value=str(path), rule="it must be an action log of the voxel sandbox", remedy=f"give a {SUFFIX} file"
    )


def _check_header(header: dict[str, Any], path: Path) -> None:
    if header.get("format") != _FORMAT:
        raise _foreign(path)
    schema = header.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise NewerSchema(
            value=f"{path.name} has schema {schema}",
            rule=f"this Corrigible reads schemas up to {SCHEMA}",
            remedy="install a newer Corrigible",
        )
    check_seal(header, name=path.name, remedy=_REMEDY)
    if set(header) != _KEYS:
        raise _foreign(path)


def _read(header: dict[str, Any], arrays: dict[str, Any]) -> ActionLog:
    stored = header["params"]
    names = {item.name for item in fields(EnvParams)} - {"threads", "scenario"}
    unknown = (set(stored) ^ names) - (names & set(_LATER))
    if unknown:
        raise ValueError(f"params {', '.join(sorted(unknown))} are unknown or missing")
    params = TypeAdapter(EnvParams).validate_json(json.dumps(stored), strict=True)
    scenario = Scenario.model_validate_json(json.dumps(header["scenario"]), context={"nodes": node_table()})
    seed, final = header["seed"], header["final"]
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 1 << 64:
        raise ValueError("the seed is a whole number below 2**64")
    if not (isinstance(final, list) and all(isinstance(item, str) and is_sha256(item) for item in final)):
        raise ValueError("final is a list of sha256")
    view = TypeAdapter(ViewParams | None).validate_json(json.dumps(header["view"]), strict=True)
    return ActionLog(params=replace(params, scenario=scenario), seed=seed, final=tuple(final), view=view, **arrays)
