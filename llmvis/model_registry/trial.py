"""Lets a new version meet the champion, and keeps what the gate decides."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from llmvis import evaluation, storage
from llmvis.config import Params, SamplingConfig
from llmvis.errors import LlmvisError, RegistryError
from llmvis.model_registry import (
    champions,
    gate,
    gate_page,
    runs,
    store,
    timing,
    versions,
)
from llmvis.model_registry.decisions import Contender, Decision
from llmvis.model_registry.provenance import Version

if TYPE_CHECKING:  # TensorFlow takes ten seconds, and a refusal may need none
    from llmvis.text_to_image import TextToImage

Progress = Callable[[int, int, str], None]
Drawer = tuple["TextToImage", SamplingConfig]  # what a model draws with


def hold(
    version: Version,
    params: Params,
    *,
    report: Path,
    examples: Path,
    judge: Path,
    progress: Progress,
) -> Decision:
    """Draws what the champion makes of the same prompts and seeds, and decides.

    The champion draws with the sampling it was registered and is served with. Where
    it draws no more, because its tokenizer or the code has changed since, only the
    absolute minima count, and the decision says why. Both are timed now, turn by turn.

    Args:
        version: Just registered, of the model that `report` is about.
        params: Sections `gate`, `evaluate` and `sampling` are used.
        report: What `evaluate` wrote.
        examples: What `ingest` wrote.
        judge: What `judge` wrote.
        progress: Told how far it is: done, total, what.

    Raises:
        MissingStage: There is no report, no judge or no examples.
        RegistryError: The store cannot be opened, or the champion's files are not
            there or were changed: then nothing is decided.
        DataError: There are too few prompts, or none that raises a question.
    """
    challenger = Contender(
        name=version.label,
        judge=evaluation.read_facts(report)["judge files"],
        metrics=storage.read_json(report / "metrics.json", "evaluate"),
        rows=evaluation.read_rows(report),
    )
    earlier = versions.champion(version.name)
    if earlier is None:
        return gate.decide(challenger, None, params.gate, seed=params.evaluate.seed)
    if _draws_the_same(earlier, version):
        decision = gate.refuse(
            challenger,
            earlier.label,
            params.gate,
            f"It is the model of {earlier.label}, which is the champion, and draws "
            "with the same sampling.",
        )
    else:
        draw = partial(_drawn, earlier, params, examples, judge, progress)
        decision = _beside(challenger, version, draw, params)
    return replace(decision, instead_of=earlier.version)


def settle(version: Version, decision: Decision, folder: Path) -> Version:
    """Keeps a decision with its version, and promotes the version if it passed.

    Where `gate.approval` is required, what passed stays the challenger until a person
    promotes it.

    Args:
        version: What was decided on.
        decision: What `hold` gives.
        folder: Where gate.json and the page are written; the version's MLflow run
            gets a copy.

    Raises:
        RegistryError: The store cannot be opened, or what passed is not promoted after
            all, see `promote_if_passed`.
    """
    with storage.staged(folder) as staging:
        gate_page.write(decision, staging)
    run = runs.Run(store.connect(), version.run_id)
    run.log_folder(folder, f"gate/version-{version.version}")
    kept = versions.keep_decision(
        version.name, version.version, decision.verdict, decision.instead_of
    )
    return promote_if_passed(kept)


def promote_if_passed(version: Version) -> Version:
    """Makes a version the champion if the gate passed it and it never was.

    Raises:
        RegistryError: It draws nothing in a fresh process, or another version was
            promoted since it met the champion.
    """
    if version.reason or not version.gate.startswith("passed"):
        return version
    return champions.promote(
        version.name, version.version, version.gate, instead_of=version.gate_met
    )


def is_overtaken(version: Version) -> bool:
    """Says whether a version passed beside a champion that is not champion any more.

    Raises:
        RegistryError: The store cannot be opened.
    """
    now = versions.champion(version.name)
    standing = now.version if now else 0
    # It is the champion itself where a promotion was stopped half way.
    met = standing in {version.gate_met, version.version}
    return not version.reason and version.gate.startswith("passed") and not met


class _DrawsNoMoreError(Exception):
    """The champion cannot be compared with; the sentence lacks its full stop."""


def _draws_the_same(first: Version, second: Version) -> bool:
    return (first.model_fingerprint, first.sampling) == (
        second.model_fingerprint,
        second.sampling,
    )


def _beside(
    challenger: Contender,
    version: Version,
    draw_champion: Callable[[], tuple[Contender, Drawer]],
    params: Params,
) -> Decision:
    seed = params.evaluate.seed
    try:
        champion, its_drawer = draw_champion()
    except _DrawsNoMoreError as error:
        return gate.decide(challenger, None, params.gate, seed=seed, alone=str(error))
    prompts = challenger.rows["prompt"][: params.evaluate.batch_size].tolist()
    pair = (_drawer(version, params), its_drawer)
    seconds = timing.seconds_per_picture(pair, prompts)
    return gate.decide(
        _with_seconds(challenger, seconds[0]),
        _with_seconds(champion, seconds[1]),
        params.gate,
        seed=seed,
    )


def _drawer(version: Version, params: Params) -> Drawer:
    model, _ = versions.load(version.uri)
    return model, version.sampling or params.sampling


def _with_seconds(side: Contender, seconds: float) -> Contender:
    """Forgets the seconds of a report, which are of another hour of the machine."""
    cost = {**side.metrics.get("cost", {}), "seconds_per_picture": seconds}
    return replace(side, metrics={**side.metrics, "cost": cost})


def _drawn(
    champion: Version, params: Params, examples: Path, judge: Path, progress: Progress
) -> tuple[Contender, Drawer]:
    progress(0, 1, f"loading {champion.label}, the champion")
    model = _load(champion)
    from llmvis import judges  # TensorFlow, ten seconds

    reader = judges.load(judge)
    sampling = champion.sampling or params.sampling
    try:
        rows, metrics = evaluation.draw_and_judge(
            model, reader, examples, replace(params, sampling=sampling), progress
        )
    except LlmvisError as error:
        # The challenger was asked the same, so it is the champion that cannot.
        raise _draws_no_more(champion, error) from error
    drawn = Contender(
        name=champion.label,
        judge=storage.fingerprint(judge),
        metrics=evaluation.plain(metrics),
        rows=rows,
    )
    return drawn, (model, sampling)


def _load(champion: Version):
    try:
        model, _ = versions.load(champion.uri)
    # A server that starts again or a full disk says nothing about the champion.
    except (MemoryError, RegistryError):
        raise
    # Weights that the present code does not fit fail in any way that Keras has.
    except Exception as error:
        raise _draws_no_more(champion, error) from error
    return model


def _draws_no_more(champion: Version, error: Exception) -> _DrawsNoMoreError:
    said = str(error).strip() or type(error).__name__
    first_line = said.splitlines()[0][:300].rstrip(".")
    return _DrawsNoMoreError(
        f"{champion.label}, the champion, cannot be drawn with any more "
        f"({first_line}), so only the minimum counts"
    )
