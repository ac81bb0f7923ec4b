"""A safety policy as a document: levels, gates, what evidence each gate asks for, who said so and since when.

`corrigible policy lint FILE`. Levels are ordered: a level is reached only if the one before it is. A level that nothing
rules out counts as not known, and a rule of a level that may be reached has to hold (see `gates.py`).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeAlias, get_args

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from corrigible.documents import Document, fault, read_document
from corrigible.oversight.moments import Moment, Span

Gate: TypeAlias = Literal["continue-training", "internal-deployment", "external-deployment", "publication"]
"""What a policy lets happen or not: going on with training, use in the house, use outside, making results public."""

GATES: Final[tuple[Gate, ...]] = get_args(Gate)

Independence: TypeAlias = Literal["self", "team", "external"]
"""Who stands behind evidence: those whose work it judges, another team of the house, or somebody outside."""

INDEPENDENCE: Final[tuple[Independence, ...]] = get_args(Independence)

Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=2000)]
Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,59}$")]
Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False, strict=False)]


class Source(Document):
    """Where a rule was read, word for word."""

    quote: Text
    where: Text
    retrieved: Moment


class Measure(Document):
    """A number that runs of an experiment report: one metric of one of its conditions."""

    what: Text
    run: Text
    metric: Text
    condition: Text
    least: Number | None = None
    """Smallest value that it can take, where there is one: thresholds below it can never be reached."""
    most: Number | None = None
    """Largest value that it can take."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least is not None and self.most is not None and not self.least < self.most:
            raise fault("least must be below most", "least")
        return self


class Asked(Document):
    """What every piece of evidence may be asked for besides what it says."""

    fresh: Span | None = None
    independence: Independence = "self"
    least_n: Annotated[int, Field(ge=1, le=100_000)] = 1


class Measured(Asked):
    """Affirmative evidence: the whole interval of the measure lies below, or above, a number."""

    measure: Name
    below: Number | None = None
    above: Number | None = None

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if (self.below is None) == (self.above is None):
            raise fault("give either below or above", "measure")
        return self


class NoAlarm(Asked):
    """Mere absence of alarm: the measure is not shown to lie above a number. It shows less than `Measured` does."""

    no_alarm: Name
    above: Number


class Attested(Document):
    """A named person says so, in a document of their own."""

    attested: Name
    fresh: Span | None = None
    independence: Independence = "self"


class AllOf(Document):
    """Every part has to hold."""

    all: Annotated[tuple["Requirement", ...], Field(min_length=1, max_length=50, strict=False)]


class AnyOf(Document):
    """One part has to hold."""

    any: Annotated[tuple["Requirement", ...], Field(min_length=1, max_length=50, strict=False)]


def _which(value: Any) -> str:
    if isinstance(value, dict):
        found = [key for key in ("measure", "no_alarm", "attested", "all", "any") if key in value]
        return found[0] if found else "measure"
    tags = {Measured: "measure", NoAlarm: "no_alarm", Attested: "attested", AllOf: "all", AnyOf: "any"}
    return tags.get(type(value), "measure")


Requirement: TypeAlias = Annotated[
    Annotated[Measured, Tag("measure")]
    | Annotated[NoAlarm, Tag("no_alarm")]
    | Annotated[Attested, Tag("attested")]
    | Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")],
    Discriminator(_which),
]
Leaf: TypeAlias = Measured | NoAlarm | Attested


class Level(Document):
    """A level of capability or danger. `reached_when` may be missing only at the first level, or where undefined."""

    level: Name
    means: Text | None = None
    reached_when: Requirement | None = None


class Rule(Document):
    """At a level and above, a gate opens only if `require` holds; without one (`closed: true`) it does not open."""

    rule: Name
    level: Name
    gate: Gate
    require: Requirement | None = None
    closed: bool = False
    firmness: Literal["must", "should", "may"] = "must"
    """As its source puts it: must, should or intends to, may or might. A gate heeds all of them alike."""
    in_force: Moment
    until: Moment | None = None
    source: Source | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.closed == (self.require is not None):
            raise fault("give either require, or closed: true", "rule")
        if self.until is not None and self.until <= self.in_force:
            raise fault("until must be after in_force", "until")
        return self


class Commitment(Document):
    """Something that was promised for a date."""

    commitment: Name
    what: Text
    owner: Name
    due: Moment
    every: Span | None = None
    """It falls due again, that long after it was last done (or was due, if never)."""
    done: Moment | None = None
    source: Source | None = None


class Policy(Document):
    """One version of one policy."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    policy: Name
    title: Text
    organisation: Text
    fictional: bool
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z.-]{1,20}$")]
    in_force: Moment
    until: Moment | None = None
    measures: dict[Name, Measure] = Field(default_factory=dict[str, Measure])
    levels: Annotated[tuple[Level, ...], Field(min_length=1, max_length=20, strict=False)]
    rules: Annotated[tuple[Rule, ...], Field(max_length=200, strict=False)] = ()
    commitments: Annotated[tuple[Commitment, ...], Field(max_length=200, strict=False)] = ()

    @field_validator("levels")
    @classmethod
    def _levels_once(cls, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        for place, level in enumerate(levels):
            if level.level in {item.level for item in levels[:place]}:
                raise fault(f"level {level.level!r} stands twice", place, "level")
        if levels[0].reached_when is not None:
            raise fault("the first level is where everything begins: it has no reached_when", 0, "reached_when")
        return levels

    @model_validator(mode="after")
    def _refers_to_what_there_is(self) -> Self:
        if self.until is not None and self.until <= self.in_force:
            raise fault("until must be after in_force", "until")
        for place, level in enumerate(self.levels):
            for leaf in leaves(level.reached_when):
                self._check_measure(leaf, "levels", place, "reached_when")
        seen: set[str] = set()
        for place, rule in enumerate(self.rules):
            if rule.rule in seen:
                raise fault(f"rule {rule.rule!r} stands twice", "rules", place, "rule")
            seen.add(rule.rule)
            if rule.level not in self.level_names:
                raise fault(f"no level is called {rule.level!r}", "rules", place, "level")
            for leaf in leaves(rule.require):
                self._check_measure(leaf, "rules", place, "require")
        return self

    def _check_measure(self, leaf: Leaf, *place: str | int) -> None:
        name = measure_of(leaf)
        if name is not None and name not in self.measures:
            known = ", ".join(self.measures) or "none"
            raise fault(f"no measure is called {name!r} (there is: {known})", *place)

    @property
    def level_names(self) -> tuple[str, ...]:
        """From the lowest."""
        return tuple(level.level for level in self.levels)


def leaves(requirement: Requirement | None) -> Iterator[Leaf]:
    """Every piece of evidence that a requirement speaks of, in the order written."""
    if isinstance(requirement, AllOf):
        for part in requirement.all:
            yield from leaves(part)
    elif isinstance(requirement, AnyOf):
        for part in requirement.any:
            yield from leaves(part)
    elif requirement is not None:
        yield requirement


def measure_of(leaf: Leaf) -> str | None:
    """Name of the measure that a leaf speaks of; None for an attestation."""
    return leaf.measure if isinstance(leaf, Measured) else leaf.no_alarm if isinstance(leaf, NoAlarm) else None


def name_of(leaf: Leaf) -> str:
    """Name of the measure or of the attestation that a leaf speaks of."""
    return leaf.attested if isinstance(leaf, Attested) else measure_of(leaf) or ""


def read_policy(path: Path) -> Policy:
    """Read a policy strictly; BadInput names file, line, key and what is expected."""
    return read_document(path, Policy)
