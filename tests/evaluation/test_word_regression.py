import numpy as np

from llmvis import storage
from llmvis.evaluation.word_regression import regressed_pictures
from llmvis.records import Caption, Example

GRAYS = {"a dark thing": 40, "a light thing": 200, "一个黑暗的东西": 40}


def write_examples(folder):
    """Forty grey pictures of each caption, a white dot somewhere else each time."""
    rng = np.random.default_rng(0)
    with storage.ExamplesWriter(folder) as writer:
        for number in range(40 * len(GRAYS)):
            text, gray = list(GRAYS.items())[number % len(GRAYS)]
            image = np.full((16, 16, 3), gray, np.uint8)
            image[tuple(rng.integers(16, size=2))] = 255
            writer.add(
                Example(
                    example_id=str(number),
                    image=image,
                    captions=(Caption(text=text, lang="en"),),
                    split="train",
                    group_id=str(number),
                    source="test",
                    license="",
                    width=16,
                    height=16,
                    scene="",
                )
            )


def test_a_prompt_gives_the_mean_of_the_pictures_that_it_fits(tmp_path):
    write_examples(tmp_path)
    drawn = regressed_pictures(tmp_path, list(GRAYS))
    assert drawn.shape == (3, 16, 16, 3)
    # The dots, which no word tells, are gone.
    assert np.abs(drawn.mean(axis=(1, 2, 3)) - list(GRAYS.values())).max() < 10
    assert drawn.max() < 240


def test_a_word_that_no_caption_has_says_nothing(tmp_path):
    write_examples(tmp_path)
    plain, odd = regressed_pictures(tmp_path, ["a dark thing", "a dark zebra thing"])
    np.testing.assert_array_equal(plain, odd)
