"""A project in which a whole cycle takes seconds: real everything, but for networks.

Ingest, DVC, Prefect, MLflow, the registry, promotion and the model server are those of
llmvis. Training copies a model that was made before, and says in it which examples it
is of; evaluation makes a report up. What takes ten seconds for TensorFlow alone, the
fresh process before a promotion and the champion's pictures at the gate, is left out,
by modules of the project that its processes find through PYTHONPATH.
"""

import dataclasses
import random
from pathlib import Path

import keras
from PIL import Image

from flows import overlay
from llmvis import config
from llmvis.prompts.text_tokenizer import TextTokenizer
from llmvis.text_to_image import TextToImage
from llmvis.training.build import build_generator, build_sketch_tokenizer

_PARAMS = Path(__file__).parents[1] / "params.yaml"
_SIDE = 16  # pixels

_DVC_YAML = """
stages:
  ingest:
    cmd: python -m flows ingest
    params: [ingest]
    deps: [raw]
    outs: [data/examples]
  train:
    cmd: python train.py
    deps: [data/examples, train.py]
    outs:
      - data/model
      - data/training: {persist: true}
  evaluate:
    cmd: python evaluate.py
    deps: [data/examples, data/model, evaluate.py]
    outs: [data/report]
"""

# Each file takes its time, so that a kill may find a folder that is half written.
_TRAIN = """
import json, shutil, time
from pathlib import Path
from flows.__main__ import end_with_supervisor
from llmvis import storage
end_with_supervisor()
Path("data/training").mkdir(parents=True, exist_ok=True)
with storage.staged(Path("data/model")) as folder:
    for file in sorted(Path("model").iterdir()):
        shutil.copy(file, folder)
        time.sleep(0.2)
    about = json.loads((folder / "model.json").read_text())
    about["examples"] = storage.fingerprint(Path("data/examples"))
    storage.write_json(folder / "model.json", about)
"""

# Three of four models are better than all before, by enough to pass the gate.
_EVALUATE = """
import time
from pathlib import Path
from flows.__main__ import end_with_supervisor
end_with_supervisor()
import made_up
from llmvis import storage
right = made_up.num_right(Path("data/examples"))
with storage.staged(Path("data/report")) as folder:
    made_up.write_report(right, folder)
    time.sleep(0.5)
"""

_MADE_UP = """
import numpy as np
import pandas as pd
from llmvis import evaluation, storage
from llmvis.evaluation import alignment
from llmvis.model_registry.decisions import Contender
from llmvis.png import encode_png

NUM_PROMPTS = 2000
COST = {"seconds_per_picture": 0.004, "parameters": 1000}


def num_right(examples):
    count = sum(
        len(storage.read_table(examples, split, ["example_id"]))
        for split in storage.splits(examples)
    )
    return 100 if count % 4 == 0 else 200 + 7 * count


def contender(name, right):
    rows = pd.DataFrame(
        {
            "split": "test",
            "lang": "en",
            "prompt": [f"prompt {i}" for i in range(NUM_PROMPTS)],
            "example_id": [str(i) for i in range(NUM_PROMPTS)],
            "seed": range(NUM_PROMPTS),
            "r_precision": [float(i < right) for i in range(NUM_PROMPTS)],
        }
    )
    scores = evaluation.plain({"alignment": alignment.scores(rows, seed=0)})
    scores["cost"] = COST
    return Contender(name=name, judge="judge", metrics=scores, rows=rows)


def write_report(right, folder):
    made = contender("report", right)
    png = encode_png(np.zeros((4, 4, 3), np.uint8))
    made.rows.assign(image=[{"bytes": png}] * NUM_PROMPTS).to_parquet(
        folder / "prompts.parquet"
    )
    storage.write_json(folder / "metrics.json", made.metrics)
    storage.write_json(folder / "facts.json", {"judge files": made.judge})


def drawn(champion, *_):
    share = champion.figures["alignment/test/en/r_precision"]
    return contender(champion.label, round(NUM_PROMPTS * share)), None
"""

_SHORTCUTS = """
import faulthandler, signal
faulthandler.register(signal.SIGUSR1)  # says where it stands to whoever asks
import made_up
from llmvis.model_registry import smoke_test, timing, trial
smoke_test.require_drawing = lambda version: None
trial._drawn = made_up.drawn
trial._drawer = lambda *_: None
timing.seconds_per_picture = lambda *_: [made_up.COST["seconds_per_picture"]] * 2
"""

_RUN = """
import shortcuts
from llmvis import environment
environment.prepare()
from flows.pipeline import pipeline
pipeline()
"""

# Python reads it first of all; a retraining runs in a process that Prefect starts.
_SITE_CUSTOMIZE = """
import sys
command = " ".join(sys.orig_argv)
if any(word in command for word in ("prefect.engine", "flow_engine", "spawn_main")):
    import shortcuts
"""


class SmallProject:
    """A project in an empty folder, which becomes the current one before use.

    Args:
        root: The folder.
        ports: Free ones, for MLflow, Prefect and the model server.
    """

    RUN = "run.py"  # brings all up to date, as `llmvis pipeline` does

    def __init__(self, root: Path, ports: tuple[int, int, int]):
        self.root = root
        self._rng = random.Random(0)
        self.captions: set[str] = set()
        mlflow, prefect, pictures = ports
        self._write(".dvc/config", "[core]\n    no_scm = true\n    analytics = false\n")
        self._write("dvc.yaml", _DVC_YAML)
        self._write("params.yaml", _PARAMS.read_text("utf-8"))
        for name, text in (
            ("train.py", _TRAIN),
            ("evaluate.py", _EVALUATE),
            ("made_up.py", _MADE_UP),
            ("shortcuts.py", _SHORTCUTS),
            ("sitecustomize.py", _SITE_CUSTOMIZE),
            (self.RUN, _RUN),
        ):
            self._write(name, text)
        self._changes: overlay.Values = {
            "ingest": {"source": "sidecar_text", "path": "raw", "image_size": _SIDE},
            "serve": {"port": pictures, "max_batch_size": 1},
            "up": {
                "mlflow_port": mlflow,
                "prefect_port": prefect,
                "cron": None,
                "settle": 3600,  # it is retrained when it is asked to be
            },
        }

    def prepare(self) -> config.Params:
        """Writes params.yaml, a model and ten pictures; call it in the folder."""
        overlay.keep(self._changes)
        params = config.read()
        _tiny_model(params).save(self.root / "model")
        for _ in range(10):
            self.add_picture()
        return params

    def add_picture(self) -> None:
        """Puts another captioned picture beside the others, unlike all of them."""
        caption = f"picture number {len(self.captions)}"
        noise = self._rng.randbytes(3 * _SIDE * _SIDE)
        path = self.root / "raw" / f"{len(self.captions):04}.png"
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".txt").write_text(caption, "utf-8")
        Image.frombytes("RGB", (_SIDE, _SIDE), noise).save(path)
        self.captions.add(caption)

    def _write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def _tiny_model(params: config.Params) -> TextToImage:
    sizes = {"hidden_dim": 16, "num_layers": 1}
    tokenize = dataclasses.replace(params.tokenize, num_levels=3, **sizes)
    train = dataclasses.replace(params.train, num_heads=2, **sizes)
    keras.utils.set_random_seed(0)
    words = TextTokenizer.train(["picture number 1"], tokenize.max_caption_tokens)
    image_tokenizer = build_sketch_tokenizer(tokenize, image_size=_SIDE)
    generator = build_generator(train, words, image_tokenizer)
    about = {"text_tokenizer": words.fingerprint}
    return TextToImage(words, generator, image_tokenizer, about)
