"""Pages of what was estimated: drift curves beside a reference, loops, and the fate of an error."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from corrigible.commands.chain_drift import drift_told, fate_told
from corrigible.commands.chain_page import events_tree, write_page
from corrigible.commands.chain_turns import drift_in_turns
from corrigible.report.chain_page import Bar, ChainPage, CurveOf, Part

if TYPE_CHECKING:
    from corrigible.commands.chain import Asked


def write_drift(asked: "Asked", data: Mapping[str, Any]) -> tuple[str, ...]:
    """The page of `chain drift`."""
    parts = [
        Part(
            title="Does its text go astray?",
            told=(
                _sentence(drift_told(data["drift"])),
                "How far the model's expectations on its own text are from those on the reference, along the text; "
                "at 0 they cannot be told apart. The band is 95 % over texts.",
            ),
            curve=_curve(data["apart"], "nats"),
        ),
        Part(
            title="Does an error grow or heal?",
            told=(
                _sentence(fate_told(data["error"]["fate"])),
                "One token is put in the place of another. How much further what follows is from text without the "
                "error than two texts without it are from one another.",
            ),
            curve=_curve(data["error"]["excess"], "nats"),
        ),
        Part(
            title="How sure it is",
            told=("Uncertainty of the next token on its own text (line with band), and on the reference (thin).",),
            curve=_curve(data["entropy"]["own"], "nats", beside=data["entropy"]["reference"]["mean"]),
        ),
    ]
    if data["topic"] is not None:
        parts.append(_topic(data["topic"]))
    parts += [_loops(data), _samples(data)]
    lead = (
        _sentence(f"{data['chain']}."),
        f"{data['texts']} texts, each gone on with by {data['steps']} tokens; reference: {data['reference']}.",
    )
    facts = (
        ("chain", str(data["chain"])),
        ("seed", str(data["seed"])),
        ("spent", str(data["spent"])),
        ("how", "estimated from samples; intervals by bootstrap over texts"),
    )
    return write_page(asked, ChainPage(title="Where its text goes", lead=lead, parts=tuple(parts), facts=facts))


def _topic(topic: Mapping[str, Any]) -> Part:
    return Part(
        title="Does it keep to its topic?",
        told=("Likeness of what is said to the prompt, by meaning; own text, and the reference (thin).",),
        curve=CurveOf(
            x=tuple(map(float, topic["tokens"])),
            y=tuple(topic["own"]),
            axes=("tokens", ""),
            beside=tuple(topic["reference"]),
        ),
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _curve(told: Mapping[str, Any], unit: str, beside: list[float] | None = None, of: str = "token") -> CurveOf:
    return CurveOf(
        x=tuple(float(t + 1) for t in range(len(told["mean"]))),
        y=tuple(told["mean"]),
        low=tuple(told["low"]),
        high=tuple(told["high"]),
        beside=tuple(beside or ()),
        axes=(of, unit),
    )


def _loops(data: Mapping[str, Any]) -> Part:
    loops = data["loops"]
    own, other = loops["own"], loops["reference"]
    most = max((row["texts"] for row in loops["phrases"]), default=1)
    return Part(
        title="Which loops it falls into",
        told=(
            f"{own['hits']} of {own['of']} of its texts fall into a loop; of the reference {other['hits']} of "
            f"{other['of']} look like one (false alarms).",
        ),
        bars=tuple(
            Bar(name=row["says"].strip() or repr(row["says"]), share=row["texts"] / most, written=f"{row['texts']}")
            for row in loops["phrases"]
        ),
    )


def _samples(data: Mapping[str, Any]) -> Part:
    told = [f"{row['prompt']} [..] {row['own']}" for row in data["samples"]]
    return Part(title="What it said", told=tuple(told))


def write_reverse(asked: "Asked", data: Mapping[str, Any]) -> tuple[str, ...]:
    """The page of `chain reverse`, estimated."""
    turns, ways = data["turns"], data["ways"]
    tree = events_tree([row["tokens"] for row in ways], [row["share"] for row in ways])
    parts = (
        Part(
            title="How the end came near",
            told=(
                f"The sample of most weight: {data['weightiest']}",
                "Logarithm of the probability that the end is said next, after each token. Where it jumps, that token "
                "did it.",
            ),
            curve=CurveOf(
                x=tuple(float(t) for t in range(len(turns))),
                y=tuple(turn["log probability"] for turn in turns),
                axes=("token", "nats"),
            ),
        ),
        Part(
            title="What was said before",
            told=(
                "Read backwards from the end: the share of the weighted samples that came by here. Branches under 2 % "
                f"are left out. It rests on {min(data['effective']):.0f} independent draws at least.",
            ),
            tree=tree,
        ),
        Part(title="Some ways there", told=tuple(f"{row['share']:.1%}: {row['says']}" for row in ways[:8])),
    )
    lead = (
        _sentence(f"{data['chain']}."),
        f"It says {data['final']!r} {data['steps']} tokens after {data['prior']} with {_told(data['probability'])}; "
        f"{_told(data['second'])} by an unrelated score.",
    )
    return write_page(
        asked, ChainPage(title="How it came to that", lead=lead, parts=parts, facts=_estimated_facts(data))
    )


def write_rare_estimated(asked: "Asked", data: Mapping[str, Any]) -> tuple[str, ...]:
    """The page of `chain rare`, estimated."""
    part = Part(
        title="Two estimates that agree",
        told=tuple(
            f"{_sentence(one['how'])}: {_told(one)}, from {one['runs']} independent runs."
            for one in (data["probability"], data["second"])
        ),
    )
    lead = (
        _sentence(f"{data['chain']}."),
        f"Within {data['steps']} tokens of {data['prior']} it says {data['event']} with {_told(data['probability'])}.",
    )
    return write_page(
        asked, ChainPage(title="How likely it is", lead=lead, parts=(part,), facts=_estimated_facts(data))
    )


def _told(one: Mapping[str, Any]) -> str:
    return f"probability {one['value']:.3g} [{one['low']:.3g}, {one['high']:.3g}]"


def _estimated_facts(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return (
        ("chain", str(data["chain"])),
        ("prior", f"what it says after {data['prior']}"),
        ("seed", str(data["seed"])),
        ("spent", str(data["spent"])),
        ("how", "estimated from weighted samples; two unrelated scores agree, else there would be no answer"),
    )


def write_settling_sampled(asked: "Asked", data: Mapping[str, Any]) -> tuple[str, ...]:
    """The page of `chain stationary`, from samples."""
    told = data["information"]
    parts = (
        Part(
            title="How sure it is",
            told=("Uncertainty of the next token along long texts; where it is level, they have settled.",),
            curve=_curve(data["entropy"], "nats"),
        ),
        Part(
            title="What a token tells of later ones",
            told=(
                f"Between {told['clusters']} clusters of tokens, less what shuffled texts show: a lower bound. At zero "
                "all is forgotten.",
            ),
            curve=CurveOf(
                x=tuple(map(float, told["lags"])), y=tuple(told["value"]), low=tuple(told["low"]),
                high=tuple(told["high"]), axes=("tokens later", "nats"),
            ),
        ),
        _sampled_loops(data["loops"]),
    )  # fmt: skip
    lead = (_sentence(f"{data['chain']}."), f"{data['texts']} texts of {data['steps']} tokens after {data['prior']}.")
    return write_page(asked, ChainPage(title="Where it settles", lead=lead, parts=parts, facts=_sampled_facts(data)))


def write_loops_sampled(asked: "Asked", data: Mapping[str, Any]) -> tuple[str, ...]:
    """The page of `chain loops`, from samples."""
    greedy = data["greedy"]
    lead = (
        _sentence(f"{data['chain']}."),
        "Saying the likeliest token every time, no loop closed."
        if greedy is None
        else f"Saying the likeliest token every time, it loops after {greedy['steps before']} tokens, with period "
        f"{greedy['period']}: {greedy['says']}",
    )
    page = ChainPage(
        title="In which loops it ends", lead=lead, parts=(_sampled_loops(data["loops"]),), facts=_sampled_facts(data)
    )
    return write_page(asked, page)


def _sampled_loops(loops: Mapping[str, Any]) -> Part:
    caught, again = loops["caught"], loops["again"]
    most = max((row["texts"] for row in loops["phrases"]), default=1)
    told = [
        f"{caught['hits']} of {caught['of']} texts fall into a loop. Beside each: in how many texts.",
        *(
            f"After {r} rounds it comes round once more in {one['hits']} of {one['of']} cases."
            for r, one in list(again.items())[:3]
        ),
    ]
    return Part(
        title="Which loops it falls into",
        told=tuple(told),
        bars=tuple(
            Bar(name=row["says"].strip() or repr(row["says"]), share=row["texts"] / most, written=f"{row['texts']}")
            for row in loops["phrases"]
        ),
    )


def _sampled_facts(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return (
        ("chain", str(data["chain"])),
        ("start", str(data["prior"])),
        ("seed", str(data["seed"])),
        ("spent", str(data["spent"])),
        ("how", "estimated from samples; intervals by bootstrap over texts, those of counts exact binomial"),
    )


def write_turns(asked: "Asked", data: Mapping[str, Any]) -> tuple[str, ...]:
    """The page of `chain drift --goal`."""
    parts = (
        Part(
            title="Does it keep to its goal?",
            told=(
                drift_in_turns(data["drift"]),
                "How far each turn is from what would be said right after the goal and the last turn (line with band); "
                "thin: the same talks with a strange third turn.",
            ),
            curve=_curve(data["clean"], "nats", beside=data["erring"]["mean"], of="turn"),
        ),
        Part(
            title="Does the strange turn heal?",
            told=(f"It said instead: {data['strange']}", "The second less the first."),
            curve=_curve(data["excess"], "nats", of="turn"),
        ),
        Part(title="The first talk", told=tuple(data["transcript"].split("\n"))),
    )
    lead = (_sentence(f"{data['chain']}."), f"{data['talks']} talks of {data['turns']} turns about: {data['goal']}")
    facts = (
        ("chain", str(data["chain"])),
        ("seed", str(data["seed"])),
        ("spent", str(data["spent"])),
        ("how", "estimated from samples; intervals by bootstrap over talks"),
    )
    return write_page(asked, ChainPage(title="Turn by turn", lead=lead, parts=parts, facts=facts))


def write_one_step(asked: "Asked", data: Mapping[str, Any]) -> tuple[str, ...]:
    """The page of `chain reverse`, one token before the end."""
    part = Part(
        title="What was said before",
        told=(f"{data['tried']:,} tokens were tried, the others carry {data['rest']:.1%}.",),
        bars=tuple(Bar(name=row["says"], share=row["share"], written=f"{row['share']:.1%}") for row in data["ways"]),
    )
    lead = (
        _sentence(f"{data['chain']}."),
        f"It says {data['final']!r} one token after {data['prior']} with probability "
        f"{data['probability']['value']:.4g}.",
    )
    facts = (*_estimated_facts(data)[:-1], ("how", "by enumeration of the likeliest tokens; the rest is estimated"))
    return write_page(asked, ChainPage(title="How it came to that", lead=lead, parts=(part,), facts=facts))
