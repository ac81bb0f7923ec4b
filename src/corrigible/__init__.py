"""Corrigible: a laboratory of alignment failures.

`corrigible.run("off-switch-grid", seeds=3)` does what `corrigible run off-switch-grid --seeds 3` does. Names below load
when first used, so that importing the package costs nothing.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from corrigible.commands.compare import compare
    from corrigible.commands.evidence import evidence
    from corrigible.commands.prefixing import prefix
    from corrigible.commands.report import report
    from corrigible.errors import BadInput, CorrigibleError
    from corrigible.logs import detect
    from corrigible.registry import load_experiment, registry
    from corrigible.run import Run, run
    from corrigible.sandbox.voxel.registration import register_environments

_HOME: Final = {
    "BadInput": "corrigible.errors",
    "CorrigibleError": "corrigible.errors",
    "Run": "corrigible.run",
    "compare": "corrigible.commands.compare",
    "detect": "corrigible.logs",
    "evidence": "corrigible.commands.evidence",
    "load_experiment": "corrigible.registry",
    "prefix": "corrigible.commands.prefixing",
    "register_environments": "corrigible.sandbox.voxel.registration",
    "registry": "corrigible.registry",
    "report": "corrigible.commands.report",
    "run": "corrigible.run",
}

__all__ = [
    "BadInput",
    "CorrigibleError",
    "Run",
    "compare",
    "detect",
    "evidence",
    "load_experiment",
    "prefix",
    "register_environments",
    "registry",
    "report",
    "run",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'corrigible' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


if sys.modules.get("gymnasium"):  # so that gymnasium.make("corrigible:corrigible/Grove-v0") finds it
    __getattr__("register_environments")()
