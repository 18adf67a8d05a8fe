"""The loop: resuming, averaging, stopping."""

import keras
import numpy as np
import pytest

from llmvis.errors import TrainingError
from llmvis.training import checkpoints
from llmvis.training.batches import Draws
from llmvis.training.fit import Observer, Plan, fit

PLAN = Plan(
    num_steps=60,
    learning_rate=0.3,
    adam_learning_rate=0.12,
    pretrained_learning_rate=0.0,
    weight_decay=0.0,
    validate_every=20,
    seed=0,
)


class Line(keras.Model):
    """Fits y = 3 x."""

    def __init__(self):
        super().__init__()
        self.slope = self.add_weight(shape=(1,), initializer="zeros", name="slope")
        self.built = True

    def call(self, inputs):
        return inputs["x"] * self.slope

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        return keras.ops.mean((3 * x["x"] - y_pred) ** 2)


def batch_at(step):
    return {"x": np.random.default_rng(step).random(8).astype("float32")}


def run(folder, losses, *, stop_after=None, on_validation=lambda _: None):
    def on_step(step, loss):
        losses[step] = loss
        if step == stop_after:
            raise KeyboardInterrupt

    line = Line()
    observer = Observer(on_step=on_step, on_validation=on_validation)
    fit(line, batch_at, PLAN, observer, checkpoint_folder=folder, made_from="a")
    return line


def test_a_training_that_was_cut_off_goes_on_along_the_same_curve(tmp_path):
    whole, (first, second) = {}, ({}, {})
    expected = run(tmp_path, whole)
    checkpoints.remove(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, first, stop_after=50)
    line = run(tmp_path, second)

    assert min(second) == 41  # the last checkpoint was made at step 40
    assert {**first, **second} == whole
    assert np.array_equal(line.slope, expected.slope)


def test_a_checkpoint_made_from_other_things_is_not_taken_up(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, {}, stop_after=50)

    assert not checkpoints.prepare(tmp_path, "b")
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_is_kept_until_the_model_is_saved(tmp_path):
    run(tmp_path, {})

    assert checkpoints.prepare(tmp_path, "a")
    checkpoints.remove(tmp_path)
    assert not checkpoints.prepare(tmp_path, "a")


def test_a_kill_while_it_validates_takes_that_validation_up_again(tmp_path):
    def break_off(step):
        validated.append(step)
        if len(validated) == 2:
            raise KeyboardInterrupt

    validated = []
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, {}, on_validation=break_off)
    run(tmp_path, {}, on_validation=validated.append)

    assert validated[2] == validated[1]


def test_validation_sees_averages_of_the_weights_and_the_last_ones_are_kept(tmp_path):
    slopes, seen, line = [], [], Line()
    observer = Observer(
        on_step=lambda *_: slopes.append(float(line.slope[0])),
        on_validation=lambda _: seen.append(float(line.slope[0])),
    )
    fit(line, batch_at, PLAN, observer, checkpoint_folder=tmp_path, made_from="a")
    average, momentum = 0.0, 1 - 1 / (0.03 * PLAN.num_steps)
    for slope in slopes[: PLAN.validate_every]:
        average = momentum * average + (1 - momentum) * slope

    assert seen[0] == pytest.approx(average, abs=1e-4)
    assert seen[0] != pytest.approx(slopes[PLAN.validate_every - 1], abs=1e-3)
    assert float(line.slope[0]) == pytest.approx(seen[-1])


def test_a_loss_that_is_no_number_stops_the_training_and_says_what_to_try(tmp_path):
    def broken(step):
        return {"x": batch_at(step)["x"] + (np.nan if step == 25 else 0)}

    observer = Observer(on_step=lambda *_: None, on_validation=lambda _: None)
    with pytest.raises(
        TrainingError, match=r"nan at step 26.*learning_rate below 0\.3"
    ):
        fit(Line(), broken, PLAN, observer, checkpoint_folder=tmp_path, made_from="a")

    losses = {}
    run(tmp_path, losses)
    assert min(losses) == 21  # the good checkpoint of step 20 was kept


def test_every_example_comes_once_in_an_epoch_and_in_another_order_in_the_next():
    draws = Draws(num_examples=6, batch_size=4, seed=0)
    order = np.concatenate([draws.at(step) for step in range(3)])

    assert sorted(order[:6]) == sorted(order[6:]) == list(range(6))
    assert not np.array_equal(order[:6], order[6:])
