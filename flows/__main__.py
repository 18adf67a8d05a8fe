"""Runs one stage: `python -m flows train`. This is what dvc.yaml calls."""

import errno
import importlib
import os
import sys
import threading
import time
from pathlib import Path

import psutil

from flows import native_output, progress
from llmvis import environment
from llmvis.errors import LlmvisError


def main(name: str) -> int:
    """Runs the function `name` of the module `flows.name`; gives the exit code."""
    environment.prepare()
    end_with_supervisor()
    try:
        getattr(importlib.import_module(f"flows.{name}"), name)()
    except LlmvisError as error:
        progress.fail(str(error))
        return 2
    except OSError as error:
        if error.errno != errno.ENOSPC:
            progress.fail(f"{type(error).__name__}: {error}")
            raise
        progress.fail("The disk is full. Free some space, then run it again.")
        return 2
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        progress.fail(f"{type(error).__name__}: {error}")
        raise
    finally:
        progress.close()
    return 0


def end_with_supervisor() -> None:
    """Ends this stage if the process that started it is killed outright.

    A terminated or interrupted supervisor stops its stage itself; this is for
    kill -9, after which a stage would write on with nobody waiting.
    """
    supervisor = os.environ.get(progress.SUPERVISOR_VARIABLE)
    if supervisor is not None:
        threading.Thread(target=_watch, args=(int(supervisor),), daemon=True).start()


def _watch(supervisor: int) -> None:
    while psutil.pid_exists(supervisor):
        time.sleep(0.2)
    # Not DVC above, which now sees its stage fail, frees its locks, and ends.
    this = psutil.Process()
    for process in [*this.children(recursive=True), this]:
        process.kill()


if __name__ == "__main__":
    native_output.to_file(Path(".dvc/tmp", f"{sys.argv[1]}.log"))
    # `dvc_stage` hides standard output, where DVC would speak.
    sys.stdout = sys.stderr
    sys.exit(main(sys.argv[1]))
