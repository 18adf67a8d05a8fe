import numpy as np
import pytest

from llmvis.evaluation import alignment, asking
from llmvis.evaluation.asking import Asked
from llmvis.evaluation.page import Card


def prompted(prompt, split="test", lang="en"):
    return Asked(split=split, lang=lang, prompt=prompt, example_id=prompt, row=0)


def verdict(about, holds, parents=()):
    return {
        "about": about,
        "holds": holds,
        "reason": f"no {about}",
        "parents": list(parents),
    }


def test_chance_is_never_measured_on_a_prompt_of_ones_own():
    prompts = [prompted(name) for name in "aabbccdd"] + [prompted("e", lang="zh")] * 2
    other = alignment.shifted(prompts)

    assert all(prompts[i].prompt != prompts[j].prompt for i, j in enumerate(other[:8]))
    assert {prompts[j].lang for j in other[8:]} == {"zh"}


def test_a_hundred_prompts_asked_twice_still_count_as_a_hundred(
    oracle, examples, evaluate_config
):
    chosen, _ = asking.choose(examples, evaluate_config)
    chosen, _ = asking.with_scenes(chosen)
    reals = alignment.real_pictures(examples, chosen)
    rows = alignment.judged_rows(oracle, chosen * 2, np.tile(reals, (2, 1, 1, 1)), 0)
    figure = alignment.scores(rows, seed=0)["test_seen"]["en"]["all_correct"]

    assert figure.n == evaluate_config.num_prompts
    assert figure.value == pytest.approx(1.0)


def test_a_missing_thing_is_blamed_once_and_not_also_for_its_colour():
    card = Card(
        split="test",
        lang="en",
        prompt="a blue bird",
        seed=0,
        picture="",
        real="",
        right=False,
        verdicts=[
            verdict("thing", False),
            verdict("color", False, parents=[0]),
            verdict("background", False),
        ],
        similarity=0.0,
    )
    assert card.reasons == ["no thing", "no background"]
