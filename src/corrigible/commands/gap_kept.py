"""`corrigible gap open|spend|spent|match|salt|mark`: what is kept beside an eval: ledger, salt, canary, strata."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from corrigible.commands.answer import Answer, table
from corrigible.errors import BadInput
from corrigible.evals import digests
from corrigible.evals.ledger import Ledger, affordable, open_ledger, read_ledger, spend
from corrigible.evals.matching import match, read_answered
from corrigible.oversight.moments import written
from corrigible.store import disk_faults, replace_file
from corrigible.store.files import write_new


def answer_open(
    path: Path, *, name: str, items: int, share: float, most_queries: int | None, most_leak: float | None, by: str
) -> Answer:
    """A new ledger with a budget in queries, or in what choosing may gain."""
    if (most_queries is None) == (most_leak is None):
        raise BadInput(
            value="--most-queries and --most-leak",
            rule="a budget is in queries, or in what choosing the best may gain",
            remedy="give one of them",
        )
    budget = most_queries if most_queries is not None else affordable(share, items, most_leak or 0.0)
    return _told(path, open_ledger(path, name=name, items=items, share=share, budget=budget, by=by))


def answer_spend(path: Path, *, queries: int, by: str, why: str) -> Answer:
    """A look is written down; refused beyond the budget."""
    return _told(path, spend(path, queries=queries, by=by, why=why))


def answer_spent(path: Path) -> Answer:
    """Where the ledger stands."""
    return _told(path, read_ledger(path))


def answer_match(file: Path, *, smallest: float, strata: int, out: Path) -> Answer:
    """Results by strata of matched difficulty, written for `gap test`."""
    found = match(read_answered(file), smallest=smallest, strata=strata)
    if not out.absolute().parent.is_dir():
        raise BadInput(value=str(out), rule="its folder must exist", remedy="make the folder, or name another")
    if out.resolve() == file.resolve():
        raise BadInput(value=f"--out {out}", rule="it is what was read", remedy="name another file")
    plain = found.results.model_dump(mode="json", by_alias=True)
    with disk_faults(out.name, out.absolute().parent, retry="write it again", elsewhere="name another with --out"):
        replace_file(out, yaml.safe_dump(plain, sort_keys=False, allow_unicode=True).encode())
    rows = [
        (
            item.stratum,
            *(f"{side.correct} of {side.items}" for side in (item.public, item.held_out)),
        )
        for item in found.results.strata
    ]
    public, held_out = found.left_out
    return Answer(
        data={"out": str(out), "results": plain, "left_out": {"public": public, "held_out": held_out}},
        lines=(
            *table(("stratum", "public", "held-out"), rows),
            "",
            f"Left out, since the other eval has nothing so difficult: {public} public, {held_out} held-out items.",
            f"Written: {out}. Now: corrigible gap test {out}",
        ),
    )


def answer_salt(path: Path) -> Answer:
    """A new secret salt, that its owner alone may read; never over another file."""
    if not path.absolute().parent.is_dir():
        raise BadInput(value=str(path), rule="its folder must exist", remedy="make the folder, or name another")
    if path.exists() or path.is_symlink():
        raise BadInput(
            value=str(path), rule="a salt never takes the place of a file", remedy="name another, or remove it"
        )
    before = os.umask(0o077)
    try:
        with disk_faults(path.name, path.absolute().parent, retry="try again", elsewhere="name another file"):
            write_new(path, digests.new_salt())
    finally:
        os.umask(before)
    return Answer(
        data={"out": str(path), "bytes": digests.NEW_SALT},
        lines=(f"{digests.NEW_SALT} random bytes: {path}", "Keep them secret: who has them can try guesses."),
    )


def answer_mark(name: str) -> Answer:
    """A new canary."""
    canary = digests.new_canary(name)
    return Answer(data={"canary": canary}, lines=(canary,))


def _told(path: Path, ledger: Ledger) -> Answer:
    rows = [(written(look.at), look.by, str(look.queries), look.why) for look in ledger.looks]
    return Answer(
        data={"ledger": str(path), **_plain(ledger)},
        lines=(
            f"{ledger.eval}: {ledger.spent} of {ledger.budget} queries are spent, {ledger.left} are left.",
            f"Choosing alone gains up to {ledger.price(ledger.spent):.4f} by the best of {ledger.spent} looks, up to "
            f"{ledger.price(ledger.budget):.4f} by that of all {ledger.budget} "
            f"({ledger.items} items at {ledger.share:g}).",
            *(("", *table(("at", "by", "queries", "why"), rows)) if rows else ()),
        ),
    )


def _plain(ledger: Ledger) -> Mapping[str, Any]:
    return {
        "eval": ledger.eval,
        "items": ledger.items,
        "share": ledger.share,
        "budget": ledger.budget,
        "spent": ledger.spent,
        "left": ledger.left,
        "leak": ledger.price(ledger.spent),
        "leak_of_budget": ledger.price(ledger.budget),
        "looks": [
            {"at": written(look.at), "by": look.by, "queries": look.queries, "why": look.why} for look in ledger.looks
        ],
    }
