"""A whole model with tiny networks, for every test that needs one."""

import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from llmvis import config, environment

PARAMS = Path(__file__).parents[1] / "params.yaml"
CAPTIONS = ("a blue bird standing on a red flower", "一只蓝色的小鸟站在红色的花朵上")


def pytest_configure():
    """Lets the processes that tests start be interrupted, and keeps what is compiled.

    A shell starts what runs in the background with Ctrl-C ignored, and that is
    inherited. Many tests compile the same tiny networks.
    """
    environment.prepare()
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Postgres:
    """A database server that tests/postgres runs; it can be killed and started anew."""

    def __init__(self, folder, port):
        self._command = [Path(__file__).with_name("postgres"), folder, str(port)]
        self._process = None
        self.port = port

    def address(self, driver, name):
        return f"postgresql{driver}://llmvis@127.0.0.1:{self.port}/{name}"

    def start(self):
        while not self._answers():
            # Also again, while the children of a killed one are still there.
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    self._command, stderr=subprocess.DEVNULL
                )
            time.sleep(0.2)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def stop(self):
        self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def _answers(self):
        import psycopg

        try:
            psycopg.connect(self.address("", "mlflow")).close()
        except psycopg.OperationalError:
            return False
        return True


@pytest.fixture
def postgres():
    """A PostgreSQL with empty databases for MLflow and Prefect."""
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("Debian's package postgresql is not installed.")
    folder = tempfile.mkdtemp()  # tmp_path is closed to the user it runs as
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    database = Postgres(folder, port)
    database.start()
    yield database
    database.stop()
    shutil.rmtree(folder)


@pytest.fixture
def s3(monkeypatch):
    """A client of an S3 server on this machine; the environment names it to others."""
    # Only a few tests need them, and they take a second to import.
    import boto3
    from moto.server import ThreadedMotoServer

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server = ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    client = boto3.client("s3")
    yield client
    client.close()
    server.stop()


@pytest.fixture(scope="session")
def sampling():
    """How pictures are drawn by default."""
    return config.read(PARAMS).sampling


@pytest.fixture(scope="session")
def tiny_model_folder(tmp_path_factory):
    """A saved TextToImage that draws 32 x 32 pixels of noise that heeds the prompt."""
    import keras
    import numpy as np

    from llmvis.prompts.text_tokenizer import TextTokenizer
    from llmvis.text_to_image import TextToImage
    from llmvis.training.build import build_generator, build_sketch_tokenizer

    params = config.read(PARAMS)
    sizes = {"hidden_dim": 16, "num_layers": 1}
    small = {"num_levels": 3, **sizes}
    tokenize = dataclasses.replace(params.tokenize, **small)
    train = dataclasses.replace(params.train, num_heads=2, **sizes)
    keras.utils.set_random_seed(0)
    words = TextTokenizer.train(CAPTIONS, tokenize.max_caption_tokens)
    image_tokenizer = build_sketch_tokenizer(tokenize, image_size=32)
    generator = build_generator(train, words, image_tokenizer)
    rng = np.random.default_rng(0)
    for weight in generator.trainable_variables:  # some are zero before training
        weight.assign_add(rng.normal(0, 0.1, weight.shape))
    folder = tmp_path_factory.mktemp("tiny") / "model"
    about = {"text_tokenizer": words.fingerprint}
    TextToImage(words, generator, image_tokenizer, about).save(folder)
    return folder
