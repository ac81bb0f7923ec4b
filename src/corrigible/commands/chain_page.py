"""The pages of `corrigible chain .. --report`: what was answered, with pictures, for people without Markov theory."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from corrigible.errors import BadInput
from corrigible.report.chain_page import Bar, Branch, ChainPage, CurveOf, Part, render_chain
from corrigible.store import disk_faults, replace_file

if TYPE_CHECKING:
    from corrigible.chains.exact.windows import WindowChain
    from corrigible.commands.chain import Asked

DEEP: Final = 6
"""Tokens before the end that the tree of events shows."""

WIDE: Final = 4
"""Branches of a node, the commonest first."""

LEAST: Final = 0.02
"""Share of all ways below which a branch is left out."""


def write_settling(asked: "Asked", chain: "WindowChain", data: Mapping[str, Any]) -> tuple[str, ...]:
    """Where it settles; returns what to tell the user."""
    parts: list[Part] = []
    for k, item in enumerate(data["classes"]):
        name = "Where it settles" if len(data["classes"]) == 1 else f"Where it may settle: {k + 1}"
        ends = item["ends here"]
        told = [
            f"{item['windows']:,} of {chain.states:,} windows, which are never left. The commonest, in the long run:"
        ]
        if ends is not None:
            told.insert(0, f"From the prompt it ends here with probability {ends:.4g}.")
        if item["period"] > 1:
            told.insert(
                0, f"It goes round: every window can come back only after a multiple of {item['period']} steps."
            )
        most = max(row["share"] for row in item["likeliest"])
        parts.append(
            Part(
                title=name,
                told=tuple(told),
                bars=tuple(
                    Bar(name=row["window"], share=row["share"] / most, written=f"{row['share']:.4f}")
                    for row in item["likeliest"]
                ),
            )
        )
        lags = item["information"]
        parts.append(
            Part(
                title=f"What a token tells of later ones{'' if len(data['classes']) == 1 else f': {k + 1}'}",
                told=(
                    "Nats of information that a token holds about the one so many later; at zero all is forgotten. "
                    f"In theory it falls by a factor of {item['second eigenvalue'] ** 2:.3g} a token at last.",
                ),
                curve=CurveOf(
                    x=tuple(float(n) for n in range(1, len(lags) + 1)), y=tuple(lags), axes=("tokens later", "")
                ),
            )
        )
    lead = (asked.told(chain), _structure_told(data))
    return write_page(asked, ChainPage(title="Where it settles", lead=lead, parts=tuple(parts), facts=_facts(data)))


def _structure_told(data: Mapping[str, Any]) -> str:
    if data["recurrent"] == 1:
        return "Wherever it starts, it ends in the same long run."
    return f"Where it ends depends on where it starts: there are {data['recurrent']} places that are never left."


def write_loops(asked: "Asked", chain: "WindowChain", data: Mapping[str, Any]) -> tuple[str, ...]:
    """The landscape of attractors of greedy decoding."""
    part = Part(
        title="The loops",
        told=("Saying the likeliest token every time always ends in a loop. From what share of all windows in which:",),
        bars=tuple(
            Bar(name=f"{row['says']} ({row['period']})", share=row["basin"], written=f"{row['basin']:.1%}")
            for row in data["shown"]
        ),
    )
    lead = (asked.told(chain), f"There are {data['cycles']} loops; numbers in brackets are their lengths.")
    return write_page(asked, ChainPage(title="In which loops it ends", lead=lead, parts=(part,), facts=_facts(data)))


def write_events(asked: "Asked", chain: "WindowChain", data: Mapping[str, Any]) -> tuple[str, ...]:
    """The chains of events that lead to an end, as a tree that is read backwards."""
    near = data["likeliest"]["foreseen"]
    tree = events_tree(
        [row["says"].split(" | ")[1].split() for row in data["ways"]], [row["share"] for row in data["ways"]]
    )
    parts = (
        Part(
            title="How the end came near",
            told=(
                f"The likeliest way, {data['likeliest']['share']:.1%} of all: {data['likeliest']['says']}",
                "Probability of the end, step by step along that way. Where it jumps, that token did it.",
            ),
            curve=CurveOf(
                x=tuple(float(t) for t in range(len(near))), y=tuple(near), axes=("step", ""), include=(0.0, 1.0)
            ),
        ),
        Part(
            title="What was said before",
            told=(
                f"Read backwards from the end: of {data['samples']} ways drawn from the exact posterior, the share "
                "that came by here. Branches under 2 % are left out.",
            ),
            tree=tree,
        ),
    )
    lead = (
        asked.told(chain),
        f"It says {data['final']!r} {data['steps']} steps after {data['prior']} with probability "
        f"{data['probability']:.4g}.",
    )
    return write_page(asked, ChainPage(title="How it came to that", lead=lead, parts=parts, facts=_facts(data)))


def events_tree(texts: Sequence[Sequence[str]], shares: Sequence[float], depth: int = DEEP) -> tuple[Branch, ...]:
    """Texts with their shares, read from the last token backwards: the commonest branches of each node."""
    if depth == 0:
        return ()
    grouped: dict[str, list[int]] = {}
    for k, text in enumerate(texts):
        if text:
            grouped.setdefault(text[-1], []).append(k)
    found = [
        Branch(
            token=token,
            share=sum(shares[k] for k in members),
            before=events_tree([texts[k][:-1] for k in members], [shares[k] for k in members], depth - 1),
        )
        for token, members in grouped.items()
    ]
    found.sort(key=lambda item: (-item.share, item.token))
    return tuple(item for item in found[:WIDE] if item.share >= LEAST)


def write_rare(asked: "Asked", chain: "WindowChain", data: Mapping[str, Any]) -> tuple[str, ...]:
    """How likely an event becomes with time."""
    reached = data["by step"]
    part = Part(
        title="With time",
        told=("Probability that it has been said by then, exact.",),
        curve=CurveOf(x=tuple(float(t) for t in range(len(reached))), y=tuple(reached), axes=("step", "")),
    )
    waiting = data["mean steps"]
    lead = (
        asked.told(chain),
        f"Within {data['steps']} steps of {data['prior']} it says {data['event']} with probability "
        f"{data['probability']:.4g}.",
        "It may never be said." if waiting is None else f"On average it takes {waiting:.4g} steps.",
    )
    return write_page(asked, ChainPage(title="How likely it is", lead=lead, parts=(part,), facts=_facts(data)))


def _facts(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    skipped = {"classes", "shown", "likeliest", "sampled", "tokens", "by step", "ways"}
    plain = [(name, str(value)) for name, value in data.items() if name not in skipped]
    return (
        *plain,
        ("how", "exact: every window was enumerated, nothing was estimated but the samples that are counted"),
    )


def write_page(asked: "Asked", page: ChainPage) -> tuple[str, ...]:
    """Write it whole; returns what to tell the user. Raises BadInput for a name that is no .html."""
    path = asked.report or Path("chain.html")
    if path.suffix != ".html":
        raise BadInput(value=f"--report {path}", rule="its name ends in .html", remedy="name it so")
    with disk_faults("the page of a chain", path, retry="ask again"):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, render_chain(page).encode())
    return (f"Page: {path}",)
