"""Pictures to integer codes and back; one file per tokenizer."""
