import dataclasses

import numpy as np


def test_the_temperature_is_how_far_latents_are_from_the_middle(build, plain, gumbel):
    network = build("vae", "lstm")
    token_ids = np.array([[1, 4, 5, 2, 0, 0]] * 2, "int32")
    noise = gumbel(network, 2)

    for temperature, differ in ((0.0, False), (1.0, True)):
        draw = dataclasses.replace(plain, temperature=temperature)
        first, second = np.asarray(network.sample(token_ids, noise, token_ids[0], draw))
        assert (np.abs(first - second).max() > 1e-4) == differ
