"""What can be run, found without importing it: files in the plugin folders, and entry points of other packages.

Decorator arguments are read from the source text, so `corrigible list` imports no experiment.
"""

import ast
import difflib
import importlib
import importlib.machinery
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from corrigible.errors import BadInput, CorrigibleError
from corrigible.plugin import KINDS, Declaration, PluginKind

if TYPE_CHECKING:  # listing needs no numpy
    from corrigible.types import Detector, Experiment, Lens, Remedy

FOLDERS: Final = ("failures", "detect", "explain", "mitigate")
ENTRY_POINT_GROUP: Final = "corrigible"
_ALLOWED: Final = frozenset(item.name for item in fields(Declaration)) - {"kind", "name"}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One registered thing: its declaration, where it lives, and which package brought it."""

    declaration: Declaration
    module: str
    attribute: str
    origin: str

    @property
    def name(self) -> str:
        """The name that users type."""
        return self.declaration.name

    def load(self) -> Callable[..., Any]:
        """Import the module and return the function; raises CorrigibleError naming a module that does not import."""
        try:
            return getattr(importlib.import_module(self.module), self.attribute)
        except (ImportError, SyntaxError, AttributeError) as error:
            raise CorrigibleError(
                value=f"{self.declaration.kind} {self.name!r} in module {self.module}",
                rule=f"it must import, but {type(error).__name__}: {error}",
                remedy=f"mend or uninstall it (it comes from {self.origin})",
            ) from error


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Everything found, in order of name, and one line for each file that could not be read."""

    entries: tuple[Entry, ...]
    problems: tuple[str, ...]

    def of_kind(self, kind: PluginKind) -> tuple[Entry, ...]:
        """Entries of one kind."""
        return tuple(entry for entry in self.entries if entry.declaration.kind == kind)

    def find(self, kind: PluginKind, name: str) -> Entry:
        """The entry of that name; BadInput with the nearest names where there is none."""
        entries = {entry.name: entry for entry in self.of_kind(kind)}
        if name in entries:
            return entries[name]
        near = difflib.get_close_matches(name, entries, n=3, cutoff=0.4)
        hint = f"did you mean {', '.join(near)}?" if near else f"choose one of {', '.join(sorted(entries))}"
        raise BadInput(value=f"{kind} {name!r}", rule="it must be registered", remedy=f"{hint} (see `corrigible list`)")


@cache
def registry() -> Registry:
    """Scan once per process; a broken file is reported in `problems` and hides nothing else."""
    entries: list[Entry] = []
    problems: list[str] = []
    for path, module, origin in (*_own_files(), *_entry_point_files(problems)):
        try:
            entries += [
                Entry(declaration=declaration, module=module, attribute=attribute, origin=origin)
                for attribute, declaration in _declarations(path)
            ]
        except (OSError, SyntaxError, ValueError, TypeError) as error:
            problems.append(f"{module} (from {origin}): {type(error).__name__}: {error}")
    unique: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        key = (entry.declaration.kind, entry.name)
        if key in unique:
            problems.append(
                f"{entry.module} (from {entry.origin}): {key[0]} {key[1]!r} is taken by {unique[key].module}"
            )
        else:
            unique[key] = entry
    ordered = sorted(unique.values(), key=lambda entry: (KINDS.index(entry.declaration.kind), entry.name))
    return Registry(entries=tuple(ordered), problems=tuple(problems))


def load_experiment(name: str) -> "Experiment":
    """Build the experiment of that name; BadInput where there is none."""
    return registry().find("experiment", name).load()()


def load_detector(name: str) -> "Detector":
    """The detector of that name; BadInput where there is none."""
    return registry().find("detector", name).load()


def load_lens(name: str) -> "Lens":
    """The lens of that name; BadInput where there is none."""
    return registry().find("lens", name).load()


def load_remedy(name: str) -> "Remedy":
    """The remedy of that name; BadInput where there is none."""
    return registry().find("remedy", name).load()


def _own_files() -> Iterator[tuple[Path, str, str]]:
    root = Path(__file__).parent
    for folder in FOLDERS:
        for path in sorted((root / folder).glob("*.py")):
            if path.stem != "__init__":
                yield path, f"corrigible.{folder}.{path.stem}", "corrigible"


def _entry_point_files(problems: list[str]) -> Iterator[tuple[Path, str, str]]:
    for point in metadata.entry_points(group=ENTRY_POINT_GROUP):
        origin = point.dist.name if point.dist else point.value
        found = _locate(point.module)
        if found is None:
            problems.append(f"{point.module} (from {origin}): the entry point {point.name!r} names no module")
        elif found.name == "__init__.py":
            for path in sorted(found.parent.glob("*.py")):
                stem = "" if path.stem == "__init__" else f".{path.stem}"
                yield path, f"{point.module}{stem}", origin
        else:
            yield found, point.module, origin


def _locate(module: str) -> Path | None:
    """The source file of a module, without importing its parents."""
    search: list[str] | None = None
    spec = None
    for part in module.split("."):
        spec = importlib.machinery.PathFinder.find_spec(part, search)
        if spec is None:
            return None
        search = list(spec.submodule_search_locations or ())
    return Path(spec.origin) if spec and spec.origin else None


def _declarations(path: Path) -> Iterator[tuple[str, Declaration]]:
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=path.name)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                declaration = _read(decorator)
                if declaration is not None:
                    yield node.name, declaration


def _read(decorator: ast.expr) -> Declaration | None:
    if not isinstance(decorator, ast.Call):
        return None
    called = decorator.func
    kind = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
    matches: tuple[PluginKind, ...] = tuple(item for item in KINDS if item == kind)
    if not matches:
        return None
    if len(decorator.args) != 1:
        raise ValueError(f"line {decorator.lineno}: @{kind} takes the name as its only positional argument")
    options = {str(item.arg): ast.literal_eval(item.value) for item in decorator.keywords}
    unknown = sorted(set(options) - _ALLOWED)
    if unknown:
        raise ValueError(f"line {decorator.lineno}: @{kind} knows no argument {', '.join(unknown)}")
    return Declaration(kind=matches[0], name=ast.literal_eval(decorator.args[0]), **options)
