"""One function of a network, compiled as a whole and run block by block."""

import keras


class Compiled(keras.Model):
    """Runs a function of a network with XLA.

    Args:
        network: What the function reads its weights from.
        function: One of its methods.
    """

    def __init__(self, network: keras.Model, function):
        super().__init__(name="compiled")
        self._network, self._function = network, function
        self.compile(jit_compile=True)

    def call(self, inputs):
        return self._function(inputs)
