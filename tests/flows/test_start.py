"""Which version a training begins with, and where it lies."""

import json
from pathlib import Path

import pytest

from flows import earlier, overlay, start
from llmvis import config
from llmvis.errors import MismatchError, RegistryError
from llmvis.model_registry import champions, versions

PARAMS = Path(__file__).parents[2] / "params.yaml"
SAMPLING = config.read(PARAMS).sampling


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project's folder with a store that holds nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    Path("params.yaml").write_text(PARAMS.read_text())
    Path("data/start").mkdir(parents=True)
    Path("data/start/README.md").write_text("about")
    return tmp_path


def register(weights):
    for name in ("model", "report"):
        Path(name).mkdir(exist_ok=True)
    Path("model/model.json").write_text("{}")
    Path("model/generator.keras").write_text(weights)
    Path("report/metrics.json").write_text("{}")
    return versions.register(Path("model"), Path("report"), "llmvis", SAMPLING).version


def begin_with(value):
    overlay.keep({"train": {"start_from": value}})


def bring(*, is_up_to_date=False):
    start.bring(lambda: is_up_to_date)
    return start.read()


def weights():
    return Path("data/start/model/generator.keras").read_text()


def test_a_version_is_there_for_as_long_as_it_is_named(folder):  # noqa: ARG001
    register("first")
    champions.appoint("llmvis", register("second"), "better", 0)
    assert bring() is None  # params.yaml names none

    begin_with(1)
    with pytest.raises(MismatchError, match=r"start_from is 1.*holds nothing.*llmvis"):
        start.read()
    began = bring()
    assert (began.label, weights()) == ("llmvis 1", "first")
    assert json.loads((began.folder / "start.json").read_text())["version"] == 1

    begin_with("champion")
    assert (bring().label, weights()) == ("llmvis 2", "second")

    begin_with(7)
    with pytest.raises(MismatchError, match=r"start_from is 7.*holds llmvis 2"):
        start.read()
    with pytest.raises(RegistryError, match="no version 7"):
        bring()

    begin_with(None)
    assert bring() is None
    assert [path.name for path in Path("data/start").iterdir()] == ["README.md"]


def test_a_new_champion_is_begun_with_only_where_something_else_has_changed_too(
    folder,  # noqa: ARG001
):
    begin_with("champion")
    assert bring() is None  # there is none yet
    champions.appoint("llmvis", register("first"), "the first", 0)
    assert bring(is_up_to_date=True) is None

    assert bring().label == "llmvis 1"
    champions.appoint("llmvis", register("second"), "better", 1)
    assert bring(is_up_to_date=True).label == "llmvis 1"
    assert bring().label == "llmvis 2"


def test_files_that_were_changed_are_not_begun_with(folder):
    register("first")
    [stored] = (folder / "mlartifacts").rglob("artifacts/model/generator.keras")
    stored.write_text("other")
    begin_with(1)

    with pytest.raises(RegistryError, match=r"generator\.keras.*not the ones"):
        bring()
    assert not Path("data/start/model").exists()


def test_an_experiment_gives_back_what_the_project_begins_with(project):
    project.write("data/start/model/start.json", "of the project")
    with earlier.back_afterwards():
        project.write("data/start/model/start.json", "of a row")

    assert project.read("data/start/model/start.json") == "of the project"
