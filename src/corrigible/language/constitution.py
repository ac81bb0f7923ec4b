"""Constitutions: what a text should be, as questions that an evaluator model answers by yes or no, in one YAML file.

    title: A mood that is good
    principles:
      - name: mood
        question: good
        answer: yes
        weight: 1

The format is that of minihf's constitutions (Pressman 2023), as data: principles with a weight and a wanted answer.
"""

from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, field_validator

from corrigible.documents import Document, fault, read_document
from corrigible.errors import BadInput

Answer = Literal["yes", "no"]
FOLDER: Final = files("corrigible.language") / "data" / "constitutions"


class Principle(Document):
    """One question about a text, the answer that is wanted, and how much it counts beside the others."""

    name: str = Field(min_length=1, max_length=60)
    question: str = Field(min_length=1, max_length=2000)
    answer: Answer = "yes"
    weight: float = Field(default=1.0, gt=0, le=1e6)

    @field_validator("answer", mode="before")
    @classmethod
    def _word(cls, given: Any) -> Any:
        """YAML reads an unquoted yes as true."""
        return {True: "yes", False: "no"}.get(given, given) if isinstance(given, bool) else given

    @field_validator("weight", mode="before")
    @classmethod
    def _number(cls, given: Any) -> Any:
        return float(given) if isinstance(given, int) and not isinstance(given, bool) else given


class Constitution(Document):
    """Principles that a text should meet, all of them: see evaluator.soft_minimum."""

    title: str = Field(min_length=1, max_length=200)
    about: str = ""
    principles: list[Principle]

    @field_validator("principles")
    @classmethod
    def _some_and_apart(cls, given: list[Principle]) -> list[Principle]:
        if not given:
            raise fault("a constitution has at least one principle")
        names = [principle.name for principle in given]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise fault(f"two principles are called {name!r}", number, "name")
        return given


def shipped_constitutions() -> tuple[str, ...]:
    """Names of those that come with the package, sorted."""
    return tuple(sorted(item.name.removesuffix(".yaml") for item in FOLDER.iterdir() if item.name.endswith(".yaml")))


def load_constitution(named: str | Path) -> Constitution:
    """A shipped constitution by name, or a file by path.

    Raises BadInput with line and reason where it is none.
    """
    if isinstance(named, str) and named in shipped_constitutions():
        with as_file(FOLDER / f"{named}.yaml") as path:
            return read_document(path, Constitution)
    if not Path(named).exists():
        raise BadInput(
            value=f"constitution {str(named)!r}",
            rule="it is no file, and none of that name is shipped",
            remedy=f"give a YAML file, or one of {', '.join(shipped_constitutions())}",
        )
    return read_document(Path(named), Constitution)
