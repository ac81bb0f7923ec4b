"""`corrigible list`: everything registered, read from source text without importing it."""

from corrigible.commands.answer import Answer, table
from corrigible.registry import Entry, registry

HEADINGS = {
    "experiment": "Experiments (corrigible run NAME)",
    "detector": "Detectors",
    "lens": "Lenses",
    "remedy": "Remedies",
}


def list_registered() -> Answer:
    """All experiments, detectors, lenses and remedies with one line each, and files that could not be read."""
    found = registry()
    lines: list[str] = []
    for kind, heading in HEADINGS.items():
        entries = [entry for entry in found.entries if entry.declaration.kind == kind]
        rows = [(entry.name, _about(entry), entry.declaration.summary) for entry in entries]
        lines += [heading, *(f"  {line}" for line in table(("name", _column(kind), "what it is"), rows)), ""]
    lines += [f"not loaded: {problem}" for problem in found.problems]
    data = {
        "entries": [
            {
                "kind": entry.declaration.kind,
                "name": entry.name,
                "summary": entry.declaration.summary,
                "version": entry.declaration.version,
                "claims": list(entry.declaration.claims),
                "reads": list(entry.declaration.reads),
                "stage": entry.declaration.stage,
                "uses_oracle": entry.declaration.uses_oracle,
                "applies_to": list(entry.declaration.applies_to),
                "origin": entry.origin,
            }
            for entry in found.entries
        ],
        "problems": list(found.problems),
    }
    return Answer(data=data, lines=tuple(lines))


def _column(kind: str) -> str:
    return {"experiment": "claims", "detector": "reads", "lens": "for", "remedy": "stage"}[kind]


def _about(entry: Entry) -> str:
    told = entry.declaration
    if told.kind == "experiment":
        return ", ".join(map(str, told.claims)) or "-"
    if told.kind == "detector":
        return ", ".join(told.reads)
    if told.kind == "lens":
        return ", ".join(told.applies_to)
    return f"{told.stage}{' (oracle)' if told.uses_oracle else ''}"
