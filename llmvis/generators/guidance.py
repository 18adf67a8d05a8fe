"""Classifier-free guidance for token generators."""


def guide(conditional, unconditional, guidance_scale):
    """Pushes logits away from what the model would draw without the prompt.

    Ho and Salimans, 2022, https://arxiv.org/abs/2207.12598.

    Args:
        conditional: Logits given the prompt, any shape.
        unconditional: Logits given the empty prompt, same shape.
        guidance_scale: 1.0 turns guidance off; 3.0 is a usual value. (Papers that
            write `(1 + w) * conditional - w * unconditional` mean our value less 1.)

    Returns:
        Guided logits, same shape.
    """
    return unconditional + guidance_scale * (conditional - unconditional)
