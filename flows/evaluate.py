"""model + judge -> report: draws the test prompts and tells how good that is."""

import subprocess
from pathlib import Path

import pandas as pd

from flows import progress
from llmvis import config, storage
from llmvis.errors import MismatchError, MissingStage

EXAMPLES, MODEL, JUDGE = Path("data/examples"), Path("data/model"), Path("data/judge")
TOKENS, TRAINING = Path("data/tokens"), Path("data/training")
REPORT = Path("data/report")
_LISTED = 8  # licenses; the data card has all


def evaluate() -> None:
    """Writes data/report: metrics.json, prompts.parquet, pictures, index.html.

    Raises:
        MissingStage: There is no model or no judge.
        MismatchError: Model, judge and examples were not made from each other.
        DataError: There are too few prompts to score.
    """
    params = config.read()
    for folder, stage in ((MODEL, "finish"), (JUDGE, "judge")):
        if not folder.exists():  # noticed before the slow imports
            raise MissingStage(folder, stage)
    progress.report(0, 1, "loading the model and the judge")
    from llmvis import evaluation, judges
    from llmvis.text_to_image import TextToImage

    model, judge = TextToImage.load(MODEL), judges.load(JUDGE)
    _check_tokens(model)
    findings = evaluation.evaluate(model, judge, EXAMPLES, params, progress.report)
    with storage.staged(REPORT) as folder:
        evaluation.write(findings, folder, TRAINING, _facts(model, judge, params))


def _check_tokens(model) -> None:
    made_from = model.about["tokens"]
    if TOKENS.exists() and storage.fingerprint(TOKENS) != made_from:
        raise MismatchError(
            f"The model was trained on tokens {made_from}, and {TOKENS} holds others. "
            "Run `llmvis train` again."
        )


def _facts(model, judge, params: config.Params) -> dict[str, str]:
    licenses = {
        split: storage.read_table(EXAMPLES, split, ["license"])["license"]
        for split in storage.splits(EXAMPLES)
    }
    counts = pd.concat(licenses.values()).value_counts().head(_LISTED)
    num_accepted = sum(map(len, licenses.values()))
    num_refused = len(storage.read_refusals(EXAMPLES))
    source, sampling = params.ingest.source, params.sampling
    return {
        "model": f"{model.family}, {model.num_parameters / 1e6:.1f} million parameters",
        "data set": f"{source}, {len(licenses['train']):,} training pictures",
        "refused": f"{num_refused:,} of {num_accepted + num_refused:,} items",
        "splits": ", ".join(f"{split} {len(one):,}" for split, one in licenses.items()),
        "licenses": ", ".join(f"{name} {count:,}" for name, count in counts.items()),
        "drawn with": f"guidance scale {sampling.guidance_scale}, temperature "
        f"{sampling.temperature}, top-k {sampling.top_k}, {sampling.num_steps} steps",
        "judge": judge.name,
        "judge files": storage.fingerprint(JUDGE),
        "examples": storage.fingerprint(EXAMPLES),
        "model files": storage.fingerprint(MODEL),
        "tokens": model.about["tokens"],
        "commit": _commit(),
    }


def _commit() -> str:
    """Names the commit the code is at; a folder that git does not know has none."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "not in git"
