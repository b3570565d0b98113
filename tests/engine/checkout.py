"""A copy of this repository's working tree that a test may edit, commit and copy again."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "pipeline_def/template/pipeline.json.mustache"
DEFAULTS_FILE = "pipeline_def/author/hyperparameter_defaults.py"
#: What the program needs of the repository; a test changes nothing else.
_COPIED = (
    "__main__.py", "settings.py", "stack_config.py", "Pulumi.yaml", "Pulumi.*.yaml", "components", "contracts", "fe_image",
    "handlers", "pipeline_def", "policies", "runs", "requirements.txt",
)  # fmt: skip
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")


@dataclass(frozen=True)
class Checkout:
    path: Path

    @classmethod
    def of_this_repository(cls, path: Path) -> Checkout:
        """Its files as they stand, committed or not; ``.venv`` is the running Python's environment."""
        path.mkdir()
        for pattern in _COPIED:
            for found in sorted(ROOT.glob(pattern)):
                if found.is_dir():
                    shutil.copytree(found, path / found.name, ignore=_LEFT_OUT)
                else:
                    shutil.copy2(found, path / found.name)
        (path / ".venv").symlink_to(sys.prefix)
        return cls(path)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the one place where ``old`` stands."""
        target = self.path / file
        text = target.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times"
        target.write_text(text.replace(old, new), encoding="utf-8")

    def edit_default(self, parameter: str, value: str) -> None:
        """Give a hyperparameter another default as docs/pipeline-diff.md says: edit the table, regenerate the template.

        Only the author's environment has the SDK that regenerates it, so this writes the one line that it would change.
        """
        table = self.path / DEFAULTS_FILE
        text = table.read_text(encoding="utf-8")
        edited, count = re.subn(rf'^    "{parameter}": ".*",$', f'    "{parameter}": {json.dumps(value)},', text, flags=re.M)
        assert count == 1 and edited != text
        table.write_text(edited, encoding="utf-8")
        self.edit_template_default(parameter, value)

    def edit_template_default(self, parameter: str, value: str) -> None:
        """Replace a parameter's default in the template, as a number if it was one and still can be."""
        template = self.path / TEMPLATE
        text = template.read_text(encoding="utf-8")
        start = text.index('"DefaultValue": ', text.index(f'"Name": "{parameter}"'))
        end = text.index("\n", start)
        quoted = '"' in text[start:end].removeprefix('"DefaultValue": ')
        comma = "," if text[start:end].endswith(",") else ""
        number = not quoted and re.fullmatch(r"[0-9.]+", value)
        edited = f'"DefaultValue": {value if number else json.dumps(value)}{comma}'
        assert text[start:end] != edited
        template.write_text(text[:start] + edited + text[end:], encoding="utf-8")

    def commit(self, message: str) -> str:
        """Record the tree as a revision, and tell its id."""
        if not (self.path / ".git").exists():
            self.git("init", "--quiet")
            (self.path / ".git" / "info" / "exclude").write_text("build/\n.venv\n__pycache__/\n", encoding="utf-8")
        self.git("add", "--all")
        author = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
        self.git(*author, "commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str, umask: int = -1) -> str:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=self.path, umask=umask, check=True, capture_output=True, text=True, timeout=60)
        return done.stdout.strip()

    def clone(self, path: Path, umask: int) -> Checkout:
        """Another checkout of the last revision, made under another umask."""
        path.mkdir()
        self.git("clone", "--quiet", str(self.path), str(path), umask=umask)
        (path / ".venv").symlink_to(sys.prefix)
        return Checkout(path)
