"""Fits the image tokenizer and turns pictures into codes."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from llmvis.config import TokenizeConfig
from llmvis.errors import (
    ConfigError,
    DivergedError,
    MismatchError,
    TrainingError,
)
from llmvis.image_tokenizers.backdrops import (
    find_backdrops,
    nearest_backdrops,
    thumbnails,
)
from llmvis.image_tokenizers.cutouts import (
    find_parts,
    find_silhouettes,
    what_stands_out,
)
from llmvis.image_tokenizers.layer_tokenizer import LayerTokenizer
from llmvis.image_tokenizers.sketch_tokenizer import SketchTokenizer
from llmvis.processes import map_chunks
from llmvis.prompts.text_tokenizer import TextTokenizer
from llmvis.records import Tokens
from llmvis.training import checkpoints
from llmvis.training.augmentation import AugmentedPixels
from llmvis.training.batches import Draws
from llmvis.training.build import build_layer_tokenizer, build_sketch_tokenizer
from llmvis.training.curve import Curve
from llmvis.training.cutout_batches import CutoutBatches
from llmvis.training.fit import Observer, Plan, fit

ImageTokenizer = LayerTokenizer | SketchTokenizer

_PICTURES_FOR_SILHOUETTES = 4_000  # enough for what comes again to come again
_PICTURES_FOR_CUTOUTS = 10_000  # whose things the layer tokenizer is fitted to
_PICTURES_FOR_PALETTES = 4_000  # of these, whose palettes are counted
_CHUNK = 200  # pictures that one process looks through at a time
_CAPTIONS = 20_000  # that one process splits into words at a time
_KEEP_EVERY = 250  # steps between two checkpoints


@dataclass(frozen=True, slots=True)
class _Fit:
    """An image tokenizer and how it is trained."""

    tokenizer: ImageTokenizer
    batch_at: Callable[[int], dict[str, np.ndarray]]  # from a step to its batch
    settle: Callable[[], None]  # what is done once it is trained


def fit_image_tokenizer(
    config: TokenizeConfig,
    pixels: np.ndarray | AugmentedPixels,
    on_step: Callable[[int, float], None],
    say: Callable[[str], None],
    *,
    folder: Path,
    origin: str,
) -> ImageTokenizer:
    """Trains an image tokenizer.

    Takes up the checkpoint in `folder` if it was made from the same params and
    pictures.

    Args:
        config: Its family and sizes, and how long to train.
        pixels: Shape `(N, Y, X, 3)`, uint8.
        on_step: Hears of every step and its loss.
        say: Hears what is going on before the first step.
        folder: Gets the checkpoint, and `curve.csv`, the losses by step.
        origin: Names the pictures.

    Raises:
        DivergedError: The loss is no number any more.
        TrainingError: There are fewer pictures than one batch.
    """
    if len(pixels) < config.batch_size:
        raise TrainingError(
            f"There are {len(pixels)} training pictures, and one batch takes "
            f"{config.batch_size}. Add pictures, or lower tokenize.batch_size."
        )
    made_from = f"{config} pixels={origin}"
    checkpoints.prepare(folder, made_from)
    keras.utils.set_random_seed(config.seed)  # of the initial weights
    fitting = IMAGE_TOKENIZERS[config.image_tokenizer](config, pixels, say)
    try:
        fit(
            fitting.tokenizer,
            fitting.batch_at,
            _plan(config),
            _observer(Curve(folder), on_step),
            checkpoint_folder=folder,
            made_from=made_from,
        )
    except DivergedError as error:
        raise DivergedError(
            f"The image tokenizer cannot be trained so. {error} They are "
            "tokenize.learning_rate and tokenize.adam_learning_rate."
        ) from error
    fitting.settle()
    return fitting.tokenizer


def _plan(config):
    return Plan(
        num_steps=config.num_steps,
        learning_rate=config.learning_rate,
        adam_learning_rate=config.adam_learning_rate,
        pretrained_learning_rate=0.0,
        weight_decay=0.0,
        validate_every=_KEEP_EVERY,
        seed=config.seed,
    )


def _observer(curve, on_step):
    def both(step, loss):
        curve.add(step, loss)
        on_step(step, loss)

    # It has no loss on held-out pictures: what they lose is measured once, afterwards.
    return Observer(on_step=both, on_validation=lambda _: curve.write())


def earlier_image_tokenizer(
    config: TokenizeConfig, path: Path, image_size: int, label: str
) -> ImageTokenizer:
    """Loads the image tokenizer of a version that the training begins with.

    Args:
        config: Its family must be that of the version; its sizes may be others.
        path: Where it lies.
        image_size: Side of the pictures, in pixels.
        label: What to call the version in errors.

    Raises:
        ConfigError: It is of another family.
        MismatchError: It reads pictures of another size.
    """
    tokenizer = keras.saving.load_model(path, compile=False, safe_mode=True)
    if tokenizer.name != config.image_tokenizer:
        raise ConfigError(
            f"tokenize.image_tokenizer is {config.image_tokenizer}, and that of "
            f"{label}, which train.start_from names, is {tokenizer.name}. Set it to "
            f"{tokenizer.name}, or train.start_from to null."
        )
    if tokenizer.image_size != image_size:
        raise MismatchError(
            f"The pictures have {image_size} pixels on a side, and {label}, which "
            f"train.start_from names, reads {tokenizer.image_size}. Set "
            f"ingest.image_size to {tokenizer.image_size}, or train.start_from to null."
        )
    return tokenizer


def _layers(config, pixels, say):
    most = config.num_levels**2
    say("looking for backdrops")
    backdrops = find_backdrops(pixels, most, config.seed)
    say("looking for things that come again")
    looked_at = pixels[:_PICTURES_FOR_SILHOUETTES]
    numbers = nearest_backdrops(thumbnails(looked_at), thumbnails(backdrops))
    parts = map_chunks(
        find_parts,
        what_stands_out(looked_at, backdrops, numbers),
        chunk_size=_CHUNK,
        num_processes=os.cpu_count() or 1,
    )
    silhouettes = find_silhouettes(list(parts), config.seed)
    tokenizer = build_layer_tokenizer(config, backdrops, silhouettes)
    say("cutting things out")
    fitted_to = pixels[:_PICTURES_FOR_CUTOUTS]
    numbers, boxes = tokenizer.lay_out(fitted_to)
    if not any(boxes):
        raise TrainingError(
            "Nothing stands out before the backdrops of these pictures. Set "
            "tokenize.image_tokenizer to sketch, which needs no backdrop."
        )
    batches = CutoutBatches(fitted_to, numbers, boxes, config.batch_size, config.seed)
    some = slice(_PICTURES_FOR_PALETTES)
    return _Fit(
        tokenizer,
        batches.at,
        lambda: tokenizer.settle_palettes(fitted_to[some], numbers[some], boxes[some]),
    )


def _sketch(config, pixels, _say):
    draws = Draws(len(pixels), config.batch_size, config.seed)

    def batch_at(step):
        return {"pixels": pixels[np.sort(draws.at(step))].astype("float32") / 255}

    return _Fit(build_sketch_tokenizer(config, pixels.shape[1]), batch_at, lambda: None)


IMAGE_TOKENIZERS = {"layers": _layers, "sketch": _sketch}


def make_tokens(
    text_tokenizer: TextTokenizer,
    captions: Sequence[Sequence[str]],
    codes: np.ndarray,
) -> Tokens:
    """Puts the codes of one split beside its captions as tokens.

    Args:
        text_tokenizer: For the captions.
        captions: Those of each picture, at least one.
        codes: Of each picture, shape `(N, H, W, D)`, uint8.
    """
    texts = [caption for of_one in captions for caption in of_one]
    token_ids = map_chunks(
        _token_ids,
        texts,
        text_tokenizer,
        chunk_size=_CAPTIONS,
        num_processes=os.cpu_count() or 1,
    )
    return Tokens(
        codes=codes,
        token_ids=np.concatenate(list(token_ids)),
        starts=np.cumsum([0, *(len(of_one) for of_one in captions)]),
    )


def _token_ids(texts: Sequence[str], text_tokenizer: TextTokenizer) -> list[np.ndarray]:
    return [text_tokenizer.encode(texts, truncate=True)]
