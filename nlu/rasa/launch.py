"""Runs inside Rasa's own environment: `rasa` with a token that no list of processes shows."""

import os
import runpy
import sys

if __name__ == "__main__":
    token = os.environ.pop("RASA_LAUNCH_TOKEN", "")
    sys.argv = ["rasa", *sys.argv[1:], *([f"--auth-token={token}"] if token else [])]
    runpy.run_module("rasa", run_name="__main__", alter_sys=True)
