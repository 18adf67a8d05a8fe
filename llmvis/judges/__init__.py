"""Whether pictures show what was asked for.

The scene judge reads drawings whose truth is known and answers question by question;
the general judge compares pictures and captions of any data set. Both learn from real
pictures alone and share nothing with what generates pictures.
"""

from llmvis.judges.judge import Judge, load

__all__ = ["Judge", "load"]
