"""Who has to decide about a stop, and by when: the owner, then the deputy, then whom the register names.

Whoever has not acknowledged in time, or acknowledged and not decided in time, is passed over.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from corrigible.errors import BadInput
from corrigible.oversight.owners import Chosen, OwnedDecision, Owners, who_decides
from corrigible.tripwires.document import Tripwire
from corrigible.tripwires.records import Said

MOST_TURNS: Final = 20


def in_charge(
    tripwire: Tripwire, owners: Owners, *, stopped: datetime, at: datetime, acknowledged: Sequence[Said] = ()
) -> Chosen:
    """Who has to decide at the moment `at` about a stop of the moment `stopped`.

    Raises:
        BadInput: the register does not know owner, deputy or escalation of the tripwire, or is unsound.
    """
    seen = {item.by for item in acknowledged}
    own, deputy = f"tripwire {tripwire.tripwire}", f"tripwire {tripwire.tripwire}, deputy"

    def step(person: str, then: str | None) -> OwnedDecision:
        patience = tripwire.deadline if tripwire.acknowledge is None or person in seen else tripwire.acknowledge
        return OwnedDecision.model_construct(  # of parts that were checked; its name is one that no file can hold
            decides=person, proposes=tripwire.proposes, within=patience, escalates_to=then
        )

    chain = {own: step(tripwire.owner, tripwire.escalates_to if tripwire.deputy is None else deputy)}
    if tripwire.deputy is not None:
        chain[deputy] = step(tripwire.deputy, tripwire.escalates_to)
    register = owners.model_copy(update={"decisions": {**owners.decisions, **chain}})
    return who_decides(register, own, asked=stopped, at=at)


def turns(
    tripwire: Tripwire, owners: Owners, *, stopped: datetime, acknowledged: Sequence[Said] = ()
) -> Iterator[tuple[Chosen, datetime]]:
    """Who is in charge one after the other, and from when on, if nobody says anything more; raises as `in_charge`."""
    before, moment = "", stopped
    for _ in range(MOST_TURNS):
        chosen = in_charge(tripwire, owners, stopped=stopped, at=moment, acknowledged=acknowledged)
        if chosen.person == before:
            return
        yield chosen, moment
        if chosen.decide_by is None:
            return
        before, moment = chosen.person, chosen.decide_by + timedelta(seconds=1)


def check_register(tripwire: Tripwire, owners: Owners, at: datetime) -> None:
    """BadInput unless the register names everybody whom the tripwire does, and somebody at every stage after them."""
    for key, person in (("owner", tripwire.owner), ("deputy", tripwire.deputy), ("proposes", tripwire.proposes)):
        if person is not None and person not in owners.people:
            raise BadInput(
                value=f"tripwire {tripwire.tripwire}: {key}",
                rule=f"{person!r} is not among people of the register of {owners.organisation}",
                remedy="add the person there, or name another",
            )
    list(turns(tripwire, owners, stopped=at))
