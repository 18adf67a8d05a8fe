"""Everything llmvis raises on purpose.

LlmvisError
├── ConfigError      params.yaml asks for something that cannot be built
├── DataError        the captioned images cannot be used as they are
│   └── RefusedItem    one of them cannot: the rest goes on
├── PromptError      a prompt cannot be read: empty, too long, nothing to ask
├── ShapeError       an array does not have the shape its docstring promises
├── DrawingError     a model gives no numbers where a picture should be
├── MissingStage     a stage was run before the stage that feeds it
├── MismatchError    two things on disk were not made from each other
├── StageFailed      a stage's process ended with an error
├── BusyError        another run is going on in the same folder
├── StorageError     the disk is full, or a folder cannot be written
├── TrainingError    training cannot go on: too little data
│   └── DivergedError  its loss is no number any more
├── RegistryError    no such model, version or alias
└── ServingError     the server cannot start
"""


class LlmvisError(Exception):
    """Base class, so that a caller can write one `except`."""


class ConfigError(LlmvisError, ValueError):
    """`params.yaml` asks for something that cannot be built."""


class DataError(LlmvisError, ValueError):
    """The captioned images cannot be used as they are."""


class RefusedItem(DataError):
    """One picture or caption cannot be used; says why, and what to do."""

    def __init__(self, reason: str, fix: str):
        super().__init__(reason)
        self.reason = reason
        self.fix = fix


class PromptError(LlmvisError, ValueError):
    """A prompt cannot be read."""


class ShapeError(LlmvisError, ValueError):
    """An array does not have the shape its docstring promises."""


class DrawingError(LlmvisError, ArithmeticError):
    """A model gives no numbers where a picture should be."""


class MissingStage(LlmvisError, FileNotFoundError):
    """A stage was run before the stage that feeds it."""

    def __init__(self, path, stage):
        super().__init__(
            f"There is nothing at {path}. The `{stage}` stage writes it: "
            f"run `llmvis {stage}` first."
        )
        self.path, self.stage = path, stage

    def __reduce__(self):
        return type(self), (self.path, self.stage)  # so that it leaves a process whole


class MismatchError(LlmvisError, ValueError):
    """Two things on disk were not made from each other."""


class StageFailed(LlmvisError, RuntimeError):
    """A stage's process ended with an error."""


class BusyError(LlmvisError, RuntimeError):
    """Another run is going on in the same folder."""


class StorageError(LlmvisError, OSError):
    """The disk is full, or a folder cannot be written."""


class TrainingError(LlmvisError, RuntimeError):
    """Training cannot go on."""


class DivergedError(TrainingError):
    """The loss of a training is no number any more."""


class RegistryError(LlmvisError, LookupError):
    """No such model, version or alias."""


class ServingError(LlmvisError, RuntimeError):
    """The server cannot start."""
