"""The cache of compiled kernels is keyed by `*kernels.py`: whatever is compiled must be in such a file."""

import ast
from pathlib import Path

import corrigible

PACKAGE = Path(corrigible.__file__).parent
KERNELS = sorted(PACKAGE.rglob("*kernels.py"))


def imported(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module] + [
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    ]


def test_kernels_import_nothing_of_ours_but_kernels_and_names_of_types():
    assert len(KERNELS) > 10
    for path in KERNELS:
        ours = {name for name in imported(path) if name.startswith("corrigible")}
        others = {name for name in ours if not name.endswith("kernels")}
        assert others <= {"corrigible.sandbox.compiled", "corrigible.types"}, path


def test_nothing_is_compiled_outside_kernel_files():
    for path in PACKAGE.rglob("*.py"):
        if path not in KERNELS and path.name != "compiled.py":
            assert not {"numba", "corrigible.sandbox.compiled"} & set(imported(path)), path
