"""How much of the machine's own matrix-product rate a training step turns into work.

    uv run python benchmarks/model_training.py
    uv run python benchmarks/model_training.py --set train.generator=masked

Takes data/tokens (and data/examples for families that draw pixels) as `llmvis tokenize`
leaves them; writes nothing. Useful work is what TensorFlow's profiler counts in the
network's forward pass, three times: once forward, twice for the gradients. What the
optimizer multiplies is not counted as useful.
"""

import argparse
import os
import resource
import statistics
from pathlib import Path

import machine
from machine import timed

from flows import overlay
from llmvis import config, storage

EXAMPLES, TOKENS = Path("data/examples"), Path("data/tokens")
WARMUP, STEPS, ROUNDS = 10, 30, 5


def main() -> None:
    """Prints one line for each figure; rates are medians of rounds that take turns."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--set", action="append", default=[], dest="settings")
    text = overlay.merged(overlay.read_settings(options.parse_args().settings))
    with storage.scratch() as scratch:
        measure(overlay.as_params(text).train, scratch)


def measure(params: config.TrainConfig, scratch: Path) -> None:
    """Builds the network and compiles its step."""
    from llmvis.training import assembly, fit, generators

    model = assembly.assemble(params, TOKENS)
    network = model.generator
    data = assembly.training_set(model, TOKENS, EXAMPLES, scratch)
    batch_at = generators._batches(network, params, data).at
    optimizer = fit._optimizer(generators._plan(params))
    network.compile(optimizer=optimizer, jit_compile=True)
    report(params, network, batch_at)


def report(params: config.TrainConfig, network, batch_at) -> None:
    """Prints the figures of a compiled network."""
    batches = [batch_at(step) for step in range(STEPS)]
    products = machine.MatrixProducts()
    for batch in batches[:WARMUP]:
        network.train_on_batch(batch)
    rates, steps, makings = [], [], []
    for round_number in range(ROUNDS):
        rates.append(products.rate())
        seconds = timed(lambda: [network.train_on_batch(batch) for batch in batches])
        steps.append(seconds / STEPS)
        first = (round_number + 1) * STEPS
        makings.append(timed(lambda at=first: [batch_at(at + i) for i in range(STEPS)]))
    rate, step = statistics.median(rates), statistics.median(steps)
    work = 3 * statistics.mean(forward_operations(network, b) for b in batches[:5])
    making = statistics.median(makings) / STEPS
    print(f"{params.generator} on {os.cpu_count()} cores")
    print(machine.said(rate))
    print(f"a step of {params.batch_size} pictures: {step * 1e3:.0f} ms")
    print(f"pictures a second: {params.batch_size / step:.0f}")
    print(f"useful work of a step: {work / 1e9:.1f} GFLOP")
    print(f"share of the matrix-product rate: {work / step / rate:.0%}")
    print(f"making a batch: {making * 1e3:.1f} ms, {making / step:.0%} of a step")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory: {peak / 2**20:.2f} GiB")


def forward_operations(network, batch) -> int:
    """Floating-point operations of one forward pass, a multiplication and a sum two."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    graph = tf.function(lambda b: network(b)).get_concrete_function(batch)
    frozen = convert_variables_to_constants_v2(graph).graph
    quiet = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    quiet["output"] = "none"
    with frozen.as_default():
        return tf.compat.v1.profiler.profile(frozen, options=quiet).total_float_ops


if __name__ == "__main__":
    main()
