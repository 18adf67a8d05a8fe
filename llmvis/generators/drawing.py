"""How a value is drawn from logits."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keras import ops

from llmvis.generators.guidance import guide

_NEVER = -1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """A SamplingConfig made ready for a compiled graph.

    What changes the graph is a Python value; what does not is a tensor, so that a new
    temperature needs no new compilation.
    """

    guided: bool  # whether the second half of a batch is the empty prompt
    narrowed: bool  # whether top_k or top_p is heeded
    num_steps: int  # of a parallel decoder
    lengths: Callable[[Any], Any]  # from codes `(B, H, W, D)` to how many are said
    top_k: Any  # int scalar; 0 keeps all
    top_p: Any  # float scalar; 1 keeps all
    guidance_scale: Any  # float scalar, see guidance.py
    temperature: Any  # float scalar above 0


def draw_values(logits, noise, draw):
    """Draws a value from each row: the likeliest after Gumbel noise is a fair draw.

    Args:
        logits: Shape `(B, ..., V)`; twice the batch where the draw is guided.
        noise: Gumbel noise, shape `(B, ..., V)`.
        draw: How.

    Returns:
        Values, shape `(B, ...)`, int32, and the log-likelihood of each, in nats. A
        value is -1 where logits are no numbers.
    """
    if draw.guided:
        conditional, unconditional = ops.split(logits, 2)
        logits = guide(conditional, unconditional, draw.guidance_scale)
    logits = logits / draw.temperature
    if draw.narrowed:
        logits = _likeliest(logits, draw.top_k, draw.top_p)
    noisy = logits + noise
    values = ops.cast(ops.argmax(noisy, axis=-1), "int32")
    # The largest of NaN would be a value like any other; their sum is NaN too.
    values = ops.where(ops.isfinite(ops.sum(noisy, axis=-1)), values, -1)
    nats = ops.take_along_axis(ops.log_softmax(logits), values[..., None], axis=-1)
    return values, nats[..., 0]


def _likeliest(logits, top_k, top_p):
    """Keeps the `top_k` likeliest values, and of these a share of the probability.

    Holtzman et al., 2020, https://arxiv.org/abs/1904.09751.
    """
    falling = -ops.sort(-logits, axis=-1)
    rank = ops.arange(logits.shape[-1])
    is_kept = (rank < top_k) | ops.equal(top_k, 0)
    chances = ops.softmax(ops.where(is_kept, falling, _NEVER))
    before = ops.cumsum(chances, axis=-1) - chances
    # The first always; and of all, all, whatever rounding makes of them.
    is_kept &= (before < top_p) | (rank == 0) | (top_p >= 1.0)
    least = ops.min(ops.where(is_kept, falling, math.inf), axis=-1, keepdims=True)
    return ops.where(logits < least, _NEVER, logits)


def to_normal(gumbel):
    """Turns Gumbel noise into normal noise: the same chance of less, any shape."""
    uniform = ops.clip(ops.exp(-ops.exp(-gumbel)), 1e-6, 1 - 1e-6)
    return math.sqrt(2) * ops.erfinv(2 * uniform - 1)
