"""The one door to MLflow: what is known of each run, and which version serves."""

from llmvis import environment

# MLflow reads its telemetry setting while it is being imported, which the modules
# below this one do.
environment.prepare()
