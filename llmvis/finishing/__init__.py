"""Decoded pictures to those that are given out: one file for each step."""
