"""How what is known of a version is kept in MLflow's tags, and read back."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from mlflow.entities.model_registry import ModelVersion

from llmvis.config import SamplingConfig
from llmvis.errors import RegistryError
from llmvis.model_registry.provenance import Version

MODEL, REPORT = "llmvis.model_fingerprint", "llmvis.report_fingerprint"
REASON, PROMOTED = "llmvis.promoted_because", "llmvis.promoted_at"
BEGAN_WITH = "llmvis.began_with"
GATE, GATE_MET = "gate", "llmvis.gate_met"
AWAITS_APPROVAL = (
    "awaits approval"  # how the gate tag begins where a person is to decide
)
_FILES, _SAMPLING = "llmvis.files", "llmvis.sampling"
_FIGURES, _DATA = "llmvis.figures", "llmvis.data_digest"


def write(version: Version, sampling: SamplingConfig) -> dict[str, str]:
    """Gives the tags of a version that is about to be registered."""
    return {
        MODEL: version.model_fingerprint,
        REPORT: version.report_fingerprint,
        BEGAN_WITH: version.began_with,
        _DATA: version.data_digest,
        _FILES: json.dumps(version.files),
        _SAMPLING: json.dumps(asdict(sampling)),
        _FIGURES: json.dumps(version.figures),
    }


def read(entity: ModelVersion, aliases: Mapping[str, int]) -> Version:
    """Reads a version that `write` tagged.

    Args:
        entity: What MLflow holds.
        aliases: Those of the whole model; MLflow does not always give them with it.

    Raises:
        RegistryError: Something else than llmvis registered this version.
    """
    tags, number = entity.tags, int(entity.version)
    if _FILES not in tags:
        raise RegistryError(
            f"Version {number} of {entity.name} was not registered by llmvis, so "
            "nothing is known of its files. Set register.name to another name."
        )
    return Version(
        name=entity.name,
        version=number,
        model_fingerprint=tags[MODEL],
        report_fingerprint=tags[REPORT],
        data_digest=tags[_DATA],
        files=json.loads(tags[_FILES]),
        sampling=SamplingConfig(**json.loads(tags[_SAMPLING])),
        figures=json.loads(tags[_FIGURES]),
        aliases=tuple(sorted(a for a, version in aliases.items() if version == number)),
        created=datetime.fromtimestamp(entity.creation_timestamp / 1000, UTC),
        run_id=entity.run_id or "",
        began_with=tags.get(BEGAN_WITH, ""),
        reason=tags.get(REASON, ""),
        gate=tags.get(GATE, ""),
        gate_met=int(tags.get(GATE_MET, 0)),
    )
