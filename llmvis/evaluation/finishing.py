"""What finishing does to pictures: figures of the same codes, before and after it."""

from collections.abc import Sequence

import numpy as np

from llmvis.config import Params
from llmvis.evaluation import alignment, asking, fidelity
from llmvis.evaluation.asking import Asked, Progress
from llmvis.finishing.resizing import reduce


def finishing_figures(
    model,
    judge,
    asked: Sequence[Asked],
    images: np.ndarray,
    params: Params,
    progress: Progress,
) -> dict[str, dict]:
    """Measures real pictures that are finished, and drawn ones that are not.

    All other figures of a report are of finished pictures, since those are what is
    served.

    Args:
        model: A `TextToImage`.
        judge: A `judges.Judge`.
        asked: The prompts of the report.
        images: Real pictures, shape `(N, H, W, 3)`, uint8.
        params: Sections `evaluate` and `sampling` are used.
        progress: Told how far it is: done, total, what.

    Returns:
        Empty for a model that finishes nothing. Else under `finishing`: `psnr`
        (decibels) and `ssim` of the real pictures after image tokenizer and
        finishing, at the size of the originals; and `unfinished`, the scores of
        the same prompts, seeds and codes without finishing.
    """
    if model.finisher is None:
        return {}
    seed = params.evaluate.seed
    finished = model.finish(model.reconstruct(images))
    seen = reduce(finished, finished.shape[1] // images.shape[1])
    plain = asking.draw(
        model.unfinished(), asked, params.evaluate, params.sampling, progress
    )
    rows = alignment.judged_rows(judge, plain.asked, plain.images, seed)
    figures = fidelity.likeness_figures(images, seen, seed)
    return {"finishing": {**figures, "unfinished": alignment.scores(rows, seed)}}
