"""A decision of the gate as files: gate.json, and a page that opens from disk."""

from dataclasses import asdict
from pathlib import Path

from llmvis import storage
from llmvis.evaluation.formats import BAR_NAMES, LANGUAGES, split_title, template
from llmvis.model_registry.decisions import Decision

_WHOLE = {
    "all_correct": "everything right",
    "r_precision": "R-precision",
    "seed_diversity": "diversity between seeds",
    "memorisation": "pictures that are no copies",
    "seconds_per_picture": "seconds for a picture",
}


def write(decision: Decision, folder: Path) -> None:
    """Writes gate.json and index.html into an existing folder."""
    content = {"verdict": decision.verdict, **asdict(decision)}
    storage.write_json(folder / "gate.json", content)
    (folder / "index.html").write_text(render(decision), "utf-8")


def render(decision: Decision) -> str:
    """Writes the page: HTML that needs no other file and no network."""
    return template("gate.html.j2", Path(__file__).parent).render(
        decision=decision,
        measured=decision.measured,
        config=decision.config,
        name=_name,
    )


def _name(path: str) -> str:
    """Names a score for people: "all_correct.zh" is "everything right, Chinese"."""
    first, *rest = path.split(".")
    if first == "alignment":
        split, language, measure = rest
        return f"{_name(measure)}, {split_title(split)}, {_language(language)}"
    name = _WHOLE.get(first) or BAR_NAMES.get(first, first)
    by_language = first in {"all_correct", "r_precision"} and rest
    return f"{name}, {_language(rest[0])}" if by_language else name


def _language(code: str) -> str:
    return LANGUAGES.get(code, code)
