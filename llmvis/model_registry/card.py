"""The model card: what a version is, how good, and what it must not be used for.

Mitchell et al., 2019, "Model Cards for Model Reporting", https://arxiv.org/abs/1810.03993.
"""

import json
from collections.abc import Mapping

import jinja2
from mlflow.entities import Run

from llmvis.config import SamplingConfig
from llmvis.model_registry import figures
from llmvis.model_registry.provenance import Version

_LONGEST = 5000  # characters; what MLflow's database keeps of a description
_TOLD = ("all_correct", "soft_tifa_gm", "r_precision")
_ALSO_TOLD = (
    "distribution/judge_features/kid",
    "memorisation/copies",
    "tokenizer/psnr",
)


def write(version: Version, sampling: SamplingConfig, report: Mapping, run: Run) -> str:
    """Writes the card in Markdown, with as many of the main figures as fit.

    Args:
        version: What is registered.
        sampling: What it draws with.
        report: The content of metrics.json.
        run: The training that made it, for its params, data and code.
    """
    template = _template()
    rows = _rows(report)
    inputs = run.inputs.dataset_inputs if run.inputs else []
    known = {
        "version": version,
        "sampling": sampling,
        "params": run.data.params,
        "tags": run.data.tags,
        "datasets": [_dataset(made.dataset) for made in inputs],
    }
    for kept in range(len(rows), -1, -1):
        card = template.render(known, rows=rows[:kept])
        if len(card) <= _LONGEST:
            return card
    return card[:_LONGEST]


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("llmvis.model_registry", "."),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown, not HTML
    )
    environment.filters["figure"] = lambda v: "" if v is None else f"{v:.3g}"
    return environment.get_template("card.md.jinja")


def _rows(report: Mapping) -> list[dict]:
    """Lists the main figures, each beside what chance and real pictures score."""
    flat, estimates = figures.flatten(report), figures.estimates(report)
    told = [p for p in estimates if p.startswith("alignment/") and p.endswith(_TOLD)]
    told += [path for path in _ALSO_TOLD if path in estimates]
    rows = []
    for path in told:
        split = path.removeprefix("alignment/")
        chance, real = f"shuffled/{split}", f"real/{split}"
        rows.append(
            {
                "name": split,
                "value": estimates[path],
                "low": flat.get(f"{path}/low", estimates[path]),
                "high": flat.get(f"{path}/high", estimates[path]),
                "n": int(flat.get(f"{path}/n", 0)),
                "chance": estimates.get(chance),
                "real": estimates.get(real),
            }
        )
    return rows


def _dataset(dataset) -> dict:
    profile = json.loads(dataset.profile or "{}")
    return {"name": dataset.name, "digest": dataset.digest, **profile}
