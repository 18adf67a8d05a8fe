import keras
import numpy as np
import pytest
from keras import ops

from llmvis.judges.crops import SIDE, crop, view
from llmvis.judges.image_trunk import fold
from llmvis.judges.reading import of_truth, overlap, to_seen
from llmvis.judges.scene_network import SceneNetwork, _center_map, _peaks
from llmvis.judges.scene_truth import CLASSES, to_arrays
from llmvis.records import Scene, Thing

BIRD = Thing(
    kind="bird", color="red", size="small", count=1, boxes=((0.25, 0.5, 0.5, 0.75),)
)
SCENE = Scene(things=(BIRD,), relations=(), background="sky")


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    sizes = {name: len(values) for name, values in CLASSES.items()}
    network = SceneNetwork(hidden_dim=4, num_classes=sizes)
    network.build((None, 32, 32, 3))
    return network


def test_a_crop_of_one_colour_shows_that_colour():
    images = np.zeros((1, 32, 32, 3), np.float32)
    images[:, 8:16, 16:24] = 255
    (shown,) = crop(images, np.array([[[0.55, 0.3, 0.7, 0.45]]], np.float32))
    assert shown.shape == (1, SIDE, SIDE, 3)
    assert np.allclose(shown, 1)


def test_a_crop_keeps_left_from_right_and_top_from_bottom():
    images = np.zeros((1, 32, 32, 3), np.float32)
    images[:, :16, :, 0], images[:, :, :16, 1] = 255, 255
    ((shown,),) = crop(images, np.array([[[0.1, 0.1, 0.9, 0.9]]], np.float32))
    top_right = np.asarray(shown)[2, -3]
    assert top_right == pytest.approx([1, -1, -1])


def test_folding_keeps_every_value():
    features = np.arange(2 * 4 * 4 * 3, dtype=np.float32).reshape(2, 4, 4, 3)
    folded = np.asarray(fold(features))
    assert folded.shape == (2, 2, 2, 12)
    assert np.array_equal(np.sort(folded, axis=None), features.ravel())
    assert folded[0, 0, 0].tolist() == features[0, :2, :2].ravel().tolist()


def test_the_cell_that_holds_a_centre_is_the_hottest():
    truth = {name: ops.array(values) for name, values in to_arrays([SCENE]).items()}
    heat, _ = _center_map(truth, 8, 8)
    # The middle of the box is (0.375, 0.625).
    assert np.unravel_index(np.argmax(heat[0]), (8, 8)) == (5, 3)
    assert float(heat[0, 5, 3]) == 1


def test_padding_has_no_centre():
    truth = {name: ops.array(values) for name, values in to_arrays([SCENE]).items()}
    truth["present"] = ops.zeros_like(truth["present"])
    assert float(ops.max(_center_map(truth, 8, 8)[0])) == 0


def test_a_peak_hides_its_neighbours_and_no_one_else():
    center = np.full((1, 8, 8), -5, np.float32)
    center[0, 2, 2], center[0, 2, 3], center[0, 6, 6] = 3, 2, 1
    box = np.zeros((1, 8, 8, 4), np.float32)
    logits, _ = _peaks(ops.array(center), ops.array(box))
    assert np.asarray(logits)[0, :2].tolist() == [3, 1]
    assert 2 not in np.asarray(logits)


def test_boxes_that_are_read_are_inside_the_picture_and_have_a_size(network):
    box = np.asarray(network.read(np.full((2, 32, 32, 3), 90.0, "float32"))["box"])
    assert box.min() >= 0
    assert box.max() <= 1
    assert np.all(box[..., 2:] > box[..., :2])


def test_a_saved_network_reads_the_same(network, tmp_path):
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    network.save(tmp_path / "scene.keras")
    again = keras.saving.load_model(tmp_path / "scene.keras", safe_mode=True)
    for name, values in network.read(images).items():
        assert np.array_equal(values, again.read(images)[name]), name


def test_one_thing_that_two_peaks_found_is_seen_once():
    boxes = np.array([[0, 0, 0.5, 0.5], [0.02, 0, 0.5, 0.5], [0.6, 0.6, 0.9, 0.9]])
    chances = {name: np.ones((3, len(CLASSES[name]))) for name in ("kind", "color")}
    seen = to_seen(np.array([0.9, 0.8, 0.7]), boxes, chances)
    assert [one.present for one in seen] == [0.9, 0.7]


def test_boxes_that_share_half_overlap_by_a_third():
    first, second = np.array([0, 0, 2, 1.0]), np.array([1, 0, 3, 1.0])
    assert overlap(first, second) == pytest.approx(1 / 3)


def test_the_truth_reads_back_as_the_scene():
    assert of_truth(SCENE).scene() == SCENE


def test_a_picture_of_another_size_is_looked_at_as_if_it_were_of_the_usual_one():
    small = np.zeros((1, 64, 64, 3), np.float32)
    small[:, 16:32, 8:24] = 200
    large = small.repeat(2, axis=1).repeat(2, axis=2)
    assert np.allclose(view(large)[:, 20:28, 12:20], view(small)[:, 20:28, 12:20])
    assert np.allclose(view(large)[:, 40:, 40:], -1)
