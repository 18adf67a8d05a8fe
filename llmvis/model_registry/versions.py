"""Registered versions of the model, and which of them is the champion."""

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from llmvis import storage
from llmvis.config import SamplingConfig
from llmvis.errors import MissingStage, RegistryError
from llmvis.model_registry import (
    card,
    fetching,
    figures,
    hashes,
    packaging,
    place,
    recipes,
    runs,
    store,
    version_tags,
)
from llmvis.model_registry.provenance import Version

if TYPE_CHECKING:  # TensorFlow takes ten seconds, and most calls here need none
    from llmvis.text_to_image import TextToImage

CHAMPION, PREVIOUS, CHALLENGER = "champion", "previous", "challenger"
_ADDRESS = re.compile(r"models:/([^/@]+)(?:/(\d+)|@([^/@]+))")


def register(
    model_folder: Path, report_folder: Path, name: str, sampling: SamplingConfig
) -> Version:
    """Registers a judged model as the challenger; `trial` may make it the champion.

    A model and report that are registered already are left as they are, so that
    registering again does not undo a rollback.

    Args:
        model_folder: What `finish` wrote.
        report_folder: What `evaluate` wrote.
        name: Of the registered model.
        sampling: What the report was drawn with, and the version will be served with.

    Raises:
        MissingStage: One of the folders is not there.
        RegistryError: The store cannot be opened.
    """
    report = storage.read_json(report_folder / "metrics.json", "evaluate")
    if not model_folder.exists():
        raise MissingStage(model_folder, "finish")
    client = store.connect()
    made, judged = storage.fingerprint(model_folder), storage.fingerprint(report_folder)
    number = _find_registered(client, name, made, judged)
    if number is None:
        run_id = runs.find(model_folder) or _record_afterwards(model_folder)
        runs.Run(client, run_id).log_report(report_folder, judged, report)
        recipes.keep(client, run_id, judged, place.project_root())
        version = Version(
            name=name,
            version=0,
            model_fingerprint=made,
            report_fingerprint=judged,
            data_digest=runs.data_digest(run_id),
            files=hashes.of_files(model_folder),
            run_id=run_id,
            began_with=_began_with(model_folder),
            figures=figures.estimates(report),
        )
        source = packaging.log_model(client, model_folder, version, sampling)
        text = card.write(version, sampling, report, client.get_run(run_id))
        number = _create(
            client, version, source, version_tags.write(version, sampling), text
        )
    if find(client, name, number).is_decided:
        return find(client, name, number)
    # Also where an earlier call was stopped between the two.
    client.set_registered_model_alias(name, CHALLENGER, str(number))
    return find(client, name, number)


def keep_decision(name: str, version: int, verdict: str, instead_of: int) -> Version:
    """Keeps what the gate decided of a version.

    Args:
        name: Of the registered model.
        version: Its number.
        verdict: "passed: ..." or "refused: ...".
        instead_of: The champion that it met; 0 where there was none.

    Raises:
        RegistryError: There is no such model or version.
    """
    client = store.connect()
    number = str(find(client, name, version).version)
    met = str(instead_of)
    client.set_model_version_tag(name, number, version_tags.GATE_MET, met)
    client.set_model_version_tag(name, number, version_tags.GATE, verdict)
    return find(client, name, version)


def champion(name: str) -> Version | None:
    """Finds the champion of a model; None before there is one.

    Raises:
        RegistryError: There is no such model.
    """
    client = store.connect()
    number = aliases_of(client, name).get(CHAMPION)
    return None if number is None else find(client, name, number)


def has_champion(name: str) -> bool:
    """Says whether there is a model of that name with a champion.

    Raises:
        RegistryError: The store cannot be opened.
    """
    found = store.connect().search_registered_models(f"name = '{name}'")
    return any(CHAMPION in model.aliases for model in found)


def list_versions(name: str) -> list[Version]:
    """Lists the versions of a model, newest first.

    Raises:
        RegistryError: There is no such model.
    """
    client = store.connect()
    aliases = aliases_of(client, name)
    found = store.search(client, f"name = '{name}'")
    versions = [version_tags.read(entity, aliases) for entity in found]
    return sorted(versions, key=lambda version: version.version, reverse=True)


def resolve(address: str) -> Version:
    """Finds what `models:/llmvis@champion` or `models:/llmvis/3` stands for now.

    Raises:
        RegistryError: It is no such address, or stands for nothing.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise RegistryError(
            f"{address} is no address of a model. Write models:/llmvis@champion, "
            "models:/llmvis/3, or a model folder such as data/model."
        )
    name, number, alias = match.groups()
    client = store.connect()
    if alias is None:
        return find(client, name, int(number))
    aliases = aliases_of(client, name)
    if alias not in aliases:
        raise RegistryError(
            f"Model {name} has no alias {alias}; it has {sorted(aliases) or 'none'}. "
            "`llmvis promote VERSION` makes a version the champion."
        )
    return find(client, name, aliases[alias])


def aliases_of(client: MlflowClient, name: str) -> dict[str, int]:
    """Reads the aliases of a model, each with the number of its version.

    Raises:
        RegistryError: There is no such model.
    """
    try:
        aliases = client.get_registered_model(name).aliases
    except MlflowException as error:
        known = [model.name for model in client.search_registered_models()]
        raise RegistryError(
            f"There is no registered model {name}; there are {known or 'none yet'}. "
            "`llmvis register` registers data/model."
        ) from error
    return {alias: int(version) for alias, version in aliases.items()}


def find(client: MlflowClient, name: str, version: int) -> Version:
    """Reads a version by its number.

    Raises:
        RegistryError: There is no such model or version.
    """
    aliases = aliases_of(client, name)
    try:
        return version_tags.read(client.get_model_version(name, str(version)), aliases)
    except MlflowException as error:
        found = store.search(client, f"name = '{name}'")
        known = sorted(int(entity.version) for entity in found)
        raise RegistryError(
            f"Model {name} has no version {version}; it has {known or 'none'}."
        ) from error


def load(address: str) -> "tuple[TextToImage, Version]":
    """Loads a registered version, or a model folder as it is.

    Args:
        address: `models:/llmvis@champion`, `models:/llmvis/3` or a folder.

    Raises:
        RegistryError: There is no such version, its files are gone, or they are not
            those that were registered.
        MissingStage: There is no such folder.
    """
    from llmvis.text_to_image import TextToImage

    with tempfile.TemporaryDirectory() as scratch:
        folder, version = fetch(address, Path(scratch))
        return TextToImage.load(folder), version


def fetch(address: str, scratch: Path) -> tuple[Path, Version]:
    """Finds the model folder of a version, or takes a model folder as it is.

    Args:
        address: As for `load`, which also says what is raised.
        scratch: Where a registered version is copied to, so that nobody can change
            what was checked before it is read.
    """
    if not address.startswith("models:"):
        return _unregistered(Path(address))
    version = resolve(address)
    folder = fetching.fetch_model(version, scratch)
    hashes.verify(folder, version.files)
    return folder, version


def _unregistered(folder: Path) -> tuple[Path, Version]:
    if not folder.exists():
        raise MissingStage(folder, "finish")
    version = Version(
        name=str(folder),
        version=0,
        model_fingerprint=storage.fingerprint(folder),
    )
    return folder, version


def _began_with(model_folder: Path) -> str:
    about = storage.read_json(model_folder / "model.json", "train")
    start = about.get("start")  # as `flows.train` wrote it
    return f"{start['name']}/{start['version']}" if start else ""


def _record_afterwards(model_folder: Path) -> str:
    """Makes the run that a training outside MLflow did not have."""
    about = storage.read_json(model_folder / "model.json", "train")
    with runs.record("train (recorded at registration)", about, {}) as run:
        run.log_lineage(place.project_root())
        run.made(model_folder)
    return run.run_id


def _find_registered(
    client: MlflowClient, name: str, made: str, judged: str
) -> int | None:
    found = store.search(
        client,
        f"name = '{name}' and tags.`{version_tags.MODEL}` = '{made}' "
        f"and tags.`{version_tags.REPORT}` = '{judged}'",
    )
    return max((int(entity.version) for entity in found), default=None)


def _create(
    client: MlflowClient, version: Version, source: str, tags: dict[str, str], text: str
) -> int:
    try:
        client.create_registered_model(version.name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    # In one call, so that no half-described version is ever seen.
    created = client.create_model_version(
        version.name,
        source,
        version.run_id,
        tags=tags,
        description=text,
        model_id=source.removeprefix("models:/"),
    )
    return int(created.version)
