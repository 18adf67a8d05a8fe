"""Prompts to codes or pixels; one file per family.

Every family is a `keras.Model` with the same few parts, so that training, sampling and
saving are written once:

- `makes`: "codes" or "pixels", what it is trained on and what it draws.
- `call(inputs)` with `token_ids` `(B, L)` and what it makes; `compute_loss` after it.
- `noise_shape`: shape of the Gumbel noise that alone decides a picture; `()` for none.
- `sample(token_ids, noise, null_ids, draw)`: pictures or codes of prompts.
- `score(token_ids, codes)`: log-likelihood in nats, where the family has one.
"""
