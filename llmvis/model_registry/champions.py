"""Which version is the champion: promotion, the way back, and deletion."""

from mlflow import MlflowClient

from llmvis.errors import RegistryError
from llmvis.model_registry import (
    history,
    smoke_test,
    store,
    turns,
    version_tags,
    versions,
)
from llmvis.model_registry.provenance import Version
from llmvis.model_registry.versions import CHALLENGER, CHAMPION, PREVIOUS


def promote(
    name: str, version: int, reason: str, instead_of: int | None = None
) -> Version:
    """Makes a version the champion, once a fresh process has drawn with it.

    Args:
        name: Of the registered model.
        version: Its number.
        reason: Kept with the version and in the history.
        instead_of: The champion that it was found better than, 0 for none; whoever is
            champion now where not given.

    Raises:
        RegistryError: There is no such model or version, it draws nothing, or another
            was promoted meanwhile.
    """
    client = store.connect()
    chosen = versions.find(client, name, version)
    now = versions.aliases_of(client, name).get(CHAMPION, 0)
    smoke_test.require_drawing(chosen)
    return appoint(name, version, reason, now if instead_of is None else instead_of)


def appoint(name: str, version: int, reason: str, instead_of: int) -> Version:
    """Makes a version the champion, and the one before it `previous`; or does nothing.

    Args:
        name: Of the registered model.
        version: Its number.
        reason: Kept with the version and in the history.
        instead_of: Who must be the champion now, or nothing happens; 0 for nobody.

    Raises:
        RegistryError: There is no such model or version, another is the champion, or
            no reason is given.
    """
    if not reason.strip():  # who has a reason has been the champion
        raise RegistryError(
            f"No reason is given to promote version {version} of {name}. Say why: "
            '`llmvis promote VERSION --reason "..."`.'
        )
    client = store.connect()
    chosen = versions.find(client, name, version)
    with turns.taken(client, name) as turn:
        before = versions.aliases_of(client, name)
        now = before.get(CHAMPION, 0)
        if now == version != instead_of:
            # A promotion was stopped half way: all but the reason is there.
            _keep_reason(client, chosen, reason)
            return versions.find(client, name, version)
        if now != instead_of:
            raise RegistryError(
                f"Version {version} of {name} was to follow {instead_of or 'nobody'}, "
                f"and version {now} became the champion meanwhile. See `llmvis compare "
                f"{now} {version}`, then promote it again."
            )
        history.add(client, name, before=now, after=version, reason=reason)
        try:
            turn.require()
            _move(client, name, now, version)
            # Last: who has a reason has been the champion, and is not promoted again.
            _keep_reason(client, chosen, reason)
        except BaseException as error:
            if turn.is_held():  # or what is there now is another's
                _put_back(client, name, before)
            history.add(
                client, name, before=version, after=now, reason=f"Undone: {error}"
            )
            raise
    return versions.find(client, name, version)


def rollback(name: str) -> Version:
    """Makes the previous champion the champion again, and the other way round.

    It is not tried in a fresh process first: it served before, and time counts.

    Raises:
        RegistryError: There is no such model, or no previous champion.
    """
    aliases = versions.aliases_of(store.connect(), name)
    if PREVIOUS not in aliases:
        raise RegistryError(
            f"Model {name} has no earlier champion to go back to. Promote one of its "
            f"versions instead: `llmvis promote VERSION`, see `llmvis models`."
        )
    now = aliases.get(CHAMPION, 0)
    return appoint(name, aliases[PREVIOUS], f"rolled back from version {now}", now)


def delete(name: str, version: int, reason: str) -> None:
    """Deletes a version that is neither in service nor the way back.

    Raises:
        RegistryError: There is no such model or version, it is the champion or the one
            before, a challenger that the gate has not refused, or what the training of
            another version began with.
    """
    client = store.connect()
    with turns.taken(client, name):
        chosen = versions.find(client, name, version)
        needed = [
            alias
            for alias in chosen.aliases
            if alias != CHALLENGER or not chosen.gate.startswith("refused")
        ]
        if needed:
            raise RegistryError(
                f"{chosen.label} is the {' and the '.join(needed)}, and is not "
                "deleted. Promote another version first."
            )
        _refuse_if_begun_with(client, chosen)
        history.add(client, name, before=version, after=0, reason=f"Deleted: {reason}")
        client.delete_model_version(name, str(version))


def _refuse_if_begun_with(client: MlflowClient, chosen: Version) -> None:
    tag = f"tags.`{version_tags.BEGAN_WITH}` = '{chosen.name}/{chosen.version}'"
    others = [f"{other.name} {other.version}" for other in store.search(client, tag)]
    if others:
        raise RegistryError(
            f"{chosen.label} is what the training of {' and '.join(sorted(others))} "
            "began with (train.start_from), and `llmvis reproduce` needs it to make "
            "that again. Delete the later version first."
        )


def _keep_reason(client: MlflowClient, chosen: Version, reason: str) -> None:
    tags = {}
    waited = chosen.gate.removeprefix(f"{version_tags.AWAITS_APPROVAL}: ")
    if waited != chosen.gate:
        tags[version_tags.GATE] = f"approved: {waited}"
    tags |= {version_tags.PROMOTED: history.now(), version_tags.REASON: reason}
    for key, value in tags.items():
        client.set_model_version_tag(chosen.name, str(chosen.version), key, value)


def _move(client: MlflowClient, name: str, now: int, version: int) -> None:
    if now not in {0, version}:
        # First, so that there is a way back at every moment.
        client.set_registered_model_alias(name, PREVIOUS, str(now))
    client.set_registered_model_alias(name, CHAMPION, str(version))


def _put_back(client: MlflowClient, name: str, aliases: dict[str, int]) -> None:
    for alias in (CHAMPION, PREVIOUS):
        if alias in aliases:
            client.set_registered_model_alias(name, alias, str(aliases[alias]))
        else:
            client.delete_registered_model_alias(name, alias)
