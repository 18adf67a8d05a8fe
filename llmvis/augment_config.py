"""Section `augment` of params.yaml."""

from dataclasses import dataclass

from llmvis.sections import require

_MOST = {
    "num_copies": 8,
    "crop": 0.25,  # more takes things out of the picture that the caption names
    "brightness": 0.25,  # more makes orange brown, and white gray
    "contrast": 0.5,
    "tint": 0.5,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class AugmentConfig:
    """Changed copies of the training pictures, which are learnt from beside them."""

    num_copies: int  # of each picture; 0 is off
    flip: bool  # mirror the first copy, the third and so on, if no caption forbids it
    crop: float  # share of the side that is cut off at the most, at any of its ends
    brightness: float  # share by which all channels are raised or lowered at the most
    contrast: float  # the same of the distance to the mean of the picture
    tint: float  # the same of each channel by itself, if no caption names a colour

    def __post_init__(self):
        for key, most in _MOST.items():
            value = getattr(self, key)
            require(
                0 <= value <= most,
                f"augment.{key} is {value}, and must be from 0 to {most}.",
            )
        require(
            self.num_copies == 0 or self.flip or self.changes_values or self.crop > 0,
            f"augment.num_copies is {self.num_copies}, and nothing is to be changed in "
            "a copy. Set augment.flip to true, or num_copies to 0.",
        )

    @property
    def changes_values(self) -> bool:
        return self.brightness > 0 or self.contrast > 0 or self.tint > 0

    def require_fit(self, image_tokenizer: str) -> None:
        """Refuses what an image tokenizer has no codes for.

        `layers` knows some backdrops to the pixel. A mirrored one is one more, but no
        two crops or tints have one in common.

        Raises:
            ConfigError: Copies for `layers` are to be more than mirrored.
        """
        refused = [
            key
            for key in ("crop", "brightness", "contrast", "tint")
            if getattr(self, key) > 0
        ]
        require(
            image_tokenizer != "layers" or self.num_copies == 0 or not refused,
            f"augment.{' and augment.'.join(refused)} would give each copy a backdrop "
            "of its own, and tokenize.image_tokenizer layers knows only backdrops that "
            "come again. Set them to 0, or the tokenizer to sketch.",
        )
