"""Tells every tool llmvis is built on to report nothing home, and to log less."""

import os

_DEFAULTS = {
    "DO_NOT_TRACK": "true",  # spelt out: `1` is not read as yes by all of them
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "TF_CPP_MIN_LOG_LEVEL": "2",  # TensorFlow's warnings stay, its greetings go
}


def switch_off() -> None:
    """Sets what the user has not set, for this process and those it starts.

    Call it before a tool is imported: most of them read this only then.
    """
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
