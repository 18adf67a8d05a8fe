"""A few dense layers in a row, named for the optimizer that each is trained with."""

import keras


def dense_layers(name: str, *widths: int) -> keras.Sequential:
    """Layers of these widths; the last one starts small and is not normalised."""
    layers = []
    for i, width in enumerate(widths[:-1]):
        # The first layer of the encoder and the last of the decoder are the widest.
        role = "read" if i == 0 else "mix"
        layers += [
            keras.layers.Dense(width, activation="silu", name=f"{role}_{i}"),
            keras.layers.RMSNormalization(name=f"norm_{i}"),
        ]
    small = keras.initializers.VarianceScaling(0.3)
    last = keras.layers.Dense(widths[-1], kernel_initializer=small, name="write")
    return keras.Sequential([*layers, last], name=name)
