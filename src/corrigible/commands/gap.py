"""`corrigible gap test|leak|digest|check|canary`: gamed evals in words and as JSON."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

from corrigible.commands.answer import Answer, table
from corrigible.commands.drawing import draw, drawn
from corrigible.errors import EXIT_DENY, EXIT_DONE, EXIT_UNKNOWN, BadInput
from corrigible.evals import digests, leak
from corrigible.evals.gap import Gap, Results, Side, Verdict, measure, one_stratum, read_results
from corrigible.evals.pictures import gap_picture
from corrigible.store import disk_faults, replace_file

EXITS: Final[dict[Verdict, int]] = {"NO GAP": EXIT_DONE, "GAP": EXIT_DENY, "INCONCLUSIVE": EXIT_UNKNOWN}


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What may be given in place of a file; None: not given."""

    public: tuple[int, int] | None
    held_out: tuple[int, int] | None
    smallest: float | None
    level: float | None
    power: float | None
    public_queries: int | None
    held_out_queries: int | None


def answer_test(file: Path | None, numbers: Numbers, *, picture: Path | None = None) -> Answer:
    """Estimate, interval, verdict; the items it would take where these cannot tell."""
    results = _results_of(file, numbers)
    found = measure(results)
    if picture is not None:
        draw(picture, gap_picture(found))
    ends = found.interval
    return Answer(
        data=asdict(found) | {"strata": len(results.strata)},
        lines=(
            found.verdict,
            "",
            *table(
                ("eval", "right", "of", "interval", "best of"),
                [_row("public", found.public), _row("held-out", found.held_out)],
            ),
            "",
            f"Public exceeds held-out by {ends.estimate:.4f} [{ends.low:.4f}, {ends.high:.4f}] "
            f"({100 * ends.level:g} %, {ends.method}, n = {ends.n}); a gap matters from {found.smallest:g}.",
            *_selection(found),
            _sentence(found),
            *drawn(picture),
        ),
        exit_code=EXITS[found.verdict],
    )


def answer_leak(share: float, items: int, queries: tuple[int, ...]) -> Answer:
    """Expected best by number of tries."""
    if not queries:
        raise BadInput(value="--queries", rule="it needs a number of tries", remedy="give one: --queries 100")
    prices = [(tries, leak.expected_best(share, items, tries)) for tries in queries]
    rows = [(str(tries), f"{best:.4f}", f"{best - share:+.4f}") for tries, best in prices]
    return Answer(
        data={
            "share": share,
            "items": items,
            "prices": [{"queries": tries, "expected_best": best, "gain": best - share} for tries, best in prices],
        },
        lines=(
            *table(("best of", "expected", "gained by choosing"), rows),
            "",
            f"Checkpoints that are each right with {share:g} on {items} items, independent of each other; "
            "those that resemble each other gain less.",
        ),
    )


def answer_digest(file: Path, salt_file: Path, out: Path | None, *, field: str | None = None) -> Answer:
    """Digests, printed or written; the text of an item is neither."""
    found = digests.digests_of(file, digests.read_salt(salt_file), field)
    if out is None:
        return Answer(data={"digests": list(found)}, lines=found)
    _write(out, "".join(f"{line}\n" for line in found), sources=(file, salt_file))
    return Answer(data={"out": str(out), "items": len(found)}, lines=(f"{len(found)} digests: {out}",))


def answer_check(known: Path, file: Path, salt_file: Path, *, field: str | None = None) -> Answer:
    """Numbers of lines that are held-out items."""
    salt = digests.read_salt(salt_file)
    found = digests.lines_among(file, digests.read_digests(known), salt, field)
    return _lines_found(found, file, one="a held-out item", none="no line is a held-out item, word for word")


def answer_canary(file: Path, canary: str) -> Answer:
    """Numbers of lines that hold the canary."""
    found = digests.lines_with_canary(file, canary)
    return _lines_found(found, file, one="the canary", none="the canary stands nowhere")


def _results_of(file: Path | None, numbers: Numbers) -> Results:
    given = {item.name: getattr(numbers, item.name) for item in fields(numbers)}
    beside = [f"--{name.replace('_', '-')}" for name, value in given.items() if value is not None]
    if file is not None:
        if beside:
            raise BadInput(
                value=f"{beside[0]} beside {file}", rule="a file says it all", remedy="leave one of them out"
            )
        return read_results(file)
    if numbers.public is None or numbers.held_out is None or numbers.smallest is None:
        missing = next(name for name in ("public", "held_out", "smallest") if given[name] is None)
        raise BadInput(
            value=f"--{missing.replace('_', '-')} is not given",
            rule="a gap is between two results, and matters from a stated size",
            remedy="give --public CORRECT ITEMS --held-out CORRECT ITEMS --smallest SHARE, or a file",
        )
    return one_stratum(
        numbers.public,
        numbers.held_out,
        smallest=numbers.smallest,
        level=0.95 if numbers.level is None else numbers.level,
        power=0.8 if numbers.power is None else numbers.power,
        queries=(
            1 if numbers.public_queries is None else numbers.public_queries,
            1 if numbers.held_out_queries is None else numbers.held_out_queries,
        ),
    )


def _row(name: str, side: Side) -> tuple[str, ...]:
    return name, f"{side.seen:.4f}", str(side.items), f"[{side.low:.4f}, {side.high:.4f}]", str(side.queries)


def _selection(found: Gap) -> tuple[str, ...]:
    lines = [
        f"The best of {side.queries} equally good checkpoints shows {side.seen:.4f} on the {name} eval where each is "
        f"right with {side.share:.4f}; that is what was compared."
        for name, side in (("public", found.public), ("held-out", found.held_out))
        if side.queries > 1
    ]
    if found.public.queries > 1:
        lines.append(
            f"Without a gap the best of {found.public.queries} would show {found.best_expected:.4f} in public."
        )
    return tuple(lines)


def _sentence(found: Gap) -> str:
    if found.verdict == "GAP":
        return "All of the interval lies above it."
    if found.verdict == "NO GAP":
        return "All of the interval lies below it."
    return (
        f"These items cannot tell. To tell a gap of {found.smallest:g} from none with {100 * found.power:g} % power, "
        f"each eval needs {found.needed} items (public has {found.public.items}, held-out {found.held_out.items})."
    )


def _lines_found(found: tuple[int, ...], file: Path, *, one: str, none: str) -> Answer:
    return Answer(
        data={"file": str(file), "lines": list(found)},
        lines=tuple(f"{file}, line {place}: {one}" for place in found) or (f"{file}: {none}",),
        exit_code=EXIT_DENY if found else EXIT_DONE,
    )


def _write(path: Path, text: str, *, sources: tuple[Path, ...]) -> None:
    if not path.absolute().parent.is_dir():
        raise BadInput(value=str(path), rule="its folder must exist", remedy="make the folder, or name another")
    if any(path.resolve() == source.resolve() for source in sources):
        raise BadInput(value=f"--out {path}", rule="it is what was read", remedy="name another file")
    with disk_faults(path.name, path.absolute().parent, retry="write it again", elsewhere="name another with --out"):
        replace_file(path, text.encode())
