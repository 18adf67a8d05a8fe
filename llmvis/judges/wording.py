"""Short English names for things and places, for the reasons of a verdict."""

from llmvis.prompts.lexicon import BACKGROUNDS, KINDS, NUMBERS_EN
from llmvis.records import Thing


def describe(thing: Thing) -> str:
    """Names a thing with all that is said of it: "two small red apples"."""
    noun = KINDS[thing.kind]
    words = [word for word in (thing.size, thing.color) if word is not None]
    if thing.count == 1:
        words.append(noun.en[0])
        return f"{'an' if words[0][0] in 'aeiou' else 'a'} {' '.join(words)}"
    return " ".join([number(thing.count), *words, noun.plurals[0]])


def number(count: int) -> str:
    """Writes a number as a word where the lexicon has one; 0 is "several"."""
    if count == 0:
        return "several"
    return NUMBERS_EN.get(count, str(count))


def place(background: str) -> str:
    """Names a background: "in a meadow"."""
    return BACKGROUNDS[background].en[0]
