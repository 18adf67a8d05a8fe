"""Fits a generator, and says on the way how it does."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from llmvis.compiling import compiled
from llmvis.config import TrainConfig
from llmvis.errors import TrainingError
from llmvis.records import Tokens
from llmvis.training.augmentation import AugmentedPixels
from llmvis.training.batches import Draws, PromptedBatches
from llmvis.training.fit import Observer, Plan, fit
from llmvis.training.packing import PackedBatches

_VALIDATION_BATCHES = 8
_ROW_EVERY = 20  # steps between two points of the curve


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """What one generator learns from."""

    train: Tokens
    validation: Tokens
    train_lengths: np.ndarray  # positions of each picture that say something
    validation_lengths: np.ndarray
    # Only for families that make pixels.
    train_pixels: np.ndarray | AugmentedPixels | None
    validation_pixels: np.ndarray | None
    null_ids: np.ndarray  # the empty prompt, shape (L,)
    origin: str  # names the tokens, and the first weights where they are not random


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Where the figures of a training go."""

    on_step: Callable[[int, float], None]  # steps behind us, loss
    on_row: Callable[[dict[str, float]], None]  # a point of the curve, with its step
    on_validation: Callable[[int], None]  # the averaged weights are in the network


def fit_generator(
    network: keras.Model,
    config: TrainConfig,
    data: TrainingSet,
    report: Report,
    checkpoint_folder: Path,
) -> None:
    """Trains a generator; it keeps its averaged weights.

    Takes up the checkpoint in `checkpoint_folder` if it was made from the same params
    and tokens.

    Raises:
        TrainingError: There are fewer pictures than one batch, or the loss diverged.
    """
    num_examples = len(data.train.codes)
    if num_examples < config.batch_size:
        raise TrainingError(
            f"There are {num_examples} training pictures, and one batch takes "
            f"{config.batch_size}. Add pictures, or lower train.batch_size."
        )
    fit(
        network,
        _batches(network, config, data).at,
        _plan(config),
        _observer(network, config, data, report),
        checkpoint_folder=checkpoint_folder,
        made_from=made_from(config, data.origin),
    )


def made_from(config: TrainConfig, origin: str) -> str:
    """All that a training depends on, so that another never resumes from it."""
    return f"{config} tokens={origin}"


def _plan(config):
    return Plan(
        num_steps=config.num_steps,
        learning_rate=config.learning_rate,
        adam_learning_rate=config.adam_learning_rate,
        pretrained_learning_rate=config.pretrained_learning_rate,
        weight_decay=config.weight_decay,
        validate_every=config.validate_every,
        seed=config.seed,
    )


def _observer(network, config, data, report):
    started, losses = time.monotonic(), []
    validation = _Validation(network, config, data)

    def on_step(step, loss):
        losses.append(loss)
        report.on_step(step, loss)
        if step % _ROW_EVERY == 0:
            seconds = time.monotonic() - started
            row = {"step": step, "seconds": seconds, "loss": float(np.mean(losses))}
            report.on_row(row)
            losses.clear()

    def on_validation(step):
        report.on_row({"step": step, **validation.figures()})
        report.on_validation(step)

    return Observer(on_step=on_step, on_validation=on_validation)


def _batches(network, config, data):
    if network.makes == "pixels":
        return PromptedBatches(
            data.train,
            data.train_pixels,
            Draws(len(data.train.codes), config.batch_size, config.seed),
            config.caption_dropout,
            data.null_ids,
        )
    return PackedBatches(
        data.train,
        data.train_lengths,
        config,
        data.null_ids,
        keeps_apart=network.text_encoder.keeps_apart,
        whole=not network.causal,  # it draws all positions at once
    )


class _Validation:
    """Losses on held-out pictures: with their prompts, and with those of others.

    A model whose loss does not rise when the prompts are shuffled does not read them.
    """

    def __init__(self, network, config, data):
        pixels = data.validation_pixels
        held_out = replace(
            data,
            train=data.validation,
            train_lengths=data.validation_lengths,
            train_pixels=pixels,
        )
        # By half: neighbours in a listing are often of one class, with one caption.
        half = len(data.validation.codes) // 2
        codes = np.roll(data.validation.codes, half, 0)
        shuffled = replace(
            held_out,
            train=replace(data.validation, codes=codes),
            train_lengths=np.roll(data.validation_lengths, half),
            train_pixels=None if pixels is None else np.roll(pixels, half, 0),
        )
        batch_size = min(config.batch_size, len(data.validation.codes))
        plain = replace(
            config, batch_size=batch_size, length_weight=0.0, caption_dropout=0.0
        )
        self._batches = [
            [batches.at(step) for step in range(_VALIDATION_BATCHES)]
            for batches in (_batches(network, plain, of) for of in (held_out, shuffled))
        ]
        self._loss = compiled(
            lambda batch: network.compute_loss(batch, y_pred=network(batch))
        )

    def figures(self) -> dict[str, float]:
        """Mean losses by name."""
        own, other = (
            float(np.mean([self._loss(batch) for batch in batches]))
            for batches in self._batches
        )
        return {"validation_loss": own, "validation_loss_other_prompt": other}
