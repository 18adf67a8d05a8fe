"""What the codes of held-out pictures warn of, in plain words."""

import numpy as np

from llmvis.image_tokenizers.batching import in_batches
from llmvis.image_tokenizers.layer_tokenizer import LayerTokenizer
from llmvis.image_tokenizers.sketch_tokenizer import SketchTokenizer
from llmvis.metrics.codebook import mean_codebook_use
from llmvis.metrics.psnr import psnr

_PICTURES = 256  # that are rebuilt, at most
_LEAST_USE = 0.8
# A value that comes at random stays out of so many draws once in 20,000.
_DRAWS_PER_VALUE = 10
_LEAST_PSNR = 20.0  # decibels, in the middle; measured for `_lost_pictures`


def token_alarms(
    image_tokenizer: LayerTokenizer | SketchTokenizer,
    pixels: np.ndarray,
    codes: np.ndarray,
) -> list[str]:
    """Looks whether an image tokenizer suits pictures it was not fitted to.

    Args:
        image_tokenizer: Fitted.
        pixels: Held-out pictures, shape `(N, Y, X, 3)`, uint8, at least one.
        codes: Those of all of them, as it encodes them.

    Returns:
        A sentence or two of each alarm.
    """
    found = [
        _unused_codes(image_tokenizer, codes),
        _lost_pictures(image_tokenizer, pixels[:_PICTURES], codes[:_PICTURES]),
    ]
    return [sentence for sentence in found if sentence is not None]


def _unused_codes(image_tokenizer, codes):
    books = [
        (digits, size)
        for digits, size in image_tokenizer.codebooks(codes)
        if len(digits) >= _DRAWS_PER_VALUE * size
    ]
    if not books:
        return None
    usage, _ = mean_codebook_use(books)
    if usage >= _LEAST_USE:
        return None
    return (
        f"The codes of the image tokenizer collapse: {usage:.0%} of them occur in "
        f"held-out pictures, and {_LEAST_USE:.0%} should. What it does not tell apart, "
        "no model can draw: look whether the pictures differ; if they do, raise "
        "tokenize.num_steps, or lower tokenize.learning_rate and "
        "tokenize.adam_learning_rate."
    )


def _lost_pictures(image_tokenizer, pixels, codes):
    if image_tokenizer.name != "layers":
        return None
    rebuilt = in_batches(image_tokenizer.decode, codes)
    decibels = float(np.median(psnr(pixels.astype("float32") / 255, rebuilt)))
    if decibels >= _LEAST_PSNR:
        return None
    return (
        "tokenize.image_tokenizer is layers, which cuts things out before a backdrop "
        "that comes again, and these pictures have none: half of the held-out ones are "
        f"rebuilt with less than {decibels:.1f} dB, and {_LEAST_PSNR:.0f} is little. "
        "For photographs set tokenize.image_tokenizer: sketch."
    )
