"""What each step is for."""

import numpy as np
import pytest

from llmvis.finishing.denoising import denoise
from llmvis.finishing.histograms import channel_histograms, match_histograms
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
