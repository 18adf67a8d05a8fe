import numpy as np
import pytest

from llmvis.errors import ShapeError
from llmvis.metrics.psnr import psnr
from llmvis.metrics.ssim import ssim

GREY = np.full((2, 16, 16, 3), 0.5)


def test_a_tenth_off_everywhere_is_twenty_decibels():
    assert psnr(GREY, GREY + 0.1) == pytest.approx([20.0, 20.0])


def test_equal_pictures_are_infinitely_good():
    assert np.all(np.isinf(psnr(GREY, GREY)))
    assert ssim(GREY, GREY) == pytest.approx([1.0, 1.0])


def test_noise_costs_structure():
    edge = GREY.copy()
    edge[:, :, 8:] = 1.0
    noisy = np.clip(edge + np.random.default_rng(0).normal(0, 0.2, edge.shape), 0, 1)

    assert np.all(ssim(edge, noisy) < 0.8)


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_another_size_is_refused(metric):
    with pytest.raises(ShapeError, match="resolution of the input"):
        metric(GREY, GREY[:, :8])
