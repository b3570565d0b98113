"""``python -m local_run.deepar``."""

from local_run.deepar.cli import app

if __name__ == "__main__":
    app(prog_name="python -m local_run.deepar")
