"""What each step is for."""

import numpy as np
import pytest

from llmvis.finishing.contrast import raise_contrast
from llmvis.finishing.denoising import denoise
from llmvis.finishing.histograms import channel_histograms, match_histograms
from llmvis.finishing.palettes import move_colors, word_palettes
from llmvis.finishing.resizing import enlarge, reduce
from llmvis.finishing.sharpening import sharpen
from llmvis.finishing.white_balance import balance_white


def halves(dark, bright):
    """A picture of two colours side by side, `(1, 32, 32, 3)`."""
    image = np.full((1, 32, 32, 3), dark, np.uint8)
    image[:, :, 16:] = bright
    return image


def noisy(image, sigma):
    noise = np.random.default_rng(0).normal(0, sigma, image.shape)
    return np.clip(image + noise, 0, 255).round().astype(np.uint8)


def test_denoising_takes_most_of_the_noise_and_keeps_the_edge():
    clean = halves(60, 180)
    before = noisy(clean, 12).astype(float) - clean
    after = denoise(noisy(clean, 12), 0.05).astype(float) - clean

    assert after.std() < before.std() / 2
    assert np.abs(after[:, :, 14:18]).mean() < np.abs(before[:, :, 14:18]).mean()


def test_sharpening_raises_the_contrast_of_an_edge_by_what_a_blur_took():
    edge = halves(100, 150)
    dark, bright = sharpen(edge, 1.0)[0, 16, 15:17, 0].astype(int)

    assert bright - dark > 50
    assert dark + bright == pytest.approx(250, abs=1)  # as much on either side


def test_sharpening_leaves_what_is_far_from_an_edge():
    assert np.array_equal(
        sharpen(halves(100, 150), 1.0)[:, :, :8], halves(100, 150)[:, :, :8]
    )


def test_a_cast_is_taken_from_white_and_from_all_else():
    balanced = balance_white(halves((110, 100, 90), (240, 220, 200)))

    assert balanced[0, 0, 31].tolist() == [240, 240, 240]
    assert balanced[0, 0, 0].tolist() == [110, 109, 108]


def test_a_picture_with_white_in_it_keeps_its_colours():
    picture = halves((200, 30, 40), (255, 255, 255))

    assert np.array_equal(balance_white(picture), picture)


def test_a_sky_is_not_taken_for_a_cast():
    picture = halves((20, 60, 30), (90, 160, 250))

    assert np.array_equal(balance_white(picture), picture)


def test_histograms_count_the_shares_of_values():
    histograms = channel_histograms(halves((1, 2, 3), (1, 5, 6)))

    assert histograms.shape == (3, 256)
    assert histograms[0, 1] == 1.0
    assert histograms[1, 2] == histograms[1, 5] == 0.5


def test_values_become_as_common_as_they_are_elsewhere():
    wanted = channel_histograms(halves((10, 20, 30), (240, 230, 220)))

    assert np.array_equal(
        match_histograms(halves((100, 90, 95), (101, 180, 99)), wanted),
        halves((10, 20, 30), (240, 230, 220)),
    )


def test_a_picture_that_has_the_histogram_already_stays_as_it_is():
    picture = noisy(halves(60, 180), 20)

    assert np.array_equal(
        match_histograms(picture, channel_histograms(picture)), picture
    )


def test_contrast_spreads_the_brightness_and_keeps_the_hue():
    rng = np.random.default_rng(0)
    levels = rng.integers(100, 140, (1, 32, 32, 1), np.uint8)
    dull = np.concatenate([levels, levels // 2, levels // 2], axis=-1)
    raised = raise_contrast(dull, 0.01)

    assert np.ptp(raised[..., 0]) > 2 * np.ptp(dull[..., 0])
    assert np.abs(raised[..., 1].astype(int) - raised[..., 2]).max() <= 1  # still red


def plain(color):
    return np.full((16, 16, 3), color, np.uint8)


@pytest.fixture(scope="module")
def palettes():
    """Of ten pictures of the sea, and ten of roses."""
    images = [plain((0, 0, 255))] * 10 + [plain((255, 0, 0))] * 10
    captions = [("the sea", "大海")] * 10 + [("the roses",)] * 10
    return word_palettes(images, captions)


def test_a_palette_is_known_of_words_that_say_what_is_there(palettes):
    assert set(palettes) == {"sea", "大海", "roses"}
    assert palettes["sea"][0] == pytest.approx([32.3, 79.2, -107.9], abs=0.1)
    assert palettes["sea"][1].tolist() == [0, 0, 0]


def test_a_word_of_a_few_pictures_has_no_palette():
    assert word_palettes([plain(50)] * 4, [("a lamp",)] * 4) == {}


def test_colours_move_towards_those_of_the_words(palettes):
    picture = noisy(halves((90, 90, 90), (140, 140, 140)), 5)
    blue = move_colors(picture, ["the sea"], palettes)
    red = move_colors(picture, ["the roses"], palettes)
    both = move_colors(picture, ["roses by the sea"], palettes)

    assert blue[..., 2].mean() > picture[..., 2].mean() + 20
    assert red[..., 0].mean() > picture[..., 0].mean() + 20
    assert red[..., 0].mean() > both[..., 0].mean() > blue[..., 0].mean()


def test_words_never_seen_leave_the_picture_as_it_is(palettes):
    picture = noisy(halves(60, 180), 20)

    assert np.array_equal(move_colors(picture, ["the moon"], palettes), picture)


@pytest.mark.parametrize("factor", [2, 4])
def test_an_enlarged_picture_seen_from_afar_is_the_picture(factor):
    picture = halves(60, 180)
    large = enlarge(picture, factor)

    assert large.shape == (1, 32 * factor, 32 * factor, 3)
    assert (
        np.abs(reduce(large, factor).astype(int) - picture).max() <= 8
    )  # of 120 at the edge


def test_reducing_takes_the_mean_of_each_square():
    image = np.zeros((1, 2, 2, 3), np.uint8)
    image[0, 0, 0], image[0, 1, 1] = 200, 40

    assert reduce(image, 2).tolist() == [[[[60, 60, 60]]]]
    assert np.array_equal(reduce(image, 1), image)
