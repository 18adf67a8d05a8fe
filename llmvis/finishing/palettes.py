"""Colours like those of training pictures whose captions share a prompt's words."""

import warnings
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from llmvis.prompts.language import content_words

_LEAST_PICTURES = 5  # that a word needs, or its palette is that of a few pictures
_SHARE = 0.5  # of the way to the palette: a drawn picture has colours of its own
_LARGEST_GAIN = 2.0  # of a spread, either way, or a flat picture would become noise

# Word -> means and spreads of the channels L, a and b, two rows of three.
Palettes = Mapping[str, np.ndarray]


def word_palettes(
    images: Iterable[np.ndarray], captions: Iterable[Sequence[str]]
) -> dict[str, np.ndarray]:
    """Averages the palettes of the pictures that each word is said of.

    Args:
        images: Shape `(Y, X, 3)` each, uint8.
        captions: Those of each picture.

    Returns:
        Word to mean and standard deviation of the channels of CIELAB, shape `(2, 3)`,
        for words that say what is there, of five pictures or more.
    """
    sums: dict[str, np.ndarray] = {}
    counts: dict[str, int] = {}
    for image, texts in zip(images, captions, strict=True):
        palette = _palette(_to_lab(image))
        for word in {word for text in texts for word in content_words(text)}:
            sums[word] = sums.get(word, 0.0) + palette
            counts[word] = counts.get(word, 0) + 1
    return {
        word: (total / counts[word]).round(2)  # as far as anybody sees
        for word, total in sorted(sums.items())
        if counts[word] >= _LEAST_PICTURES
    }


def move_colors(
    images: np.ndarray, prompts: Sequence[str], palettes: Palettes
) -> np.ndarray:
    """Moves each picture's colours half-way to the palette of its prompt's words.

    Reinhard et al., 2001, "Color Transfer between Images", in CIELAB: each channel gets
    a mean and a standard deviation. Where words have different palettes, they are
    averaged.

    Args:
        images: Shape `(B, Y, X, 3)`, uint8.
        prompts: One for each.
        palettes: What `word_palettes` gives.

    Returns:
        Same shape, uint8. A picture whose prompt has none of the words stays as it is.
    """
    return np.stack(
        [
            _moved(image, [palettes[w] for w in content_words(prompt) if w in palettes])
            for image, prompt in zip(images, prompts, strict=True)
        ]
    )


def _moved(image, wanted):
    if not wanted:
        return image
    lab = _to_lab(image)
    mean, spread = _palette(lab)
    own = np.stack([mean, spread])
    new_mean, new_spread = own + _SHARE * (np.mean(wanted, axis=0) - own)
    gains = np.clip(
        new_spread / np.maximum(spread, 1e-6), 1 / _LARGEST_GAIN, _LARGEST_GAIN
    )
    return _to_rgb((lab - mean) * gains + new_mean)


def _palette(lab):
    pixels = lab.reshape(-1, 3)
    return np.stack([pixels.mean(axis=0), pixels.std(axis=0)])


def _to_lab(image):
    # Here, because most pictures are given out without it.
    from skimage.color import rgb2lab

    return rgb2lab(image)


def _to_rgb(lab):
    from skimage.color import lab2rgb

    with warnings.catch_warnings():  # of colours that no screen has; they are clipped
        warnings.simplefilter("ignore")
        pixels = lab2rgb(lab)
    return np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
