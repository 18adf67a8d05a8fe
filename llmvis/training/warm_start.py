"""Lets a training begin with the weights of an earlier model.

Ash and Adams, 2020, "On Warm-Starting Neural Network Training",
https://arxiv.org/abs/1910.08475, say what it costs: where the data have grown, what
starts afresh may end a little better. It is much sooner there.
"""

import numpy as np

from llmvis.errors import ConfigError, MismatchError
from llmvis.prompts.text_tokenizer import END, PADDING, START, UNKNOWN, TextTokenizer
from llmvis.text_to_image import TextToImage

_MARKERS = (PADDING, START, END, UNKNOWN)


def take_over(model: TextToImage, earlier: TextToImage, label: str) -> str:
    """Gives a model the weights of an earlier one, wherever names and shapes are alike.

    Embeddings of words go by the word, as the vocabulary may be another. What the
    earlier one lacks (a word, a block) keeps its initial weights.

    Args:
        model: Not yet trained.
        earlier: Trained.
        label: What to call the earlier one, in what is said and in errors.

    Returns:
        A sentence that says how much was taken over.

    Raises:
        MismatchError: The codes that they draw mean different things.
        ConfigError: They are so different that no layer fits.
    """
    if model.generator.makes == "codes":
        _require_same_codes(model, earlier, label)
    words = _words_in_both(model.text_tokenizer, earlier.text_tokenizer)
    known = _weights(earlier.generator)
    wanted = _weights(model.generator)
    taken, num_matrices = 0, 0
    for path, variable in wanted.items():
        value = _value_for(path, variable, known, words)
        if value is not None:
            variable.assign(value)
            taken += 1
            num_matrices += sum(size > 1 for size in variable.shape) > 1
    if not num_matrices:
        raise ConfigError(
            f"train.start_from is {label}, whose model is {earlier.family} with text "
            f"states of {_width(earlier)} channels, and none of its layers fits into "
            f"{model.family} with {_width(model)}. Set train.generator, "
            "train.text_encoder and train.hidden_dim to what it was trained with, or "
            "train.start_from to null."
        )
    return (
        f"Starts from {label}: {taken} of {len(wanted)} weights fit, and it knows "
        f"{len(words[0]) - len(_MARKERS)} of the "
        f"{len(model.text_tokenizer.vocabulary)} words and letters."
    )


def _require_same_codes(model, earlier, label):
    ours, theirs = model.image_tokenizer, earlier.image_tokenizer
    same = (
        type(ours) is type(theirs)
        and [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
        and all(map(np.array_equal, ours.weights, theirs.weights))
    )
    if not same:
        raise MismatchError(
            f"data/tokens has the codes of another image tokenizer ({ours.name}) than "
            f"those that {label} draws ({theirs.name}), so its weights mean nothing "
            "here. Run `llmvis tokenize`, which reads the pictures with the image "
            "tokenizer of train.start_from, or set train.start_from to null."
        )


def _words_in_both(ours: TextTokenizer, theirs: TextTokenizer):
    """Token ids of the same words and markers, of the one and of the other."""
    there = theirs.vocabulary
    pairs = [(i, i) for i in _MARKERS]
    pairs += [(i, there[word]) for word, i in ours.vocabulary.items() if word in there]
    return np.array(pairs).T


def _weights(network) -> dict:
    # Paths begin with the network's name where it was built here, and where Keras
    # loaded it some do not.
    prefix = f"{network.name}/"
    return {v.path.removeprefix(prefix): v for v in network.trainable_variables}


def _value_for(path, variable, known, words):
    """What a variable takes over; None where nothing fits."""
    found = known.get(path)
    if found is None:
        return None
    if path.startswith("text_encoder/") and path.endswith("/embeddings"):
        if found.shape[1:] != variable.shape[1:]:
            return None
        table = np.array(variable)
        table[words[0]] = np.asarray(found)[words[1]]
        return table
    return np.asarray(found) if found.shape == variable.shape else None


def _width(model):
    return model.generator.text_encoder.hidden_dim
