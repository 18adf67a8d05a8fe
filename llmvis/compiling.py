"""How functions of tensors are compiled: by XLA, as they are written.

TensorFlow would first rewrite every `if` and `for` of Python in them, in case one of
them is about a tensor. None is, and that takes longer than all else before XLA.
"""

from functools import partial

import tensorflow as tf

compiled = partial(tf.function, jit_compile=True, autograph=False)
