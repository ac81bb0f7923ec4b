"""The decorators by which a file announces what it holds.

Their arguments must be literals: the registry reads them from the source text, so that listing imports nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:  # listing needs no numpy
    from corrigible.types import Stage, View

F = TypeVar("F", bound=Callable[..., Any])

PluginKind: TypeAlias = Literal["experiment", "detector", "lens", "remedy"]

KINDS: Final[tuple[PluginKind, ...]] = ("experiment", "detector", "lens", "remedy")
_ATTRIBUTE: Final = "__corrigible__"


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What a decorator said: kind, name, one line for the list, and what the kind needs to be matched."""

    kind: PluginKind
    name: str
    summary: str
    version: int = 1
    claims: tuple[int, ...] = ()
    reads: "tuple[View, ...]" = ()
    needs: tuple[str, ...] = ()
    stage: "Stage | None" = None
    uses_oracle: bool = False
    applies_to: tuple[str, ...] = ()


def declaration_of(thing: Any) -> Declaration | None:
    """The declaration that a decorator left on a function, or None."""
    return getattr(thing, _ATTRIBUTE, None)


def _mark(declaration: Declaration) -> Callable[[F], F]:
    def mark(function: F) -> F:
        setattr(function, _ATTRIBUTE, declaration)
        return function

    return mark


def experiment(name: str, *, version: int, summary: str, claims: tuple[int, ...] = ()) -> Callable[[F], F]:
    """Mark a function `() -> Experiment`. A change of behaviour bumps `version`."""
    return _mark(Declaration(kind="experiment", name=name, summary=summary, version=version, claims=claims))


def detector(name: str, *, reads: "tuple[View, ...]", summary: str, needs: tuple[str, ...] = ()) -> Callable[[F], F]:
    """Mark a function `(reference views) -> (views -> suspicion per episode)`; it is handed only what it `reads`.

    needs: arrays that a trajectory may lack and without which it cannot judge; a run that lacks them leaves it out.
    """
    return _mark(Declaration(kind="detector", name=name, summary=summary, reads=reads, needs=needs))


def lens(name: str, *, applies_to: tuple[str, ...], summary: str) -> Callable[[F], F]:
    """Mark a function `(Specimen) -> findings`, for sandboxes of the kinds in `applies_to`."""
    return _mark(Declaration(kind="lens", name=name, summary=summary, applies_to=applies_to))


def remedy(
    name: str, *, stage: "Stage", applies_to: tuple[str, ...], summary: str, uses_oracle: bool = False
) -> Callable[[F], F]:
    """Mark a remedy that acts at `stage`; it gets the truth only when `uses_oracle`, and the report says so."""
    return _mark(
        Declaration(
            kind="remedy", name=name, summary=summary, stage=stage, applies_to=applies_to, uses_oracle=uses_oracle
        )
    )
