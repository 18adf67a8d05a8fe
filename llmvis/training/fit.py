"""The training loop of every network: `Model.fit`, averaged weights, checkpoints."""

import math
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from llmvis.errors import DivergedError
from llmvis.training import checkpoints
from llmvis.training.batches import stream
from llmvis.training.muon import BlockwiseMuon

_WARMUP_SHARE = 0.05  # of the steps, from almost nothing to the full learning rate
_CLIP_NORM = 1.0
_EMA_SHARE = 0.03  # of the steps, over which the kept weights are averaged
# First and last layers, and weights that are no plain matrices; the layers of a block
# have such names too, and are none of them.
_NOT_MUON = [r"^(?!.*block_).*/(read|write)", "/earlier", "/near_", "embeddings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long and how fast to train."""

    num_steps: int
    # The highest; reached after the warm-up, then a cosine to 0.
    learning_rate: float  # of Muon
    adam_learning_rate: float  # of AdamW, for what Muon leaves
    # Of AdamW, for the model's `pretrained_variables`; 0: it has none.
    pretrained_learning_rate: float
    weight_decay: float
    validate_every: int  # steps
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """What a training tells the world."""

    on_step: Callable[[int, float], None]  # steps behind us, loss of the last
    on_validation: Callable[[int], None]  # steps behind us; averaged weights are in


def fit(
    model: keras.Model,
    batch_at: Callable[[int], dict[str, np.ndarray]],
    plan: Plan,
    observer: Observer,
    *,
    checkpoint_folder: Path | None,
    made_from: str,
) -> None:
    """Trains a model; its weights are the averaged ones afterwards.

    Args:
        model: Built, with a `compute_loss` of its own.
        batch_at: From a step to its batch.
        plan: How long and how fast.
        observer: Hears of every step and every validation.
        checkpoint_folder: Where to keep what resuming needs, until the model is saved
            and `checkpoints.remove` forgets it; None keeps nothing.
        made_from: What the training depends on, so that another never resumes from it.

    Raises:
        DivergedError: The loss is not a number any more.
    """
    # Dropout and initial weights of layers built late would draw from it.
    keras.utils.set_random_seed(plan.seed)
    optimizer = _optimizer(plan)
    if plan.pretrained_learning_rate > 0:
        optimizer.slow_down(
            model.pretrained_variables,
            plan.pretrained_learning_rate / plan.learning_rate,
        )
    model.compile(optimizer=optimizer, jit_compile=True)
    model.optimizer.build(model.trainable_variables)
    first = 0
    if checkpoint_folder is not None:
        first = checkpoints.load(checkpoint_folder, model, made_from)
    callback = _Callback(plan, observer, first, checkpoint_folder, made_from)
    if first < plan.num_steps:
        batches = stream(batch_at, first, plan.num_steps)
        model.fit(batches, shuffle=False, verbose=0, callbacks=[callback])
    model.optimizer.finalize_variable_values(model.trainable_variables)


class _Callback(keras.callbacks.Callback):
    def __init__(self, plan, observer, first, checkpoint_folder, made_from):
        super().__init__()
        self._plan, self._observer, self._step = plan, observer, first
        self._checkpoint_folder, self._made_from = checkpoint_folder, made_from

    def on_train_batch_end(self, batch, logs):  # noqa: ARG002
        self._step += 1
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            self._refuse(loss)
        self._observer.on_step(self._step, loss)
        # Keras averages the loss over an epoch; a step's own loss is wanted here.
        self.model.reset_metrics()
        is_due = self._step % self._plan.validate_every == 0
        if is_due or self._step == self._plan.num_steps:
            with averaged_weights(self.model):
                self._observer.on_validation(self._step)
        if is_due:  # last: what resumes after it would not validate again
            self._keep()

    def _keep(self):
        if self._checkpoint_folder is not None:
            checkpoints.save(
                self._checkpoint_folder, self.model, self._step, self._made_from
            )

    def _refuse(self, loss):
        raise DivergedError(
            f"The loss became {loss} at step {self._step}: the training diverged. "
            f"Try a learning_rate below {self._plan.learning_rate:g} and an "
            f"adam_learning_rate below {self._plan.adam_learning_rate:g}, for example "
            "a third of each."
        )


@contextmanager
def averaged_weights(model):
    """Puts the averaged weights in while the body runs."""
    averages = model.optimizer._model_variables_moving_average
    current = [np.asarray(v) for v in model.trainable_variables]
    for variable, average in zip(model.trainable_variables, averages, strict=True):
        variable.assign(average)
    try:
        yield
    finally:
        for variable, value in zip(model.trainable_variables, current, strict=True):
            variable.assign(value)


def _optimizer(plan):
    warmup = max(1, int(_WARMUP_SHARE * plan.num_steps))
    schedule = keras.optimizers.schedules.CosineDecay(
        plan.learning_rate / 100,
        plan.num_steps - warmup,
        warmup_target=plan.learning_rate,
        warmup_steps=warmup,
    )
    optimizer = BlockwiseMuon(
        schedule,
        adam_beta_2=0.99,  # a training of a few thousand steps has no time for 0.999
        weight_decay=plan.weight_decay,
        adam_weight_decay=plan.weight_decay,
        exclude_layers=_NOT_MUON,
        adam_lr_ratio=plan.adam_learning_rate / plan.learning_rate,
        global_clipnorm=_CLIP_NORM,
        use_ema=True,
        # A fixed momentum would leave a short training with its initial weights.
        ema_momentum=1 - 1 / max(1.0, _EMA_SHARE * plan.num_steps),
        ema_overwrite_frequency=None,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "scale", "embeddings"])
    return optimizer
