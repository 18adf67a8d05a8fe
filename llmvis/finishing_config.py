"""Section `finishing` of params.yaml."""

from dataclasses import dataclass
from typing import Literal

from llmvis.sections import require

ABOUT_FILE, NETWORK_FILE = "finishing.json", "super_resolution.keras"
FINISHING_FILES = (ABOUT_FILE, NETWORK_FILE)  # what finishing adds to the networks


@dataclass(frozen=True, kw_only=True, slots=True)
class FinishingConfig:
    """What is done to decoded pictures before they are given out."""

    upsample: int  # times as many pixels on a side: 1, 2 or 4
    upsampler: Literal["lanczos", "learned"]
    num_steps: int  # optimizer steps of `learned`
    denoise: float  # difference that counts as noise, as a share of white; 0.0 is off
    contrast: float  # see finishing/contrast.py; 0.0 is off
    sharpen: float  # times that a blur's difference is added; 0.0 is off
    color: Literal["none", "white_balance", "histogram", "prompt"]

    def __post_init__(self):
        require(
            self.upsample in {1, 2, 4},
            f"finishing.upsample is {self.upsample}, and must be 1, 2 or 4.",
        )
        require(
            self.num_steps >= 1,
            f"finishing.num_steps is {self.num_steps}, and must be at least 1.",
        )
        require(
            0 <= self.denoise <= 1,
            f"finishing.denoise is {self.denoise}, and must be from 0 to 1. Try 0.05.",
        )
        require(
            0 <= self.contrast <= 1,
            f"finishing.contrast is {self.contrast}, and must be from 0 to 1. "
            "Try 0.01.",
        )
        require(
            0 <= self.sharpen <= 10,
            f"finishing.sharpen is {self.sharpen}, and must be from 0 to 10. Try 1.",
        )

    @property
    def is_on(self) -> bool:
        """Says whether anything is done at all."""
        strengths = self.denoise, self.contrast, self.sharpen
        return any(strengths) or self.color != "none" or self.upsample > 1

    @property
    def needs_network(self) -> bool:
        return self.upsample > 1 and self.upsampler == "learned"

    @property
    def needs_histograms(self) -> bool:
        return self.color == "histogram"

    @property
    def needs_palettes(self) -> bool:
        return self.color == "prompt"
