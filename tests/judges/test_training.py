import dataclasses
from pathlib import Path

import numpy as np
import pytest

from llmvis import config, judges
from llmvis.config import JudgeConfig
from llmvis.datasets import scenes
from llmvis.errors import DataError, MissingStage, TrainingError
from llmvis.judges.fit import Report
from llmvis.judges.scene_training import train_scene_judge
from llmvis.judges.training import Pairs, train_judge
from llmvis.records import Scene

INGEST = dataclasses.replace(
    config.read(Path(__file__).parents[2] / "params.yaml").ingest,
    image_size=32,
    num_train_scenes=48,
    num_test_scenes=24,
)
CONFIG = JudgeConfig(
    num_steps=4,
    batch_size=8,
    learning_rate=0.003,
    general_num_steps=4,
    general_batch_size=16,
    general_learning_rate=0.003,
    seed=0,
)


def pairs(split, number):
    drawn = [scenes.read_item((split, i), INGEST) for i in range(number)]
    return Pairs(
        images=np.stack([example.image for example in drawn]),
        captions=[example.captions for example in drawn],
        scenes=[Scene.from_json(example.scene) for example in drawn],
    )


SPLITS = {
    "train": pairs("train", 48),
    "validation": pairs("validation", 24),
    "test_seen": pairs("test_seen", 24),
}


def trained(splits=SPLITS, config=CONFIG):
    return train_judge(splits, "0123456789abcdef", config, lambda *_: None)


@pytest.fixture(scope="module")
def judge():
    return trained()


def test_a_saved_judge_gives_the_same_verdicts_and_embeddings(judge, tmp_path):
    judge.save(tmp_path)
    again = judges.load(tmp_path)
    asked = SPLITS["test_seen"]
    assert again.judge_scenes(asked.images, asked.scenes) == judge.judge_scenes(
        asked.images, asked.scenes
    )
    assert np.array_equal(again.features(asked.images), judge.features(asked.images))
    texts = ["a blue bird", "一只蓝色的小鸟"]
    assert np.array_equal(
        again.general.embed_texts(texts), judge.general.embed_texts(texts)
    )
    assert (again.error, again.examples) == (judge.error, judge.examples)


def test_the_error_is_measured_on_every_held_out_split(judge):
    assert set(judge.error["scene"]) == {"validation", "test_seen"}
    assert judge.error["scene"]["test_seen"]["all_correct"]["n"] == 24
    assert set(judge.error["general"]["test_seen"]) == {"en", "zh"}


def test_embeddings_have_length_one(judge):
    embeddings = judge.general.embed_images(SPLITS["test_seen"].images)
    assert np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)


def test_every_picture_gets_a_verdict_on_every_question_and_on_the_rest(judge):
    (verdicts,) = judge.judge_scenes(
        SPLITS["test_seen"].images[:1], SPLITS["test_seen"].scenes[:1]
    )
    assert verdicts[-1].question.about == "extra"
    assert all(0 <= one.confidence <= 1 for one in verdicts)
    assert all(one.reason for one in verdicts)


def test_a_picture_is_read_the_same_alone_and_among_others(judge):
    images = SPLITS["test_seen"].images
    alone, among = judge.features(images[:1]), judge.features(images)[:1]
    assert np.allclose(alone, among, atol=1e-3)


def test_the_same_seed_trains_the_same_network(judge):
    train = SPLITS["train"]
    again = train_scene_judge(train.images, train.scenes, CONFIG, lambda *_: None)
    for ours, theirs in zip(again.weights, judge.scene.network.weights, strict=True):
        assert np.array_equal(ours, theirs), ours.path


def test_without_known_scenes_there_is_only_the_general_judge():
    test = SPLITS["test_seen"]
    one = Pairs(images=test.images[:1], captions=test.captions[:1], scenes=[])
    train = dataclasses.replace(SPLITS["train"], scenes=[])
    alone = trained({"train": train, "test": one})
    assert alone.scene is None
    assert alone.features(test.images).shape == (24, 128)
    with pytest.raises(DataError, match="no judge could learn to read them"):
        alone.read(test.images)
    # Retrieval among one picture would be right for sure, so there is no figure.
    assert alone.error == {"scene": {}, "general": {"test": {}}}


def test_a_missing_split_is_named():
    with pytest.raises(DataError, match="no split `validation`"):
        trained({"train": SPLITS["train"]})


def test_a_loss_that_is_not_a_number_ends_the_training():
    with pytest.raises(TrainingError, match="Lower its learning rate"):
        Report(lambda *_: None).on_train_batch_end(0, {"loss": float("nan")})


def test_a_folder_without_a_judge_names_the_stage(tmp_path):
    with pytest.raises(MissingStage, match="judge"):
        judges.load(tmp_path)
