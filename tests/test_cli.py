"""The command line as a person meets it: in a process, with exit codes."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from llmvis import storage
from llmvis.cli import app, main, pictures
from llmvis.model_registry.provenance import Version
from llmvis.model_registry.provenance import read as read_provenance
from llmvis.png import encode_png
from llmvis.records import Sample

ROOT = Path(__file__).parents[1]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project's folder where nothing ran yet; it is the current folder."""
    for name in ("dvc.yaml", "params.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    no_scm = true\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def llmvis(monkeypatch, capsys):
    """Runs a command; gives its exit code, and what it said."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["llmvis", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


class TestHelp:
    def test_it_comes_within_a_second(self):
        start = time.monotonic()
        command = [sys.executable, "-c", "from llmvis.cli import main; main()", "-h"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

        # A second where nothing else runs; tests run beside each other.
        assert time.monotonic() - start < 3

    def test_it_imports_nothing_slow(self):
        slow = {"tensorflow", "keras", "mlflow", "prefect", "dvc", "spacy", "pandas"}
        code = "import sys, llmvis.cli; print(*sys.modules)"
        output = subprocess.check_output([sys.executable, "-c", code], text=True)

        assert slow.isdisjoint(output.split())

    @pytest.mark.parametrize(
        "command", [c.callback.__name__ for c in app.registered_commands]
    )
    def test_every_command_has_an_example(self, llmvis, command):
        code, out, _ = llmvis(command, "--help")

        assert code == 0
        assert f"  llmvis {command}" in out


class TestMistakes:
    def test_outside_a_project_it_says_where_to_go(self, llmvis, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        code, _, err = llmvis("train")

        assert code == 2
        assert "no llmvis project" in err

    def test_a_folder_inside_the_project_is_inside(self, llmvis, project, monkeypatch):
        (project / "deep").mkdir()
        monkeypatch.chdir(project / "deep")
        (project / "params.yaml").write_text("train: {}")

        assert "params.yaml has unknown keys" in llmvis("models")[2]

    def test_a_misspelt_key_in_params_is_one_sentence(self, llmvis, project):
        text = (project / "params.yaml").read_text().replace("num_heads", "nm_heads")
        (project / "params.yaml").write_text(text)
        code, _, err = llmvis("pipeline")

        assert code == 2
        assert err.startswith("error: Section `train` of params.yaml has unknown keys")
        assert len(err.splitlines()) == 1

    @pytest.mark.parametrize(
        ("setting", "message"),
        [
            ("train.num_stesp=5", "Did you mean `num_steps`?"),
            ("train.num_steps", "not of the form section.key=value"),
            ("train.generator=giraffe", "one of autoregressive, masked"),
            ("train.num_steps=many", "train.num_steps is 'many', and must be int"),
            ("ingest.image_size=60", "Try 64."),
        ],
    )
    def test_a_setting_that_cannot_work_is_refused_before_anything_starts(
        self, llmvis, project, setting, message
    ):
        before = (project / "params.yaml").read_bytes()
        code, _, err = llmvis("pipeline", "--set", setting)

        assert code == 2
        assert message in err
        assert (project / "params.yaml").read_bytes() == before
        assert not (project / "data").exists()

    def test_a_params_file_that_is_not_there_is_named(self, llmvis, project):
        code, _, err = llmvis("pipeline", "--params", "nowhere.yaml")

        assert code == 2
        assert "nowhere.yaml" in err
        assert project.exists()

    def test_a_missing_folder_is_named_and_nothing_is_written(self, llmvis, project):
        source = project / "params.yaml"
        source.write_text(source.read_text().replace("data/raw ", "nowhere "))
        code, _, err = llmvis("ingest")

        assert code == 2
        assert "reads nowhere" in err
        assert "Traceback" not in err

    @pytest.mark.usefixtures("project")
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["-o", "cat.jpg"], "Name a .png file or a folder"),
            (["-o", "cat.png", "--temperature", "0"], "must be from 0.01 to 100"),
            (["-o", "cat.png", "--num-images", "0"], "--num-images"),
            ([], "--output"),
        ],
    )
    def test_what_cannot_be_drawn_is_refused_before_the_model_loads(
        self, llmvis, arguments, message
    ):
        code, _, err = llmvis("generate", "a cat", *arguments)

        assert code == 2
        assert message in err

    @pytest.mark.usefixtures("project")
    def test_an_option_that_does_not_exist_is_refused(self, llmvis):
        assert llmvis("train", "--fast")[0] == 2

    def test_two_at_once_are_one_too_many(self, llmvis, project):
        holding = (
            "import sys, time; from flows import lock\n"
            "with lock.alone(): print('held', flush=True); time.sleep(60)"
        )
        with subprocess.Popen(
            [sys.executable, "-c", holding], cwd=project, stdout=subprocess.PIPE
        ) as other:
            other.stdout.readline()
            code, _, err = llmvis("train")
            other.kill()

        assert code == 2
        assert "Another llmvis command" in err

    def test_a_params_file_of_a_killed_run_is_put_back(self, llmvis, project):
        original = (project / "params.yaml").read_bytes()
        (project / ".params.yaml.kept").write_bytes(original)
        (project / "params.yaml").write_text("of the killed run")
        _, _, err = llmvis("generate", "a cat", "-o", "cat.jpg")

        assert (project / "params.yaml").read_bytes() == original
        assert "gave way to the original" in err

    @pytest.mark.usefixtures("project")
    def test_the_debug_variable_shows_where_an_error_comes_from(self):
        arguments = ["generate", "a cat", "-o", "cat.jpg"]
        code = (
            f"import sys; sys.argv[1:] = {arguments}; import llmvis.cli as c; c.main()"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "LLMVIS_DEBUG": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

        assert "Traceback" in done.stderr


class TestIngest:
    """`llmvis ingest PATH` in a project whose stage writes without reading."""

    @pytest.fixture(autouse=True)
    def stage(self, project, monkeypatch):
        from flows import dvc_stage
        from llmvis import storage
        from llmvis.records import Refusal

        def write(_stage):
            folder = project / "data/examples"
            folder.mkdir(parents=True)
            with storage.ExamplesWriter(folder) as writer:
                writer.refuse(Refusal(source="a.png", reason="it is broken", fix="Go."))

        monkeypatch.setattr(dvc_stage, "bring_up_to_date", write)

    @pytest.fixture
    def pictures(self, project):
        folder = project / "my pictures"
        for name in ("fox/1.png", "owl/1.png"):
            (folder / name).parent.mkdir(parents=True)
            Image.new("RGB", (8, 8)).save(folder / name)
        return folder

    def test_a_path_is_named_in_the_params_with_its_form(
        self, llmvis, project, pictures, monkeypatch
    ):
        monkeypatch.chdir(pictures)
        code, _, _ = llmvis("ingest", "../my pictures")

        params = (project / "params.yaml").read_text()
        assert code == 0
        assert "  source: class_folders" in params
        assert "  path: my pictures" in params
        assert "# `llmvis ingest PATH` finds out" in params

    def test_a_folder_in_no_known_form_changes_nothing(self, llmvis, project):
        before = (project / "params.yaml").read_bytes()
        (project / "empty").mkdir()
        code, _, err = llmvis("ingest", "empty")

        assert code == 2
        assert "no captions in a known form" in err
        assert (project / "params.yaml").read_bytes() == before

    @pytest.mark.usefixtures("pictures")
    def test_strict_fails_with_the_first_refusal(self, llmvis):
        code, _, err = llmvis("ingest", "my pictures", "--strict")

        assert code == 2
        assert "1 items were refused" in err
        assert "a.png: it is broken. Go." in err


class TestPictures:
    """What `generate` writes, from samples that no model drew."""

    VERSION = Version(name="llmvis", version=3, model_fingerprint="abc")

    def samples(self, *prompts):
        picture = np.full((8, 8, 3), 9, np.uint8)
        return [
            Sample(prompt=prompt, seed=number, image=picture, unknown_words=())
            for number, prompt in enumerate(prompts)
        ]

    def test_one_picture_is_a_file_that_says_how_it_was_made(self, tmp_path):
        pictures._write(self.samples("a cat"), self.VERSION, tmp_path / "a.png", 1)
        words = read_provenance((tmp_path / "a.png").read_bytes())

        assert (words["prompt"], words["seed"], words["version"]) == (
            "a cat",
            "0",
            "llmvis 3",
        )

    def test_several_pictures_in_one_file_are_a_grid(self, tmp_path):
        samples = self.samples("a", "a", "a", "b", "b", "b")
        pictures._write(samples, self.VERSION, tmp_path / "a.png", 3)

        with Image.open(tmp_path / "a.png") as grid:
            assert grid.size == (3 * 10 - 2, 2 * 10 - 2)

    def test_a_folder_gets_a_file_for_each(self, tmp_path):
        pictures._write(self.samples("a", "b"), self.VERSION, tmp_path / "new", 1)
        names = sorted(path.name for path in (tmp_path / "new").iterdir())

        assert names == ["0000-seed0.png", "0001-seed1.png"]


def test_the_table_of_versions_shows_whole_prompts_and_not_a_mix_of_figures():
    from types import SimpleNamespace

    from llmvis.cli.versions import _right

    of_scenes = {
        "alignment/test/en/all_correct": 0.5,
        "alignment/test/zh/all_correct": 0.3,
        "alignment/test/en/r_precision": 0.9,
    }
    of_photos = {"alignment/test/en/r_precision": 0.9}

    assert _right(SimpleNamespace(figures=of_scenes)) == {"test": 0.4}
    assert _right(SimpleNamespace(figures=of_photos)) == {"test": 0.9}
    assert _right(SimpleNamespace(figures={})) == {}


class TestWhatNext:
    """The last lines of `pipeline`, for versions that no run made."""

    def say(self, capsys, **known):
        from llmvis.cli import stages

        version = Version(name="llmvis", version=3, model_fingerprint="abc", **known)
        stages._say_what_next(version, is_default=True)
        return capsys.readouterr().out

    def test_a_champion_is_used_without_its_name(self, capsys):
        said = self.say(capsys, aliases=("champion",), gate="passed: it rises.")

        assert "version 3 of llmvis, its champion." in said
        assert "  gate     passed: it rises." in said
        assert "--model" not in said
        assert "promote" not in said

    def test_what_the_gate_refused_is_used_by_number_and_may_be_promoted(self, capsys):
        said = self.say(capsys, aliases=("challenger",), gate="refused: it falls.")

        assert "version 3 of llmvis, not its champion." in said
        assert "  gate     refused: it falls." in said
        assert "llmvis serve --model models:/llmvis/3" in said
        assert "llmvis promote 3 --reason WHY" in said

    def test_what_a_person_promoted_says_so(self, capsys):
        said = self.say(capsys, aliases=("champion",), reason="draws fish better")

        assert "not asked; promoted: draws fish better" in said


class TestCompare:
    def report(self, folder, right, judge="a"):
        """Writes what a comparison reads of a report: ten prompts, each twice."""
        folder.mkdir()
        picture = encode_png(np.full((8, 8, 3), 200, dtype="uint8"))
        pd.DataFrame(
            {
                "split": "test_seen",
                "lang": ("en", "zh")[i % 2],
                "prompt": f"prompt {i}",
                "example_id": str(i // 2),
                "seed": seed,
                "r_precision": 1.0,
                "num_things": 1,
                "all_correct": right,
                "verdicts": [
                    {
                        "about": "color",
                        "question": "Is it blue?",
                        "holds": right,
                        "reason": "expected blue, found red",
                    }
                ],
                "image": {"bytes": picture, "path": "0.png"},
            }
            for i in range(10)
            for seed in range(2)
        ).to_parquet(folder / "prompts.parquet")
        figure = {"value": 0.97, "low": 0.95, "high": 0.99, "n": 5}
        real = {"test_seen": {lang: {"all_correct": figure} for lang in ("en", "zh")}}
        storage.write_json(folder / "metrics.json", {"real": real})
        facts = {"judge files": judge, "examples": "b"}
        storage.write_json(folder / "facts.json", facts)

    def test_two_reports_become_a_table_and_a_page(self, llmvis, project):
        self.report(project / "worse", right=False)
        self.report(project / "better", right=True)
        code, out, _ = llmvis("compare", "worse", "better")
        page = (project / "compare.html").read_text("utf-8")
        (line,) = (one.split() for one in out.splitlines() if "all_correct" in one)

        assert code == 0
        assert line[0] == "all_correct"
        assert line[1] == "+1.000"
        assert line[-3:] == ["5", "0", "20"]  # prompts, only A right, only B right
        assert "20 pictures of each" in out
        assert "worse: expected blue, found red" in page
        assert "97\N{NO-BREAK SPACE}%" in page
        assert page.count("data:image/webp") == 2 * 10

    def test_reports_by_two_judges_are_not_compared(self, llmvis, project):
        self.report(project / "before", right=True)
        self.report(project / "after", right=True, judge="another")
        code, _, err = llmvis("compare", "before", "after")

        assert code == 2
        assert "by judge a and the other by judge another" in err
        assert not (project / "compare.html").exists()
