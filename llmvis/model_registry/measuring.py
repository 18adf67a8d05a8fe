"""The numbers that the gate decides by, from what two models drew.

What is missing, or no number, is an error here, so that nothing is decided by it.
"""

import math
from collections.abc import Iterator, Mapping

from llmvis import evaluation
from llmvis.config import GateConfig
from llmvis.errors import ConfigError, DataError, MismatchError
from llmvis.evaluation import alignment
from llmvis.metrics.figure import Figure
from llmvis.model_registry.decisions import Contender, Cost, Guard, Measured, Minimum

_SPLIT, _LANGUAGE = "test_unseen_scene", "en"
_DIVERSITY, _COPIES = "seed_diversity.judge_features", "memorisation.copies"
_ORIGINALS = "memorisation.originals"  # the share that is no copy: more is better


def measure(
    challenger: Contender, champion: Contender | None, config: GateConfig, seed: int
) -> Measured:
    """Measures a challenger beside the champion.

    Args:
        challenger: What was just evaluated.
        champion: What it is compared with, or None.
        config: Section `gate`.
        seed: Of the intervals.

    Raises:
        DataError: A figure is missing, or not a number.
        MismatchError: The two were read by different judges.
        ConfigError: A margin is named that no guarded score has.
    """
    main = config.main_score or usual_score(challenger.metrics)
    score = _figure(challenger, main).value
    minima = tuple(_minima(challenger, main, config))
    if champion is None:
        return Measured(main_score=main, challenger=score, minima=minima)
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
    differences = dict(_guarded(challenger, champion, comparison.overall, seed))
    _refuse_unknown_margins(config, differences)
    return Measured(
        main_score=main,
        challenger=score,
        minima=minima,
        champion=_figure(champion, main).value,
        difference=difference,
        guards=tuple(
            _guard(name, change, config) for name, change in differences.items()
        ),
        costs=tuple(_costs(challenger, champion, config)),
    )


def _minima(challenger: Contender, main: str, config: GateConfig) -> Iterator[Minimum]:
    asked = [(main, config.minimum, "minimum")]
    asked += [(name, least, f"minima.{name}") for name, least in config.minima.items()]
    for name, least, key in asked:
        yield Minimum(
            name=name,
            challenger=_figure(challenger, name).value,
            least=least,
            key=f"gate.{key}",
        )


def _guard(name: str, change: Figure, config: GateConfig) -> Guard:
    own = config.guard_margins.get(name)
    if own is None:
        margin, key = config.guard_margin, "guard_margin"
    else:
        margin, key = own, f"guard_margins.{name}"
    return Guard(
        name=name,
        difference=change,
        margin=margin,
        key=f"gate.{key}",
        is_worse=change.high < -margin,
    )


def _refuse_unknown_margins(config: GateConfig, guarded: Mapping[str, Figure]) -> None:
    unknown = sorted(config.guard_margins.keys() - guarded.keys())
    if unknown:
        raise ConfigError(
            f"gate.guard_margins names {unknown}, and the guarded scores are "
            f"{sorted(guarded)}. Name some of these."
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
            f"The metrics of {contender.name} have no figure {path}. Name one that "
            "metrics.json has in gate.main_score (or set it to null) and gate.minima."
        )
    figure = Figure(**place)
    if not all(map(math.isfinite, (figure.value, figure.low, figure.high))):
        raise DataError(
            f"{path} of {contender.name} is {figure.value} ({figure.low} to "
            f"{figure.high}), which is nothing to decide by. Look for NaN in the "
            "pictures or in the judge."
        )
    return figure


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
