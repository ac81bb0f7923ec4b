"""Waivers: a rule that does not hold is passed over, by somebody with a name, for a reason, until a date."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from corrigible.documents import Document, fault
from corrigible.oversight.moments import Moment
from corrigible.oversight.policies import Gate, Name, Text


class Waiver(Document):
    """One rule of one gate; who grants it is not who asked for it."""

    rule: Name
    gate: Gate
    owner: Name
    requested_by: Name
    reason: Text
    granted: Moment
    expires: Moment

    @model_validator(mode="after")
    def _can_be_granted(self) -> Self:
        if self.owner == self.requested_by:
            raise fault(f"{self.owner} cannot grant what {self.owner} asked for; name another owner", "owner")
        if self.expires <= self.granted:
            raise fault("expires must be after granted", "expires")
        return self

    def holds(self, at: datetime) -> bool:
        """Whether it is granted by then and has not expired."""
        return self.granted <= at < self.expires


class Waivers(Document):
    """A file of them."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    waivers: Annotated[tuple[Waiver, ...], Field(max_length=200, strict=False)]
