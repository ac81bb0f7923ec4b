"""A log by its name, whatever its form: JSON lines or a Minari data set."""

from pathlib import Path

from corrigible.errors import BadInput
from corrigible.logs.jsonl import read_jsonl
from corrigible.logs.minari_reader import minari_folder, read_minari
from corrigible.logs.schema import Log


def read_log(name: str | Path) -> Log:
    """Read the JSON lines, Minari folder or local Minari data set called `name`; raises BadInput."""
    try:
        folder = None if Path(name).is_file() else minari_folder(str(name))
    except (OSError, ValueError) as error:  # too long a name, a null byte
        raise BadInput(
            value=f"file {str(name)!r:.80}", rule=f"it must be a file name ({error})", remedy="check it"
        ) from error
    return read_jsonl(Path(name)) if folder is None else read_minari(folder, source=str(name))
