"""Lets a text encoder start from word vectors that were learnt elsewhere."""

import numpy as np

from llmvis.prompts import word_vectors
from llmvis.text_to_image import TextToImage


def start_from_word_vectors(model: TextToImage, source: str, *, seed: int) -> str:
    """Puts word vectors into the text encoder `word_embedding`.

    Words that the source lacks start from random vectors of the same mean and spread
    in every channel.

    Args:
        model: Not yet trained; built for vectors of that length.
        source: A file, or the name of an installed spaCy package.
        seed: Of the random vectors.

    Returns:
        A sentence that says how many words were found.

    Raises:
        ConfigError: The source has another form, or knows none of the words.
    """
    vocabulary = model.text_tokenizer.vocabulary
    found = word_vectors.read(source, vocabulary)
    known = np.stack(list(found.values()))
    embeddings = model.generator.text_encoder.words.embeddings
    table = np.random.default_rng(seed).normal(
        known.mean(axis=0), known.std(axis=0), embeddings.shape
    )
    table[[vocabulary[word] for word in found]] = known
    embeddings.assign(table.astype("float32"))
    return (
        f"{source} knows {len(found)} of the {len(vocabulary)} words and letters of "
        "the captions; the others start from random vectors."
    )
