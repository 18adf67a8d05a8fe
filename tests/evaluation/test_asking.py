from dataclasses import replace

import pytest

from llmvis import storage
from llmvis.errors import DataError
from llmvis.evaluation import asking
from llmvis.records import Caption, Example


def test_the_same_pictures_are_asked_for_in_every_language(examples, evaluate_config):
    asked, _ = asking.choose(examples, evaluate_config)
    of_lang = {
        lang: {one.example_id for one in asked if one.lang == lang}
        for lang in ("en", "zh")
    }

    assert of_lang["en"] == of_lang["zh"]


def test_training_prompts_are_never_asked(examples, evaluate_config):
    splits = {one.split for one in asking.choose(examples, evaluate_config)[0]}

    assert splits == {"test_seen", "test_unseen_binding", "test_unseen_scene"}


def test_the_validation_split_is_asked_alone_where_params_say_so(
    examples, evaluate_config
):
    settings = replace(evaluate_config, splits="validation")

    assert {one.split for one in asking.choose(examples, settings)[0]} == {"validation"}


def test_a_shorter_report_asks_the_first_prompts_of_a_longer_one(
    examples, evaluate_config
):
    longer, _ = asking.choose(examples, evaluate_config)
    shorter, _ = asking.choose(examples, replace(evaluate_config, num_prompts=3))

    assert set(shorter) <= set(longer)


def test_a_prompt_keeps_its_seeds_whatever_else_is_asked(
    examples, evaluate_config, sampling, always_right
):
    def seeds(num_prompts):
        settings = replace(evaluate_config, num_prompts=num_prompts)
        asked, _ = asking.choose(examples, settings)
        drawn = asking.draw(always_right, asked, settings, sampling, lambda *_: None)
        return {(sample.prompt, sample.seed) for sample in drawn.samples}

    assert seeds(3) < seeds(6)


def test_a_test_split_of_one_picture_is_refused(
    tmp_path, evaluate_config, some_examples
):
    folder = write_examples(tmp_path, [replace(some_examples[0], split="test")])

    with pytest.raises(DataError, match="too few to score"):
        asking.choose(folder, evaluate_config)


def test_a_language_with_one_caption_is_left_out_by_name(
    tmp_path, evaluate_config, some_examples
):
    only_english = [
        replace(one, split="test", captions=one.captions[:1])
        for one in some_examples[:3]
    ]
    both = replace(some_examples[3], split="test")
    folder = write_examples(tmp_path, [*only_english, both])
    asked, notes = asking.choose(folder, evaluate_config)

    assert {one.lang for one in asked} == {"en"}
    assert "test has a single caption in zh, and is left out there." in notes


def test_examples_without_any_test_split_are_refused(
    tmp_path, evaluate_config, some_examples
):
    folder = write_examples(tmp_path, [replace(some_examples[0], split="train")])

    with pytest.raises(DataError, match=r"has the splits \['train'\]"):
        asking.choose(folder, evaluate_config)


def test_one_caption_of_many_pictures_is_asked_once(
    tmp_path, evaluate_config, some_examples
):
    caption = (Caption("a red circle", "en"),)
    same = [
        replace(one, split="test", captions=caption) for one in some_examples[:3]
    ] + [replace(some_examples[3], split="test")]
    asked, _ = asking.choose(write_examples(tmp_path, same), evaluate_config)

    assert sum(one.prompt == "a red circle" for one in asked) == 1


def captions(split, lang, *prompts):
    return [
        asking.Asked(split=split, lang=lang, prompt=prompt, example_id=prompt, row=0)
        for prompt in prompts
    ]


def test_prompts_that_raise_no_question_are_counted():
    asked = captions("test", "en", "a blue bird", "peace and quiet", "a red flower")
    readable, notes = asking.with_scenes(asked)

    assert [one.scene.things[0].kind for one in readable] == ["bird", "flower"]
    assert notes == ["1 prompts raise no question and are left out of every figure."]


def test_where_all_prompts_raise_a_question_nothing_is_said():
    asked = captions("test", "en", "a blue bird", "a red flower")

    assert asking.with_scenes(asked)[1] == []


def test_where_a_single_prompt_raises_a_question_it_is_left_out_by_name():
    asked = captions("test_a", "en", "a blue bird", "a red flower")
    asked += captions("test_a", "zh", "一只蓝色的小鸟", "和平")
    asked += captions("test_b", "en", "peace and quiet", "love and war")
    readable, notes = asking.with_scenes(asked)

    assert {(one.split, one.lang) for one in readable} == {("test_a", "en")}
    assert [note.split(" that raises")[0] for note in notes[1:]] == [
        "test_a has a single prompt in zh",
        "test_b has no prompt in en",
    ]


@pytest.mark.parametrize("prompts", [["peace and quiet"], ["peace", "a blue bird"]])
def test_prompts_of_another_world_are_sent_to_the_general_judge(prompts):
    with pytest.raises(DataError, match="no two of one split and language raise a"):
        asking.with_scenes(captions("test", "en", *prompts))


@pytest.fixture(scope="module")
def some_examples(examples):
    return list(storage.read_examples(examples, "test_seen"))


def write_examples(folder, chosen: list[Example]):
    with (
        storage.staged(folder / "examples") as staging,
        storage.ExamplesWriter(staging) as writer,
    ):
        for example in chosen:
            writer.add(example)
    return folder / "examples"
