from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llmvis import config, storage
from llmvis.config import EvaluateConfig, SamplingConfig
from llmvis.datasets import scenes
from llmvis.prompts.parse import questions
from llmvis.records import Question, Sample, Scene, Verdict

INGEST = replace(
    config.read(Path(__file__).parents[2] / "params.yaml").ingest,
    num_train_scenes=30,
    num_test_scenes=10,
)
EVALUATE = EvaluateConfig(
    splits="test",
    num_prompts=8,
    seeds_per_prompt=2,
    batch_size=16,
    inception_weights=None,
    seed=0,
)
SAMPLING = SamplingConfig(
    guidance_scale=1.0,
    temperature=1.0,
    top_k=0,
    num_steps=1,
    top_p=1.0,
    num_candidates=1,
)


class Truth:
    """Knows every picture of the examples: what is in it, and who described it."""

    def __init__(self, folder):
        self.scenes, self.pictures, self.described = {}, {}, set()
        for split in storage.splits(folder):
            for example in storage.read_examples(folder, split):
                self.scenes[example.image.tobytes()] = Scene.from_json(example.scene)
                for caption in example.captions:
                    self.pictures[caption.text] = example.image
                    self.described.add((caption.text, example.image.tobytes()))


class Painter:
    """A model that gives a prompt its real picture, or for some seeds another's."""

    image_size, num_parameters, family = 64, 1234, "painter"
    picture_size, finisher = 64, None

    def __init__(self, truth, wrong_seeds):
        self._truth, self._wrong = truth, wrong_seeds
        self._prompts = list(truth.pictures)

    def generate(self, prompts, seeds, sampling):  # noqa: ARG002
        return [
            Sample(
                prompt=prompt,
                seed=seed,
                image=self._truth.pictures[self._shown(prompt, seed)],
                unknown_words=(),
            )
            for prompt, seed in zip(prompts, seeds, strict=True)
        ]

    def _shown(self, prompt, seed):
        if not self._wrong(seed):
            return prompt
        place = self._prompts.index(prompt)
        # Farther on than the ten captions of one picture.
        return self._prompts[(place + 11 + seed % 11) % len(self._prompts)]

    def reconstruct(self, images):
        return images

    def codebooks(self, images):
        return [(images[:, ::16, ::16].reshape(-1) // 64, 4)]

    def score(self, prompts, images):
        fits = [
            (prompt, image.tobytes()) in self._truth.described
            for prompt, image in zip(prompts, images, strict=True)
        ]
        return np.where(fits, -10.0, -20.0)


class Oracle:
    """A judge that knows what is in every picture."""

    name, error = "oracle", {"scene": {}, "general": {}}

    def __init__(self, truth, examples):
        self._truth, self.examples = truth, storage.fingerprint(examples)
        self.scene = self.general = self

    def read(self, images):
        nothing = Scene(things=(), relations=(), background=None)
        return [self._truth.scenes.get(image.tobytes(), nothing) for image in images]

    def judge_scenes(self, images, scenes):
        return [
            (
                *(_answer(question, asked, seen) for question in questions(asked)),
                _extra(asked, seen),
            )
            for asked, seen in zip(scenes, self.read(images), strict=True)
        ]

    def features(self, images):
        return images[:, ::16, ::16].reshape(len(images), -1).astype("float32")

    def embed_images(self, images):
        return _embed(images)

    def embed_texts(self, texts):
        return _embed(np.stack([self._truth.pictures[text] for text in texts]))


def _embed(images):
    small = images[:, ::8, ::8].reshape(len(images), -1).astype("float32") - 127
    return small / np.linalg.norm(small, axis=1, keepdims=True)


def _answer(question, asked, seen):
    things = [
        one
        for one in seen.things
        if question.subject >= 0 and one.kind == asked.things[question.subject].kind
    ]
    if question.about == "thing":
        holds = bool(things)
    elif question.about in {"color", "size"}:
        holds = any(getattr(one, question.about) == question.value for one in things)
    elif question.about == "background":
        holds = seen.background == question.value
    else:
        holds = bool(things)
    return Verdict(
        question=question,
        holds=holds,
        confidence=0.95 if holds else 0.05,
        reason=f"expected {question.value}",
    )


def _extra(asked, seen):
    question = Question(about="extra", text="Anything else?", subject=-1, value="")
    holds = len(seen.things) <= len(asked.things)
    return Verdict(question=question, holds=holds, confidence=0.9, reason="too much")


@pytest.fixture(scope="session")
def examples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "examples"
    with storage.staged(folder) as staging, storage.ExamplesWriter(staging) as writer:
        for item in scenes.list_items(INGEST):
            writer.add(scenes.read_item(item, INGEST))
    return folder


@pytest.fixture(scope="session")
def truth(examples):
    return Truth(examples)


@pytest.fixture(scope="session")
def oracle(truth, examples):
    return Oracle(truth, examples)


@pytest.fixture(scope="session")
def half_right(truth):
    return Painter(truth, wrong_seeds=lambda seed: seed % 2)


@pytest.fixture(scope="session")
def always_right(truth):
    return Painter(truth, wrong_seeds=lambda _: False)


@pytest.fixture(scope="session")
def evaluate_config():
    return EVALUATE


@pytest.fixture(scope="session")
def sampling():
    return SAMPLING
