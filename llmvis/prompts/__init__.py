"""From words to token ids, and from words to what they ask for.

This package is the one door to spaCy. Its modules are imported by name; the heavy
ones load spaCy only when they are first used.
"""
