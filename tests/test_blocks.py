import numpy as np

from llmvis.blocks import gather, spread


def test_patches_go_back_to_where_they_were():
    pictures = np.random.default_rng(0).random((2, 32, 32, 3)).astype("float32")
    patches = np.asarray(gather(pictures, 8)).reshape(2, 16, -1)

    np.testing.assert_array_equal(
        patches[0, 5].reshape(8, 8, 3), pictures[0, 8:16, 8:16]
    )
    np.testing.assert_array_equal(spread(gather(pictures, 8), 8), pictures)
