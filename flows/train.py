"""tokens -> networks: trains the generator that params.yaml names."""

from dataclasses import replace
from pathlib import Path

from flows import progress, start, time_budget
from llmvis import config, storage

EXAMPLES, TOKENS = Path("data/examples"), Path("data/tokens")
NETWORKS, TRAINING = Path("data/networks"), Path("data/training")


def train() -> None:
    """Fits one generator and writes it to data/networks; the way to data/training.

    Goes on where a training of the same params and tokens was cut off.

    Raises:
        MissingStage: data/tokens is empty.
        MismatchError: data/start has not what it is to begin with, or other codes.
        TrainingError: There are too few pictures, or the loss diverged.
    """
    params = config.read()
    storage.read_tokens(TOKENS, "train")  # an empty folder is noticed before imports
    began = start.read()
    progress.report(0, params.train.num_steps, "building the networks")
    from llmvis.model_registry import runs
    from llmvis.training import assembly, best_weights, checkpoints, generators
    from llmvis.training.journal import Journal

    model = _model(params.train, began)
    origin = assembly.origin(model)
    params, steps = _limited(params, generators.made_from(params.train, origin))
    made_from = generators.made_from(params.train, origin)
    run_id = None
    if checkpoints.prepare(TRAINING, made_from):
        run_id = storage.read_json(TRAINING / "run.json", "train")["run_id"]
    steps.write(TRAINING)
    with (
        storage.scratch() as scratch,
        runs.record("train", params, {"family": model.family}, run_id) as run,
    ):
        storage.write_json(TRAINING / "run.json", {"run_id": run.run_id})
        run.log_lineage(Path())
        if run_id is None:
            run.log_curves(_image_tokenizer_curve())
        captions = storage.read_captions(EXAMPLES, "validation")
        journal = Journal(TRAINING, model, captions, run, progress.say)
        data = assembly.training_set(model, TOKENS, EXAMPLES, scratch)
        with best_weights.telling(TRAINING, progress.say):
            generators.fit_generator(
                model.generator,
                params.train,
                data,
                journal.observing(_report(params.train.num_steps)),
                TRAINING,
            )
        model.save(NETWORKS)
        checkpoints.remove(TRAINING)
        best_weights.remove(TRAINING)
        run.made(NETWORKS)


def _limited(params, wanted):
    steps = time_budget.find(params.train, TOKENS, EXAMPLES, wanted, TRAINING)
    train = replace(params.train, num_steps=steps.num_steps)
    return replace(params, train=train), steps


def _image_tokenizer_curve():
    from llmvis.training.curve import read_curve

    return [
        {"step": row["step"], "image_tokenizer_loss": row["loss"]}
        for row in read_curve(TOKENS)
    ]


def _model(params, began):
    from llmvis.text_to_image import TextToImage
    from llmvis.training import assembly, warm_start, word_vectors

    model = assembly.assemble(params, TOKENS)
    if params.word_vectors is not None:
        progress.say(
            word_vectors.start_from_word_vectors(
                model, params.word_vectors, seed=params.seed
            )
        )
    if began is not None:
        earlier = TextToImage.load(began.folder)
        progress.say(warm_start.take_over(model, earlier, began.label))
        model.about["start"] = began.about
    return model


def _report(num_steps):
    def on_step(step, loss):
        progress.report(step, num_steps, f"training, loss {loss:.3f}")

    return on_step
