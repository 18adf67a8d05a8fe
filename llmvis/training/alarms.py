"""What the curve of a training warns of, in plain words."""

from collections.abc import Mapping, Sequence
from math import isfinite, nan

_LEAST_GAIN = 0.01  # of the loss: what the right prompt should take off it at least
_MOST_RISE = 0.1  # of the lowest loss: families that draw noise differ by less


def alarms(rows: Sequence[Mapping[str, float]]) -> dict[str, str]:
    """Reads the curve so far.

    Args:
        rows: Points of it, with `step` and `loss`. Where held-out pictures were looked
            at, also with `validation_loss` and `validation_loss_other_prompt`, that of
            the same pictures under prompts of others.

    Returns:
        A sentence or two of each alarm by its name: `by_heart`, `diverges`,
        `prompt_ignored`.
        Nothing before the second look, since at the first nothing may be learnt yet.
    """
    looks = [row for row in rows if isfinite(row.get("validation_loss", nan))]
    if len(looks) < 2:
        return {}
    last, best = looks[-1], min(looks, key=lambda look: look["validation_loss"])
    own, other = last["validation_loss"], last["validation_loss_other_prompt"]
    least = best["validation_loss"]
    found = {}
    if other - own < _LEAST_GAIN * abs(own):
        found["prompt_ignored"] = (
            "The model does not heed its prompts so far: its loss on held-out pictures "
            f"is {own:.3f} with their own prompts, {other:.3f} with those of others. "
            "Look whether the captions say what is in the pictures; if they do, raise "
            "train.num_steps."
        )
    rises = own - least > _MOST_RISE * abs(least)
    before, now = best.get("loss", nan), last.get("loss", nan)
    if rises and now - before > _MOST_RISE * abs(before):
        found["diverges"] = (
            "The training comes apart: its loss was lowest on held-out pictures after "
            f"{best['step']:,.0f} steps, {least:.3f}, and is {own:.3f} after "
            f"{last['step']:,.0f}, while that of training pictures rises too. Lower "
            "train.learning_rate and train.adam_learning_rate."
        )
    elif rises:
        found["by_heart"] = (
            "The model learns its training pictures by heart: its loss on held-out "
            f"ones was {least:.3f} after {best['step']:,.0f} steps and is {own:.3f} "
            f"after {last['step']:,.0f}. Pictures may get better all the same: look "
            "at the scores and the copies in the report. What helps is more pictures, "
            "or augment.num_copies."
        )
    return found
