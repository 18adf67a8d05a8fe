"""What `mlflow models serve` runs: a prompt in, a PNG, its seed and the version out.

MLflow stores this file as it is (models from code) and runs it where the model is
loaded, with the package `llmvis` of the day it was registered beside it. So nothing
is pickled, and the weights are read only after their hashes agree.
"""

import base64
import json
import secrets
from dataclasses import replace
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel
from ruamel.yaml import YAML

from llmvis.config import SamplingConfig
from llmvis.model_registry import hashes, provenance


class PromptToPng(PythonModel):
    """Draws one picture for each row.

    Input: Columns `prompt` and, optionally, `seed`; params as in section `sampling`.
    Output: For each row `image` (PNG in base64), `seed`, `version`, `unknown_words`.
    """

    def load_context(self, context):  # MLflow passes it by this name
        """Loads the model that was registered, and no other."""
        # Here and not above: TensorFlow takes ten seconds, and registering runs
        # this file without drawing anything.
        from llmvis.text_to_image import TextToImage

        folder = Path(context.artifacts["model"])
        registered = json.loads(Path(context.artifacts["registration"]).read_text())
        hashes.verify(folder, registered["files"])
        self._sampling = SamplingConfig(**registered["sampling"])
        self._version = provenance.Version(
            name=registered["name"],
            version=_version_number(folder.parents[1]),
            model_fingerprint=registered["model_fingerprint"],
            data_digest=registered["data_digest"],
            sampling=self._sampling,
        )
        self._model = TextToImage.load(folder)

    def predict(self, context, model_input: pd.DataFrame, params=None):  # noqa: ARG002
        """Answers each row; a row without a seed gets one that is new."""
        sampling = replace(self._sampling, **(params or {}))
        prompts = model_input["prompt"].tolist()
        seeds = [_seed(row.get("seed")) for row in model_input.to_dict("records")]
        return [
            {
                "image": base64.b64encode(
                    provenance.encode(sample, self._version)
                ).decode(),
                "seed": sample.seed,
                "version": self._version.label,
                "unknown_words": list(sample.unknown_words),
            }
            for sample in self._model.generate(prompts, seeds, sampling)
        ]


def _seed(value) -> int:
    return secrets.randbelow(2**31) if pd.isna(value) else int(value)


def _version_number(folder: Path) -> int:
    # MLflow writes this file wherever it downloads a registered version to.
    meta = folder / "registered_model_meta"
    return int(YAML().load(meta)["model_version"]) if meta.exists() else 0


mlflow.models.set_model(PromptToPng())
