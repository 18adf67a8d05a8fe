"""Whether a challenger takes the champion's place, and every number behind it.

Both were given the same prompts and seeds and read by the same judge, so each prompt
is its own yardstick: what counts is the interval of the paired difference, see
`evaluation.compare`. Whatever cannot be decided is refused.
"""

import math
from collections.abc import Iterator, Mapping

from llmvis import evaluation
from llmvis.config import GateConfig
from llmvis.errors import DataError, MismatchError
from llmvis.evaluation import alignment
from llmvis.metrics.figure import Figure
from llmvis.model_registry.decisions import (
    Contender,
    Cost,
    Decision,
    Guard,
    Measured,
)

FIRST = "It is the first model"  # a reason why nothing is compared
_SPLIT, _LANGUAGE = "test_unseen_scene", "en"
_DIVERSITY, _COPIES = "seed_diversity.judge_features", "memorisation.copies"
_ORIGINALS = "memorisation.originals"  # the share that is no copy: more is better


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
    above `margin`, no guarded score's interval lies wholly below minus `guard_margin`,
    a picture takes at most `max_slowdown` times as long, it has at most `max_growth`
    times the parameters, its main score is at least `minimum`, and `min_prompts`
    prompts were compared.
    Guarded are the share of pictures that are wholly right in each language (where no
    scene is known: of those whose caption is found), every type of question, the
    diversity between seeds, and the share of pictures that are no copies of training.

    Args:
        challenger: What was just evaluated.
        champion: What it is compared with; where there is none, only `minimum` counts.
        config: Section `gate`.
        seed: Of the intervals.
        alone: Why there is no champion to compare with.
    """
    measured = None
    try:
        measured = _measure(challenger, champion, config, seed)
        objections = list(_objections(measured, config))
    except (DataError, MismatchError) as error:
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


def usual_score(metrics: Mapping) -> str:
    """Names the main score of a report where params.yaml does not.

    It is the share of pictures that are wholly right, or where no scene is known the
    share whose caption is found among 100; of the split `test_unseen_scene` and of
    English, or else of the first there are.

    Raises:
        DataError: The report has no such figure.
    """
    by_split = metrics.get("alignment", {})
    split = _SPLIT if _SPLIT in by_split else next(iter(by_split), "")
    by_language = by_split.get(split, {})
    language = _LANGUAGE if _LANGUAGE in by_language else next(iter(by_language), "")
    for measure in ("all_correct", "r_precision"):
        if measure in by_language.get(language, {}):
            return f"alignment.{split}.{language}.{measure}"
    raise DataError(
        "metrics.json has neither all_correct nor r_precision under alignment, so "
        "there is nothing to decide by. Run `llmvis evaluate` again."
    )


def _measure(
    challenger: Contender, champion: Contender | None, config: GateConfig, seed: int
) -> Measured:
    main = config.main_score or usual_score(challenger.metrics)
    score = _figure(challenger, main).value
    if champion is None:
        return Measured(main_score=main, challenger=score)
    if champion.judge != challenger.judge:
        raise MismatchError(
            f"{challenger.name} was read by judge {challenger.judge} and "
            f"{champion.name} by judge {champion.judge}, so their figures do not "
            "compare. Run `llmvis evaluate` again."
        )
    comparison = evaluation.compare(champion.rows, challenger.rows, seed)
    _, split, language, measure = main.split(".")
    difference = comparison.by_split.get(split, {}).get(language, {}).get(measure)
    if difference is None:
        raise DataError(
            f"{champion.name} and {challenger.name} share no two prompts of {main}. "
            "Run `llmvis evaluate` again."
        )
    differences = _guarded(challenger, champion, comparison.overall, seed)
    return Measured(
        main_score=main,
        challenger=score,
        champion=_figure(champion, main).value,
        difference=difference,
        guards=tuple(
            Guard(
                name=name,
                difference=change,
                is_worse=change.high < -config.guard_margin,
            )
            for name, change in differences
        ),
        costs=tuple(_costs(challenger, champion, config)),
    )


def _guarded(
    challenger: Contender,
    champion: Contender,
    overall: Mapping[str, Figure],
    seed: int,
) -> Iterator[tuple[str, Figure]]:
    sides = (champion.rows, challenger.rows)
    before, now = (set(alignment.values(rows)["key"]) for rows in sides)
    if before != now:
        raise DataError(
            f"Only one of {champion.name} and {challenger.name} has figures for "
            f"{sorted(before ^ now)}. Run `llmvis evaluate` again."
        )
    whole = "all_correct" if "all_correct" in now else "r_precision"
    for language in sorted({lang for rows in sides for lang in rows["lang"]}):
        spoken = [rows[rows["lang"] == language] for rows in sides]
        gain = evaluation.compare(spoken[0], spoken[1], seed).overall[whole]
        yield f"{whole}.{language}", gain
    yield from ((key, overall[key]) for key in alignment.QUESTIONS if key in overall)
    contenders = (champion, challenger)
    if any(side.metrics.get("seed_diversity") for side in contenders):
        yield _DIVERSITY, _less(*(_figure(side, _DIVERSITY) for side in contenders))
    if any(side.metrics.get("memorisation") for side in contenders):
        yield _ORIGINALS, _less(*(_rest(_figure(side, _COPIES)) for side in contenders))


def _costs(
    challenger: Contender, champion: Contender, config: GateConfig
) -> Iterator[Cost]:
    limits = (
        ("seconds_per_picture", "max_slowdown", config.max_slowdown),
        ("parameters", "max_growth", config.max_growth),
    )
    for name, key, limit in limits:
        yield Cost(
            name=name,
            challenger=_cost(challenger, name),
            champion=_cost(champion, name),
            limit=limit,
            key=f"gate.{key}",
        )


def _cost(contender: Contender, name: str) -> float:
    value = contender.metrics.get("cost", {}).get(name)
    if value is None or not 0 < value < math.inf:
        raise DataError(
            f"cost.{name} of {contender.name} is {value}, which is nothing to compare "
            "by. Run `llmvis evaluate` again."
        )
    return value


def _rest(share: Figure) -> Figure:
    """The share of all others."""
    ends = {"low": 1 - share.high, "high": 1 - share.low}
    return Figure(value=1 - share.value, **ends, n=share.n)


def _less(before: Figure, now: Figure) -> Figure:
    """Subtracts figures of whole sets, which do not pair prompt by prompt.

    The ends are those of independent figures, so wider than pairs would have them.
    """
    value = now.value - before.value
    return Figure(
        value=value,
        low=value - math.hypot(now.value - now.low, before.high - before.value),
        high=value + math.hypot(now.high - now.value, before.value - before.low),
        n=min(now.n, before.n),
    )


def _figure(contender: Contender, path: str) -> Figure:
    place: object = contender.metrics
    for key in path.split("."):
        place = place.get(key) if isinstance(place, Mapping) else None
    if not isinstance(place, Mapping):
        raise DataError(
            f"The metrics of {contender.name} have no figure {path}. Set "
            "gate.main_score to one that metrics.json has, or to null."
        )
    figure = Figure(**place)
    if not all(map(math.isfinite, (figure.value, figure.low, figure.high))):
        raise DataError(
            f"{path} of {contender.name} is {figure.value} ({figure.low} to "
            f"{figure.high}), which is nothing to decide by. Look for NaN in the "
            "pictures or in the judge."
        )
    return figure


def _objections(measured: Measured, config: GateConfig) -> Iterator[str]:
    if measured.challenger < config.minimum:
        yield (
            f"{measured.main_score} is {measured.challenger:.1%}, and gate.minimum "
            f"asks for at least {config.minimum:.1%}."
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
                f"gate.guard_margin allows -{100 * config.guard_margin:.1f}."
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
