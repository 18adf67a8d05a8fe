"""report -> version: registers the judged model, and lets it meet the champion."""

from collections.abc import Callable
from pathlib import Path

from flows import dvc_stage, native_output, progress
from llmvis import config
from llmvis.errors import MismatchError
from llmvis.model_registry import versions
from llmvis.model_registry.provenance import Version

EXAMPLES, JUDGE = Path("data/examples"), Path("data/judge")
MODEL, REPORT, GATE = Path("data/model"), Path("data/report"), Path("data/gate")


def register(
    on_progress: Callable[[int, int, str], None] = progress.report,
) -> Version:
    """Registers data/model with data/report, once; the same pair gives its version.

    A new version becomes the champion if it passes the gate, which writes data/gate.

    Args:
        on_progress: Told how far the drawing of the champion is: done, total, what.

    Raises:
        MismatchError: The report is not of this model, or there is none.
    """
    stale = [s for s in dvc_stage.needed_for("evaluate") if not dvc_stage.is_clean(s)]
    if stale:
        raise MismatchError(
            f"The report is not of the present data, params and code: {stale} would "
            "run again. Run `llmvis evaluate` first."
        )
    params = config.read()
    version = versions.register(MODEL, REPORT, params.register.name, params.sampling)
    return version if version.reason else _at_the_gate(version, params, on_progress)


def _at_the_gate(version: Version, params: config.Params, on_progress) -> Version:
    # pandas and much else, which a run with nothing to do need not wait for.
    from llmvis.model_registry import trial

    # Also where an earlier run was stopped before it promoted.
    if version.gate and not trial.is_overtaken(version):
        return trial.promote_if_passed(version)
    progress.say(f"{'gate':<9} {version.label} -> champion, if it is better")
    native_output.to_file(Path(".dvc/tmp/gate.log"))
    decision = trial.hold(
        version,
        params,
        report=REPORT,
        examples=EXAMPLES,
        judge=JUDGE,
        progress=on_progress,
    )
    progress.say(f"{'gate':<9} {decision.verdict}")
    return trial.settle(version, decision, GATE)
