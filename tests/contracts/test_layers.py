"""Imports point down the layout, also those inside functions; nothing heavy is imported by listing."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import corrigible

ROOT = Path(corrigible.__file__).parent
LAYERS = (
    "errors", "documents", "types", "plugin", "seeding", "statistics", "store", "claims", "sandbox", "agents",
    "language", "chains", "forecast", "detect", "explain", "mitigate", "oversight", "evals", "failures", "report",
    "registry", "logs", "tripwires", "stages", "run", "commands", "cli", "app", "inspect_tasks", "__main__",
)  # fmt: skip


def modules() -> list[Path]:
    return [path for path in sorted(ROOT.rglob("*.py")) if path != ROOT / "__init__.py"]


def layer_of(module: str) -> int:
    return LAYERS.index(module.split(".")[1])


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def name_of(path: Path) -> str:
    return ".".join(("corrigible", *path.relative_to(ROOT).with_suffix("").parts))


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_from_its_own_layer_or_those_before_it(path: Path) -> None:
    own = layer_of(name_of(path))
    above = [name for name in imported(path) if name.startswith("corrigible.") and layer_of(name) > own]
    assert above == []


def test_a_module_has_at_most_400_lines_and_a_function_50_and_a_kernel_120() -> None:
    too_long = [path for path in modules() if len(path.read_text(encoding="utf-8").splitlines()) > 400]
    assert too_long == []
    for path in modules():
        limit = 120 if path.stem.endswith("kernels") else 50
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                assert length <= limit, f"{name_of(path)}.{node.name} has {length} lines"


def test_the_main_path_reads_in_one_sitting() -> None:
    assert len((ROOT / "run.py").read_text(encoding="utf-8").splitlines()) <= 150


def test_the_package_imports_nothing_and_listing_imports_neither_torch_nor_numba_nor_numpy() -> None:
    script = (
        "import sys, corrigible\n"
        "assert not {'numpy', 'numba', 'torch', 'scipy'} & set(sys.modules), 'import corrigible'\n"
        "from corrigible.cli import main\n"
        "assert main(['list', '--json']) == 0\n"
        "assert not {'numpy', 'numba', 'torch', 'scipy', 'pydantic'} & set(sys.modules), 'corrigible list'\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_public_name_is_there() -> None:
    assert [name for name in corrigible.__all__ if getattr(corrigible, name, None) is None] == []
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = corrigible.no_such_name
