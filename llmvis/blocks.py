"""Square blocks of cells as channels of fewer cells, and back.

Dimension key: B batch, H W rows and columns of cells, C channels, s cells on a side of
a block.
"""

from keras import ops


def gather(cells, size):
    """Moves blocks of cells into channels: `(B, H, W, C)` to `(B, H/s, W/s, s*s*C)`."""
    _, height, width, channels = cells.shape
    grid = (height // size, size, width // size, size)
    split = ops.transpose(ops.reshape(cells, (-1, *grid, channels)), (0, 1, 3, 2, 4, 5))
    return ops.reshape(split, (-1, grid[0], grid[2], size**2 * channels))


def spread(cells, size):
    """Undoes `gather`."""
    _, height, width, channels = cells.shape
    shape = (-1, height, width, size, size, channels // size**2)
    split = ops.transpose(ops.reshape(cells, shape), (0, 1, 3, 2, 4, 5))
    return ops.reshape(split, (-1, height * size, width * size, shape[-1]))
