"""Whether a registered version draws, tried in a process that knows nothing of it.

What works where a model was trained may not where it is served: a file that is lacking,
code that was never saved, a hash that differs.
"""

import subprocess
import sys

from llmvis.errors import RegistryError
from llmvis.model_registry import versions
from llmvis.model_registry.provenance import Version

_PROMPT = "a blue bird standing on a red flower"
_LONGEST = 600.0  # seconds


def require_drawing(version: Version) -> None:
    """Lets a fresh process load a version and draw with it.

    Raises:
        RegistryError: It cannot.
    """
    command = [sys.executable, "-m", "llmvis.model_registry.smoke_test", version.uri]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_LONGEST
        )
    except subprocess.TimeoutExpired as error:
        raise _draws_nothing(version, f"nothing within {_LONGEST:.0f} s") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise _draws_nothing(version, said[-1])


def _draws_nothing(version: Version, said: str) -> RegistryError:
    return RegistryError(
        f"{version.label} is not promoted, because a fresh process cannot draw with "
        f"it: {said.removesuffix('.')}. The champion stays."
    )


def _draw(address: str) -> None:
    model, version = versions.load(address)
    if version.sampling is None:
        raise RegistryError(f"{address} is no registered version.")
    [sample] = model.generate([_PROMPT], 0, version.sampling)
    side = model.picture_size
    if sample.image.shape != (side, side, 3):
        raise RegistryError(f"Its picture has shape {sample.image.shape}.")


if __name__ == "__main__":
    _draw(sys.argv[1])
