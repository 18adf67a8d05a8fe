"""How a value is drawn from logits."""

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
    top_k: int  # 0 keeps all
    num_steps: int  # of a parallel decoder
    guidance_scale: Any  # float scalar, see guidance.py
    temperature: Any  # float scalar above 0


def draw_values(logits, noise, draw):
    """Draws a value from each row: the likeliest after Gumbel noise is a fair draw.

    Args:
        logits: Shape `(B, ..., V)`; twice the batch where the draw is guided.
        noise: Gumbel noise, shape `(B, ..., V)`.
        draw: How.

    Returns:
        Values, shape `(B, ...)`, int32.
    """
    if draw.guided:
        conditional, unconditional = ops.split(logits, 2)
        logits = guide(conditional, unconditional, draw.guidance_scale)
    logits = logits / draw.temperature
    if 0 < draw.top_k < logits.shape[-1]:
        least = ops.top_k(logits, draw.top_k)[0][..., -1:]
        logits = ops.where(logits < least, _NEVER, logits)
    return ops.cast(ops.argmax(logits + noise, axis=-1), "int32")


def with_null_prompts(token_ids, null_ids):
    """Puts as many empty prompts behind the prompts: `(B, L)` to `(2 * B, L)`."""
    null_BL = ops.broadcast_to(null_ids, ops.shape(token_ids))
    return ops.concatenate([token_ids, null_BL])
