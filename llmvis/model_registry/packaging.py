"""Turns a model folder into a model of MLflow's kind: files, code and a signature."""

import importlib.metadata
import shutil
import tempfile
from dataclasses import asdict, astuple, fields
from pathlib import Path

import pandas as pd
from mlflow import MlflowClient, pyfunc
from mlflow.entities import LoggedModelOutput, LoggedModelStatus
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Array

import llmvis
from llmvis import storage
from llmvis.config import SamplingConfig
from llmvis.model_registry.provenance import Version

MODEL_ARTIFACT = "artifacts/model"  # where the model folder lies inside MLflow's
_PACKAGE = Path(llmvis.__file__).parent
_REQUIREMENTS = [
    *("tensorflow", "keras", "numpy", "pillow", "pandas", "pyarrow"),
    *("spacy", "jieba", "ruamel.yaml", "mlflow", "filelock", "sqlalchemy", "protobuf"),
    "scikit-image",
]


def log_model(
    client: MlflowClient,
    model_folder: Path,
    version: Version,
    sampling: SamplingConfig,
) -> str:
    """Logs a model folder as an output of its run, and returns its `models:/` address.

    Every file is written before MLflow is told that the model is ready.

    Args:
        client: Of the open store.
        model_folder: What `finish` wrote.
        version: What is known of it; the number is not yet.
        sampling: What it is served with where a request does not say.
    """
    experiment = client.get_run(version.run_id).info.experiment_id
    logged = client.create_logged_model(
        experiment, version.name, source_run_id=version.run_id
    )
    with tempfile.TemporaryDirectory() as scratch:
        packed = Path(scratch) / "packed"
        about = Model(
            run_id=version.run_id,
            model_id=logged.model_id,
            artifact_path=logged.artifact_location,
        )
        _pack(packed, model_folder, version, sampling, about)
        client.log_model_artifacts(logged.model_id, str(packed))
    client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    client.log_outputs(version.run_id, [LoggedModelOutput(logged.model_id, step=0)])
    return f"models:/{logged.model_id}"


def _pack(
    packed: Path,
    model_folder: Path,
    version: Version,
    sampling: SamplingConfig,
    about: Model,
) -> None:
    parts = packed.with_name("parts")
    # MLflow keeps the name of a folder, and `MODEL_ARTIFACT` counts on this one.
    shutil.copytree(model_folder, parts / "model")
    registration = {
        "name": version.name,
        "model_fingerprint": version.model_fingerprint,
        "data_digest": version.data_digest,
        "sampling": asdict(sampling),
        "files": version.files,
    }
    storage.write_json(parts / "registration.json", registration)
    pyfunc.save_model(
        packed,
        mlflow_model=about,
        python_model=str(_PACKAGE / "model_registry" / "pyfunc_model.py"),
        artifacts={path.stem: str(path) for path in parts.iterdir()},
        code_paths=[str(_PACKAGE)],
        signature=_signature(sampling),
        input_example=_input_example(sampling),
        # Named, because MLflow would otherwise load the model to find them out.
        pip_requirements=[
            f"{name}=={importlib.metadata.version(name)}" for name in _REQUIREMENTS
        ],
    )
    for cache in packed.rglob("__pycache__"):
        shutil.rmtree(cache)


def _signature(sampling: SamplingConfig) -> ModelSignature:
    # By the declared type: YAML reads 2.0 and 2 as different ones.
    params = [
        ParamSpec(
            field.name,
            "double" if field.type is float else "long",
            float(value) if field.type is float else value,
        )
        for field, value in zip(fields(sampling), astuple(sampling), strict=True)
    ]
    return ModelSignature(
        inputs=Schema(
            [ColSpec("string", "prompt"), ColSpec("long", "seed", required=False)]
        ),
        outputs=Schema(
            [
                ColSpec("string", "image"),
                ColSpec("long", "seed"),
                ColSpec("string", "version"),
                ColSpec(Array(DataType.string), "unknown_words"),
            ]
        ),
        params=ParamSchema(params),
    )


def _input_example(sampling: SamplingConfig) -> tuple[pd.DataFrame, dict]:
    prompts = ["a blue bird standing on a red flower", "一只蓝色的小鸟站在红色的花朵上"]
    return pd.DataFrame({"prompt": prompts, "seed": [0, 1]}), asdict(sampling)
