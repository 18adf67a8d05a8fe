"""Git, asked for what cannot go on without its answer."""

import subprocess

from llmvis.errors import ConfigError


def ask(*arguments: str, fix: str) -> str:
    """Gives what `git ARGUMENTS` prints.

    Args:
        arguments: Of git.
        fix: What the person can do where it fails, a sentence.

    Raises:
        ConfigError: It fails.
    """
    done = subprocess.run(
        ["git", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ConfigError(
            f"`git {' '.join(arguments)}` failed: {done.stderr.strip()} {fix}"
        )
    return done.stdout
