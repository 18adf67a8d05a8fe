"""What a kill -9 of any process leaves, in a small version of benchmarks/kills.py."""

import subprocess
import sys
from pathlib import Path

import pytest

KILLS = Path(__file__).parents[2] / "benchmarks" / "kills.py"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_whatever_is_killed_the_next_run_succeeds_and_nothing_is_lost():
    command = [sys.executable, str(KILLS), "--num-kills", "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "0 of 5 kills did harm" in done.stdout
