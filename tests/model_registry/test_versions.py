import json
import shutil

import pytest

from llmvis import storage
from llmvis.errors import MissingStage, RegistryError
from llmvis.model_registry import champions, fetching, runs, versions
from llmvis.model_registry import store as stores

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def register(any_folder, report_folder, sampling):
    """Registers a model whose weights are the given words, and promotes it once."""

    def register(weights):
        (any_folder / "generator.keras").write_text(weights)
        version = versions.register(any_folder, report_folder, "llmvis", sampling)
        if version.reason:
            return version
        now = versions.champion("llmvis")
        number = version.version
        return champions.appoint("llmvis", number, "a test", now.version if now else 0)

    return register


def test_a_new_version_is_the_challenger_and_the_champion_stays(
    register, any_folder, report_folder, sampling
):
    register("first")
    (any_folder / "generator.keras").write_text("second")
    version = versions.register(any_folder, report_folder, "llmvis", sampling)

    assert (version.version, version.aliases) == (2, ("challenger",))
    assert versions.champion("llmvis").version == 1
    assert versions.resolve("models:/llmvis@challenger") == version


def test_before_the_first_promotion_there_is_no_champion(
    any_folder, report_folder, sampling
):
    versions.register(any_folder, report_folder, "llmvis", sampling)

    assert versions.champion("llmvis") is None


def test_a_decision_of_the_gate_is_kept_with_its_version(register):
    register("first")
    version = versions.keep_decision("llmvis", 1, "refused: it draws less well.", 0)

    assert version.gate == "refused: it draws less well."
    assert versions.resolve("models:/llmvis/1").gate == version.gate


def test_a_promoted_version_is_the_champion(register, sampling):
    version = register("first")

    assert (version.version, version.aliases) == (1, ("challenger", "champion"))
    assert version.sampling == sampling
    assert version.figures["alignment/test_seen/en/all_correct"] == 0.5
    assert versions.resolve("models:/llmvis@champion") == version
    assert versions.resolve("models:/llmvis/1") == version


def test_the_same_model_and_report_are_registered_once(register):
    first, again = register("first"), register("first")

    assert again == first
    assert len(versions.list_versions("llmvis")) == 1


def test_a_new_report_of_the_same_model_is_a_new_version(register, report_folder):
    register("first")
    (report_folder / "metrics.json").write_text("{}")

    assert register("first").version == 2


def test_a_newer_version_takes_over_and_the_old_one_is_kept_as_previous(register):
    register("first"), register("second")

    newest, oldest = versions.list_versions("llmvis")
    assert (newest.version, newest.aliases) == (2, ("challenger", "champion"))
    assert (oldest.version, oldest.aliases) == (1, ("previous",))


def test_a_rollback_brings_the_previous_champion_back_and_can_be_undone(register):
    register("first"), register("second")

    assert champions.rollback("llmvis").version == 1
    assert versions.resolve("models:/llmvis@previous").version == 2
    assert champions.rollback("llmvis").version == 2


def test_registering_again_does_not_undo_a_rollback(register):
    register("first"), register("second")
    champions.rollback("llmvis")
    register("second")

    assert versions.resolve("models:/llmvis@champion").version == 1


def test_a_promotion_keeps_its_reason(register):
    register("first"), register("second")
    promoted = champions.appoint("llmvis", 1, "draws better birds", 2)

    assert promoted.reason == "draws better birds"
    assert promoted.aliases == ("champion",)


def test_what_does_not_exist_is_named_beside_what_does(register):
    register("first")
    with pytest.raises(RegistryError, match=r"no registered model dalle.*\['llmvis'\]"):
        versions.list_versions("dalle")
    with pytest.raises(RegistryError, match=r"no version 7; it has \[1\]"):
        champions.promote("llmvis", 7, "")
    with pytest.raises(RegistryError, match=r"no alias best; it has .*'champion'\]"):
        versions.resolve("models:/llmvis@best")
    with pytest.raises(RegistryError, match="no earlier champion"):
        champions.rollback("llmvis")
    with pytest.raises(RegistryError, match="no address of a model"):
        versions.resolve("models:/llmvis")


def test_nothing_is_registered_without_a_report(store, any_folder, sampling):
    with pytest.raises(MissingStage, match="llmvis evaluate"):
        versions.register(any_folder, store / "report", "llmvis", sampling)


def test_the_run_that_trained_a_model_keeps_its_report(
    any_folder, report_folder, sampling
):
    with runs.record("train", {"train": {"seed": 3}}, {}) as run:
        run.made(any_folder)
    version = versions.register(any_folder, report_folder, "llmvis", sampling)

    client = stores.connect()
    kept = client.get_run(run.run_id)
    assert version.run_id == run.run_id
    assert kept.data.metrics["report/alignment/test_seen/en/all_correct/low"] == 0.4
    assert client.list_artifacts(run.run_id, "report")
    card = client.get_model_version("llmvis", "1").description
    assert "with seed 3" in card
    assert (
        "| test_seen/en/all_correct | 0.5 | 0.4 to 0.6 | 0.125 | 0.75 | 200 |" in card
    )


def test_each_version_keeps_its_own_report(register, report_folder, tmp_path):
    first = register("first")
    (report_folder / "metrics.json").write_text("{}")
    second = register("first")

    assert first.run_id == second.run_id
    for version in (first, second):
        fetched = fetching.fetch_report(version, tmp_path)
        assert storage.fingerprint(fetched) == version.report_fingerprint


def test_a_registered_model_has_no_pickle_and_says_what_it_takes(register, store):
    register("first")

    files = [path for path in store.rglob("mlartifacts/**/*") if path.is_file()]
    about = next(path for path in files if path.name == "MLmodel").read_text()
    assert not [path for path in files if path.suffix in {".pkl", ".pickle", ".pt"}]
    for word in (
        "prompt",
        "seed",
        "guidance_scale",
        "temperature",
        "top_k",
        "top_p",
        "num_steps",
        "num_candidates",
    ):
        assert f'"name": "{word}"' in about.replace("\n    ", " ")
    example = next(path for path in files if path.name == "serving_input_example.json")
    assert (
        "一只蓝色的小鸟站在红色的花朵上"
        in json.loads(example.read_text())["dataframe_split"]["data"][1]
    )


def test_a_version_draws_what_its_folder_draws(
    tiny_model_folder, report_folder, sampling
):
    versions.register(tiny_model_folder, report_folder, "llmvis", sampling)
    registered, version = versions.load("models:/llmvis@challenger")
    folder, unregistered = versions.load(str(tiny_model_folder))

    pictures = [
        model.generate(["a blue bird"], 7, sampling)[0].image
        for model in (registered, folder)
    ]
    assert version.label == "llmvis 1"
    assert unregistered.model_fingerprint == version.model_fingerprint
    assert (pictures[0] == pictures[1]).all()


def test_a_version_whose_weights_were_changed_is_refused(register, store):
    register("first")
    weights = next(store.glob("mlartifacts/**/generator.keras"))
    weights.write_text("other")

    with pytest.raises(RegistryError, match=r"\['generator.keras'\].*not the ones"):
        versions.load("models:/llmvis@champion")


def test_a_version_whose_files_are_gone_is_named(register, store):
    register("first")
    shutil.rmtree(store / "mlartifacts")

    with pytest.raises(RegistryError, match="files of llmvis 1 cannot be fetched"):
        versions.load("models:/llmvis/1")


def test_a_folder_without_a_model_names_the_stage_that_makes_one():
    with pytest.raises(MissingStage, match="llmvis finish"):
        versions.load("data/model")
