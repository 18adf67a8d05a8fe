"""What each step of finishing does to pictures: figures of the same codes, and some."""

from collections.abc import Sequence

import numpy as np

from llmvis.config import Params
from llmvis.evaluation import alignment, asking, fidelity
from llmvis.evaluation.asking import Asked, Progress
from llmvis.finishing.resizing import reduce

_NUM_SHOWN = 8  # pictures, after each step
Shown = list[tuple[str, np.ndarray]]


def finishing_figures(
    model,
    judge,
    asked: Sequence[Asked],
    reals: np.ndarray,
    params: Params,
    progress: Progress,
) -> tuple[dict[str, dict], Shown]:
    """Measures pictures before finishing, and after each step of it.

    All other figures of a report are of finished pictures, since those are what is
    served.

    Args:
        model: A `TextToImage`.
        judge: A `judges.Judge`.
        asked: The prompts of the report.
        reals: The picture that each describes, shape `(N, H, W, 3)`, uint8.
        params: Sections `evaluate` and `sampling` are used.
        progress: Told how far it is: done, total, what.

    Returns:
        Nothing for a model that finishes nothing. Else under `finishing`: `unfinished`,
        the scores of the same prompts, seeds and codes without finishing; and `steps`,
        for each step, together with those before it, `psnr` (decibels) and `ssim` of
        real pictures after image tokenizer and finishing, at the size of the
        originals, and `alignment`, scores like those above. Beside that some drawn
        pictures, under `unfinished` and under each step.
    """
    if model.finisher is None:
        return {}, []
    seed, once = params.evaluate.seed, asking.first_of(asked)
    images = reals[once]
    plain = asking.draw(
        model.unfinished(), asked, params.evaluate, params.sampling, progress
    )

    def scores_of(pictures):
        seen = reduce(pictures, pictures.shape[1] // images.shape[1])
        return alignment.scores(
            alignment.judged_rows(judge, plain.asked, seen, seed), seed
        )

    some = slice(None, None, max(1, len(plain.images) // _NUM_SHOWN))
    shown = [("unfinished", plain.images[some][:_NUM_SHOWN])]
    steps = {}
    for (step, drawn), (_, real) in zip(
        model.finisher.after_each_step(
            plain.images, [one.prompt for one in plain.asked]
        ),
        model.finisher.after_each_step(
            model.reconstruct(images), [asked[i].prompt for i in once]
        ),
        strict=True,
    ):
        seen = reduce(real, real.shape[1] // images.shape[1])
        steps[step] = {
            **fidelity.likeness_figures(images, seen, seed),
            "alignment": scores_of(drawn),
        }
        shown.append((step, drawn[some][:_NUM_SHOWN]))
    return {"finishing": {"unfinished": scores_of(plain.images), "steps": steps}}, shown
