"""The command `llmvis`.

What a command needs it imports when it runs: TensorFlow alone takes ten seconds, and
`llmvis --help` should take none.
"""

import errno
import os
import signal
import sys

import typer

from llmvis import environment
from llmvis.cli import experiments, pictures, services, stages, versions
from llmvis.errors import LlmvisError

_HELP = """Train, judge, promote and serve your own text-to-image language model.

\b
raw -ingest-> examples -tokenize-> tokens -train-> networks
    -finish-> model -evaluate-> report -register-> version -serve-> image

\b
Examples:
  llmvis pipeline
  llmvis generate "a blue bird standing on a red flower" -o bird.png
  llmvis serve
"""

_STOPPED = {130, 128 + signal.SIGTERM, 128 + signal.SIGHUP}  # 130: Ctrl-C

app = typer.Typer(
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # the examples keep their lines
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    *stages.COMMANDS,
    *experiments.COMMANDS,
    *versions.COMMANDS,
    *pictures.COMMANDS,
    *services.COMMANDS,
):
    app.command()(command)


def main() -> None:
    """Runs the command line; what the user did wrong is one sentence, exit code 2."""
    environment.prepare()
    # So that what is begun is ended in order: stages, and a params.yaml in place.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        app()
    except SystemExit as ended:
        if ended.code in _STOPPED:
            typer.echo("Stopped.", err=True)
        raise
    except (LlmvisError, OSError) as error:
        if os.environ.get("LLMVIS_DEBUG"):
            raise
        typer.echo(f"error: {_sentence(error)}", err=True)
        sys.exit(2)


def _sentence(error: LlmvisError | OSError) -> str:
    if isinstance(error, LlmvisError):
        return str(error)
    if error.errno == errno.ENOSPC:
        return "The disk is full. Free some space, then run the command again."
    return f"{error}. Set LLMVIS_DEBUG=1 to see where it comes from."
