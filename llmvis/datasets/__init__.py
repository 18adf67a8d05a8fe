"""Captioned pictures, drawn or read, to examples: `ingestion.ingest`."""
