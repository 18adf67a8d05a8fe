"""Pages made up from few numbers, opened in a real browser without a network."""

import os
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import asdict, replace
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from llmvis import config, evaluation, storage
from llmvis.datasets import card
from llmvis.datasets.ingestion import ingest
from llmvis.evaluation import alignment, page, report
from llmvis.evaluation import experiment_page as experiment_pages
from llmvis.evaluation.evaluate import Findings
from llmvis.evaluation.experiment import Row
from llmvis.metrics.figure import Figure
from llmvis.model_registry import gate
from llmvis.model_registry import gate_page as gate_pages
from llmvis.png import encode_png

PARAMS = config.read(Path(__file__).parents[2] / "params.yaml")
PICTURE = np.full((32, 32, 3), (40, 90, 200), dtype="uint8")
SHARE = Figure(value=0.8, low=0.7, high=0.9, n=20)
NATS = Figure(value=1234.0, low=1200.0, high=1260.0, n=20)


def rows():
    """Judged rows of two splits and two languages, two in three right."""
    return pd.DataFrame(
        {
            "split": split,
            "lang": lang,
            "prompt": f"{text} {i}",
            "example_id": str(i),
            "seed": i,
            "recall_at_1": 1.0,
            "recall_at_5": 1.0,
            "r_precision": 1.0,
            "similarity": 0.7,
            "num_things": 1 + i % 3,
            "all_correct": i % 3 > 0,
            "soft_tifa_am": 0.9,
            "soft_tifa_gm": 0.8,
            "verdicts": [
                _verdict("thing", "bird", holds=True),
                _verdict("color", "blue", holds=i % 3 > 0),
            ],
        }
        for split in ("test_seen", "test_unseen_binding")
        for lang, text in (("en", "a blue bird on a red flower"), ("zh", "蓝色的小鸟"))
        for i in range(6)
    )


def _verdict(about, value, *, holds):
    return {
        "about": about,
        "value": value,
        "question": f"Is it {value}?",
        "holds": holds,
        "confidence": 0.9,
        "reason": f"expected {value}, found something else",
        "parents": [0] if about == "color" else [],
    }


@pytest.fixture(scope="session")
def findings():
    table = rows()
    scores = alignment.scores(table, seed=0)
    sets = ("kid", "precision", "density", "recall", "coverage", "vendi", "vendi_real")
    metrics = {
        **dict.fromkeys(("alignment", "real", "tokenizer_ceiling", "shuffled"), scores),
        "language_gap": dict.fromkeys(("test_seen", "test_unseen_binding"), SHARE),
        "distribution": {"judge_features": dict.fromkeys(sets, SHARE)},
        "seed_diversity": {"judge_features": SHARE},
        "memorisation": dict.fromkeys(("copies", "distance", "distance_real"), SHARE),
        "likelihood": {"test_seen": {"en": {"nll": NATS, "prompt_gain": NATS}}},
        "finishing": {
            "unfinished": scores,
            "steps": {
                step: {"psnr": SHARE, "ssim": SHARE, "alignment": scores}
                for step in ("denoise", "color", "contrast", "upsample", "sharpen")
            },
        },
        "tokenizer": {"psnr": SHARE, "ssim": SHARE, "codebook_usage": 0.5},
        "vocabulary": {"en": {"unknown_words": SHARE}},
        "cost": {"seconds_per_picture": 0.1, "parameters": 1234567},
        "judge": {
            "scene": {"test_seen": {"thing": asdict(SHARE), "calibration_error": 0.1}},
            "general": {"test_seen": {"en": {"r_precision": asdict(SHARE)}}},
        },
    }
    return Findings(
        metrics=metrics,
        rows=table,
        images=np.stack([PICTURE] * len(table)),
        reals=np.stack([PICTURE] * len(table)),
        confusions=(
            Counter({("bird", "bird"): 3, ("bird", "fish"): 1}),
            Counter({("blue", "blue"): 4}),
        ),
        copies=[(0, 0.1, PICTURE)],
        real_copies=[(PICTURE, 0.1, PICTURE)],
        rebuilt=[(PICTURE, PICTURE)],
        finishing=[(step, PICTURE[None]) for step in ("unfinished", "sharpen")],
        sensitivity=[
            {
                "change": change,
                "notices": notices,
                "expected": "low" if notices else "high",
                "all_correct": SHARE,
                "still_yes": asked,
                "mean_confidence": SHARE,
            }
            for change, notices, asked in (("none", "", None), ("gray", "color", SHARE))
        ],
        notes=["Something a reader must know."],
    )


@pytest.fixture(scope="session")
def report_page(tmp_path_factory, findings):
    training = tmp_path_factory.mktemp("training")
    (training / "curves.csv").write_text("step,loss\n0,4.0\n10,2.0\n20,1.0\n")
    (training / "alarms.json").write_text('["It learns by heart."]')
    facts = {"model": "autoregressive, 5.0 million parameters", "data set": "scenes"}
    return page.render(findings, training, facts)


@pytest.fixture(scope="session")
def experiment_page(tmp_path_factory, findings):
    """The page of eleven models with long names, and of one that failed."""
    folder = tmp_path_factory.mktemp("experiment")
    rows = []
    for number in range(11):
        place = folder / f"row{number}"
        place.mkdir()
        facts = dict.fromkeys(("model", "data set", "judge files", "examples"), "a")
        report.write(findings, place, folder, facts)
        (place / "curves.csv").write_text("step,seconds,loss\n20,9,2\n40,18,1\n")
        metrics = storage.read_json(place / "metrics.json", "evaluate")
        metrics["cost"]["parameters"] = 10**5 * (number + 1)
        storage.write_json(place / "metrics.json", metrics)
        name = f"autoregressive-word_embedding-{number}"
        rows.append(
            Row(
                name=name,
                model=name,
                seed=0,
                values={},
                further={"sampling.temperature": 0.7},
                num_steps=9,
                folder=place,
                failure="",
            )
        )
    # Of one model another seed, which has the same report.
    rows.append(replace(rows[-1], name=f"{name}-seed1", seed=1))
    failed = replace(rows[0], name="gan", model="gan", failure="Diverged.")
    main = "alignment.test_seen.en.all_correct"
    experiment_pages.write([*rows, failed], folder, "families", main, seconds=300)
    return (folder / "index.html").read_text("utf-8")


@pytest.fixture(scope="session")
def compare_page(findings):
    """The page of two versions, one of which got half of its failures right."""
    before = findings.rows.copy()
    picture = {"bytes": encode_png(findings.images[0]), "path": "0.png"}
    before["image"] = [picture] * len(before)
    after = before.assign(all_correct=before.index % 6 > 0, soft_tifa_am=0.95)
    names = (
        "a model with a long name, 3",
        "runs/another-model-with-a-long-name/report",
    )
    figure = {"value": 0.97, "low": 0.95, "high": 0.99, "n": 20}
    real = {"test_seen": {"en": {"all_correct": figure}}}
    found = evaluation.compare(before, after, seed=0)
    return evaluation.render_comparison(found, (before, after), names=names, real=real)


@pytest.fixture(scope="session")
def gate_page(findings):
    """The page of a challenger with a long name that is no better than the champion."""
    contenders = [
        gate.Contender(
            name=name,
            judge="judge",
            metrics=evaluation.plain(findings.metrics),
            rows=findings.rows,
        )
        for name in ("a model with a long name, 4", "a model with a long name, 3")
    ]
    asked = replace(
        PARAMS.gate, main_score="alignment.test_seen.en.all_correct", min_prompts=2
    )
    decision = gate.decide(*contenders, asked, seed=0)
    assert decision.measured is not None
    return gate_pages.render(decision)


@pytest.fixture(scope="session")
def card_page(tmp_path_factory):
    """The data card of twelve pictures, two of them alike, and of one broken file."""
    home = tmp_path_factory.mktemp("card")
    raw = home / "raw"
    raw.mkdir()
    shades = np.random.default_rng(0).integers(0, 256, (11, 16, 16, 3), np.uint8)
    for number, shade in enumerate([*shades, shades[0]]):
        (raw / f"{number}.png").write_bytes(encode_png(shade))
        (raw / f"{number}.txt").write_text(f"picture number {number}", "utf-8")
    (raw / "broken.png").write_bytes(b"no picture")
    (raw / "broken.txt").write_text("a file that is broken", "utf-8")
    asked = replace(PARAMS.ingest, source="sidecar_text", path=str(raw), image_size=16)
    ingest(
        asked,
        home / "examples",
        cache=home / "cache",
        num_processes=1,
        report=lambda *_: None,
    )
    return (home / "examples" / card.CARD).read_text("utf-8")


@pytest.fixture(scope="session")
def chromium():
    """The browser's command; without one, a CI run fails and others skip."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("No chromium is installed. Run `apt-get install chromium`.")
    if found is None:
        pytest.skip("no chromium is installed")
    return found


@pytest.fixture
def ask_browser(chromium, tmp_path):
    """Opens a page at a width and gives what a JavaScript expression is there."""

    def ask(html, expression, width):
        script = (
            "<script>addEventListener('load', () => { parent.document.title ="
            f" 'ANSWER ' + JSON.stringify({expression}); }});</script>"
        )
        inner = escape(html.replace("</body>", f"{script}</body>"))
        path = tmp_path / "page.html"
        # A frame, because chromium's own window is never narrower than 500 pixels.
        path.write_text(
            f'<!doctype html><title></title><iframe srcdoc="{inner}"'
            f' style="border:0;width:{width}px;height:2000px"></iframe>',
            "utf-8",
        )
        done = subprocess.run(
            [
                chromium,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--host-resolver-rules=MAP * ~NOTFOUND",
                f"--user-data-dir={tmp_path / 'profile'}",
                f"--window-size={width + 100},2100",
                "--dump-dom",
                path.as_uri(),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return re.search(r"<title>ANSWER (.*?)</title>", done.stdout).group(1)

    return ask
