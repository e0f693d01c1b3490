"""The transformed template as cfn-lint sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.contract.resolving import Deployment, transformed


def test_cfn_lint_has_nothing_to_say_about_the_transformed_template(tmp_path: Path) -> None:
    template = transformed()
    for name in ("TuningStateMachine", "CleanUpStateMachine"):
        template["Resources"][name]["Properties"]["DefinitionString"] = json.dumps(
            _with_numbers(Deployment().definition(name))
        )
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template))
    command = [Path(sys.executable).with_name("cfn-lint"), path, "--regions", "us-east-1"]
    linted = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (linted.stdout, linted.returncode) == ("", 0)


def _with_numbers(definition: Any) -> Any:
    """A definition whose TimeoutSeconds are plain: cfn-lint takes JSONata there for a mistake."""
    if isinstance(definition, list):
        return [_with_numbers(one) for one in definition]
    if not isinstance(definition, dict):
        return definition
    return {key: 60 if key == "TimeoutSeconds" else _with_numbers(value) for key, value in definition.items()}
