"""Whether a challenger takes the champion's place, and every number behind it.

Both were given the same prompts and seeds and read by the same judge, so each prompt
is its own yardstick: what counts is the interval of the paired difference, see
`evaluation.compare`. Whatever cannot be decided is refused.
"""

from collections.abc import Iterator

from llmvis.config import GateConfig
from llmvis.errors import ConfigError, DataError, MismatchError
from llmvis.metrics.figure import Figure
from llmvis.model_registry.decisions import Contender, Decision, Measured
from llmvis.model_registry.measuring import measure

FIRST = "It is the first model"  # a reason why nothing is compared


def decide(
    challenger: Contender,
    champion: Contender | None,
    config: GateConfig,
    *,
    seed: int,
    alone: str = FIRST,
) -> Decision:
    """Decides whether the challenger takes the champion's place.

    It does where the low end of the 95 % interval of its main score's paired rise is
    above `margin`, no guarded score's interval lies wholly below minus its margin in
    `guard_margins`, or else `guard_margin`, a picture takes at most `max_slowdown`
    times as long, it has at most `max_growth` times the parameters, its main score is
    at least `minimum` and others what `minima` says, and `min_prompts` prompts were
    compared.
    Guarded are the share of pictures that are wholly right in each language (where no
    scene is known: of those whose caption is found), every type of question, the
    diversity between seeds, and the share of pictures that are no copies of training.

    Args:
        challenger: What was just evaluated.
        champion: What it is compared with; where there is none, only `minimum` and
            `minima` count.
        config: Section `gate`.
        seed: Of the intervals.
        alone: Why there is no champion to compare with.
    """
    measured = None
    try:
        measured = measure(challenger, champion, config, seed)
        objections = list(_objections(measured, config))
    except (ConfigError, DataError, MismatchError) as error:
        objections = [str(error)]
    if measured is not None and not objections:
        reason = _praise(measured, config, alone)
    else:
        reason = " ".join(objections)
    return Decision(
        passed=not objections,
        reason=reason,
        challenger=challenger.name,
        champion=champion.name if champion else None,
        judge=challenger.judge,
        measured=measured,
        config=config,
    )


def refuse(
    challenger: Contender, champion: str, config: GateConfig, reason: str
) -> Decision:
    """Refuses a challenger that differs in nothing that could be measured."""
    return Decision(
        passed=False,
        reason=reason,
        challenger=challenger.name,
        champion=champion,
        judge=challenger.judge,
        measured=None,
        config=config,
    )


def _objections(measured: Measured, config: GateConfig) -> Iterator[str]:
    for minimum in measured.minima:
        if minimum.is_missed:
            yield (
                f"{minimum.name} is {minimum.challenger:.1%}, and {minimum.key} asks "
                f"for at least {minimum.least:.1%}."
            )
    if measured.difference is None:
        return
    if measured.difference.n < config.min_prompts:
        yield (
            f"The two are compared on {measured.difference.n} prompts, and "
            f"gate.min_prompts asks for {config.min_prompts}. Raise "
            "evaluate.num_prompts."
        )
    if measured.difference.low <= config.margin:
        yield (
            f"{measured.main_score} changes by {_points(measured.difference)}, and the "
            f"low end is not above gate.margin, {100 * config.margin:.1f}."
        )
    for guard in measured.guards:
        if guard.is_worse:
            yield (
                f"{guard.name} changes by {_points(guard.difference)}, and "
                f"{guard.key} allows -{100 * guard.margin:.1f}."
            )
    yield from _extravagances(measured)


def _extravagances(measured: Measured) -> Iterator[str]:
    for cost in measured.costs:
        if cost.is_too_high:
            yield (
                f"{cost.name} is {cost.challenger:.4g}, {cost.ratio:.2f} times the "
                f"{cost.champion:.4g} of the champion, and {cost.key} allows "
                f"{cost.limit:g} times."
            )


def _praise(measured: Measured, config: GateConfig, alone: str) -> str:
    if measured.difference is None:
        return (
            f"{alone}, and {measured.main_score} is {measured.challenger:.1%}, where "
            f"gate.minimum asks for at least {config.minimum:.1%}."
        )
    return (
        f"{measured.main_score} rises by {_points(measured.difference)} on "
        f"{measured.difference.n} prompts, and none of {len(measured.guards)} guarded "
        "scores surely falls."
    )


def _points(change: Figure) -> str:
    return f"{100 * change.value:+.1f} points ({100 * change.low:+.1f} to " + (
        f"{100 * change.high:+.1f})"
    )
