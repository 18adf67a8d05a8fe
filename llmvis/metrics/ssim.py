"""Structural similarity between images and their reconstructions."""

import numpy as np

from llmvis.errors import ShapeError


def ssim(images: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Measures how well an image tokenizer keeps local structure. Higher is better.

    Wang et al., 2004, "Image Quality Assessment: From Error Visibility to Structural
    Similarity", with the Gaussian window of the paper.

    Args:
        images: Shape `(B, H, W, 3)`, float, in [0, 1], at least 11 pixels a side.
        reconstructions: Same shape and range.

    Returns:
        In [-1, 1] for each image, shape `(B,)`; 1 where the two are equal.

    Raises:
        ShapeError: The two shapes differ.
    """
    from skimage.metrics import structural_similarity

    if images.shape != reconstructions.shape:
        raise ShapeError(
            f"images have shape {images.shape} and reconstructions "
            f"{reconstructions.shape}. Decode at the resolution of the input."
        )
    return np.array(
        [
            structural_similarity(
                image,
                reconstruction,
                data_range=1.0,
                channel_axis=-1,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
            )
            for image, reconstruction in zip(images, reconstructions, strict=True)
        ]
    )
