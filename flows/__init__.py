"""When things run and where files lie; what they do is in `llmvis`."""
