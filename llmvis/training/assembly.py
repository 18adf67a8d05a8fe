"""Puts together what a generator is trained in and trained on."""

from pathlib import Path

import keras
import numpy as np

from llmvis import storage
from llmvis.prompts.text_tokenizer import TextTokenizer
from llmvis.text_to_image import TextToImage
from llmvis.training.augmentation import AugmentedPixels
from llmvis.training.build import build_generator
from llmvis.training.generators import TrainingSet
from llmvis.training_config import TrainConfig

SPLITS = ("train", "validation")


def assemble(config: TrainConfig, tokens_folder: Path) -> TextToImage:
    """Builds an untrained model around the tokenizers in `tokens_folder`.

    Raises:
        ConfigError: No family or encoder has the name in `config`.
        MissingStage: There are no tokenizers.
    """
    text_tokenizer = TextTokenizer.load(tokens_folder / "text_tokenizer.json")
    image_tokenizer = keras.saving.load_model(
        tokens_folder / "image_tokenizer.keras", compile=False, safe_mode=True
    )
    keras.utils.set_random_seed(config.seed)
    return TextToImage(
        text_tokenizer,
        build_generator(config, text_tokenizer, image_tokenizer),
        image_tokenizer,
        about={
            "tokens": storage.fingerprint(tokens_folder),
            "text_tokenizer": text_tokenizer.fingerprint,
        },
    )


def training_set(
    model: TextToImage, tokens_folder: Path, examples: Path, scratch: Path
) -> TrainingSet:
    """Opens what the model learns from; pixels only if its family makes them."""
    pixels: dict[str, np.ndarray | None] = dict.fromkeys(SPLITS)
    if model.generator.makes == "pixels":
        pixels = {
            split: storage.unpack_images(examples, split, scratch / split)
            for split in SPLITS
        }
    views = storage.read_views(tokens_folder, "train")
    seen: np.ndarray | AugmentedPixels | None = pixels["train"]
    if views is not None and pixels["train"] is not None:
        seen = AugmentedPixels(pixels["train"], views)
    train, validation = (storage.read_tokens(tokens_folder, split) for split in SPLITS)
    return TrainingSet(
        train=train,
        validation=validation,
        train_lengths=model.lengths(train.codes),
        validation_lengths=model.lengths(validation.codes),
        train_pixels=seen,
        validation_pixels=pixels["validation"],
        null_ids=model.text_tokenizer.empty_caption(),
        origin=origin(model),
    )


def origin(model: TextToImage) -> str:
    """Names the tokens and the first weights of a training."""
    began = model.about.get("start")
    return model.about["tokens"] + (f" start={began}" if began else "")
