"""Networks from a config, and weights from data."""
