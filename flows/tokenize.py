"""examples -> tokens: trains both tokenizers, and reads everything through them.

Where `train.start_from` names a version, its image tokenizer is taken as it is: what
its weights know of codes holds for no others.
"""

import shutil
from pathlib import Path

import numpy as np

from flows import progress, start
from llmvis import config, storage
from llmvis.errors import TrainingError
from llmvis.prompts.text_tokenizer import TextTokenizer
from llmvis.training.augmentation import AugmentedPixels, draw_views, names_of_views

EXAMPLES, TOKENS = Path("data/examples"), Path("data/tokens")
CHECKPOINT = Path(".dvc/tmp/tokenize")  # to go on from after a kill
CODES = Path(
    "data/.codes"
)  # of pictures that are read by the same image tokenizer again
TRAINED_ON = ("train", "validation")


def tokenize() -> None:
    """Writes both tokenizers and the tokens of the splits that training reads.

    Goes on where a training of the same params and pictures was cut off.

    Raises:
        MissingStage: data/examples is empty.
        MismatchError: The version to begin with reads other pictures, or is not there.
        TrainingError: There are too few pictures, or the loss diverged.
    """
    params, began = config.read(), start.read()
    _require_held_out()
    captions = {split: storage.read_captions(EXAMPLES, split) for split in TRAINED_ON}
    _require_a_batch(params, len(captions["train"]))
    progress.report(0, params.tokenize.num_steps, "learning the words")
    text_tokenizer = TextTokenizer.train(
        (caption for texts in captions["train"] for caption in texts),
        params.tokenize.max_caption_tokens,
    )
    # TensorFlow takes ten seconds to import, so errors above come first.
    from llmvis.training import image_tokens
    from llmvis.training.curve import CURVE
    from llmvis.training.token_alarms import token_alarms

    with storage.staged(TOKENS) as staging, storage.scratch() as scratch:
        unpacked = {
            split: storage.unpack_images(EXAMPLES, split, scratch / split)
            for split in TRAINED_ON
        }
        pixels: dict[str, np.ndarray | AugmentedPixels] = {**unpacked}
        names = {split: _names(split) for split in TRAINED_ON}
        if params.augment.num_copies:
            views, captions["train"] = draw_views(
                captions["train"], params.augment, params.tokenize.seed
            )
            pixels["train"] = AugmentedPixels(unpacked["train"], views)
            names["train"] = names_of_views(names["train"], views)
            storage.write_views(staging, "train", views)
        image_tokenizer = _image_tokenizer(params, began, pixels["train"])
        text_tokenizer.save(staging / "text_tokenizer.json")
        image_tokenizer.save(staging / "image_tokenizer.keras")
        if began is None:
            shutil.copy(CHECKPOINT / CURVE, staging)
        codes = _encoded(image_tokenizer, pixels, names)
        for split in TRAINED_ON:
            storage.write_tokens(
                staging,
                split,
                image_tokens.make_tokens(text_tokenizer, captions[split], codes[split]),
            )
        held_out = unpacked["validation"], codes["validation"]
        for alarm in token_alarms(image_tokenizer, *held_out):
            progress.say(alarm)
    shutil.rmtree(CHECKPOINT, ignore_errors=True)


def _names(split):
    return storage.read_table(EXAMPLES, split, ["example_id"]).example_id.tolist()


def _require_held_out():
    found = storage.splits(EXAMPLES)
    missing = [split for split in TRAINED_ON if split not in found]
    if missing:
        raise TrainingError(
            f"{EXAMPLES} has no split {' and none '.join(missing)}: it has {found}. "
            "Pictures that look alike or share a caption count as one, and of fewer "
            "than three none is held out. Add pictures with captions of their own, "
            "a hundred or more, and run `llmvis ingest`."
        )


def _require_a_batch(params, num_pictures):
    most = num_pictures * (1 + params.augment.num_copies)
    needed = max(params.tokenize.batch_size, params.train.batch_size)
    if most < needed:
        raise TrainingError(
            f"There are {most} training pictures, and a batch takes {needed}: "
            f"tokenize.batch_size is {params.tokenize.batch_size}, train.batch_size "
            f"{params.train.batch_size}. Add pictures until {needed} are in the split "
            "train, or lower both."
        )


def _image_tokenizer(params, began, pixels):
    from llmvis.training import image_tokens

    if began is None:
        num_steps = params.tokenize.num_steps
        return image_tokens.fit_image_tokenizer(
            params.tokenize,
            pixels,
            _report(num_steps),
            lambda doing: progress.report(0, num_steps, doing),
            folder=CHECKPOINT,
            origin=f"{storage.fingerprint(EXAMPLES)} {params.augment}",
        )
    path = began.folder / "image_tokenizer.keras"
    return image_tokens.earlier_image_tokenizer(
        params.tokenize, path, pixels.shape[1], began.label
    )


def _encoded(image_tokenizer, pixels, names):
    from llmvis.training.known_codes import KnownCodes

    known = KnownCodes(CODES, image_tokenizer)
    codes = {
        split: known.encode(
            pixels[split], names[split], _report_reading(split, len(names[split]))
        )
        for split in TRAINED_ON
    }
    known.keep()
    return codes


def _report_reading(split, num_pictures):
    return lambda done: progress.report(done, num_pictures, f"reading {split}")


def _report(num_steps):
    def on_step(step, loss):
        progress.report(
            step, num_steps, f"training the image tokenizer, loss {loss:.4f}"
        )

    return on_step
