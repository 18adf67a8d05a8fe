import numpy as np

from llmvis.judges.answering import answer
from llmvis.judges.own_error import scene_error
from llmvis.judges.reading import of_truth
from llmvis.records import Scene, Thing

BLUE = Scene(
    things=(Thing(kind="bird", color="blue", size=None, count=1, boxes=()),),
    relations=(),
    background=None,
)
COLOURLESS = Scene(
    things=(Thing(kind="bird", color=None, size=None, count=1, boxes=()),),
    relations=(),
    background=None,
)
COLOUR_IS_CHANGED = 1  # a seed


class Truthful:
    """Sees in every picture one scene, whatever is asked."""

    def __init__(self, seen):
        self._seen = of_truth(seen)

    def judge(self, images, scenes):
        assert len(images) == len(scenes)
        return [answer(self._seen, scene, box_spread=0.0) for scene in scenes]


def error(scene):
    picture = np.zeros((1, 8, 8, 3), "uint8")
    return scene_error(Truthful(scene), picture, [scene], COLOUR_IS_CHANGED)


def test_a_judge_that_sees_what_is_there_rejects_the_wrong_colour():
    assert error(BLUE)["rejects_wrong"]["value"] == 1.0


def test_where_nothing_can_be_made_wrong_that_figure_alone_is_left_out():
    whole, bare = error(BLUE), error(COLOURLESS)

    assert set(whole) - set(bare) == {"color", "rejects_wrong"}
    assert all(one["n"] for name, one in bare.items() if name != "calibration_error")
    assert bare["calibration_error"] < 0.1
