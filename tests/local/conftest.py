"""One local cloud for all the tests of a worker, with warmfold and (where asked for) the hooks' small stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local.things import FOLDER, Things, outputs_of
from tests.ports import free_port
from warmfold.cloud import local
from warmfold.cloud.deploy import deploy
from warmfold.stack import Stack, open_stack


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cloud")


@pytest.fixture(scope="session")
def cloud(home: Path) -> Iterator[local.LocalCloud]:
    yield local.up(home, free_port())
    local.down(home)


@pytest.fixture(scope="session")
def stack(cloud: local.LocalCloud) -> Stack:
    return open_stack(session=cloud.session())


@pytest.fixture(scope="session")
def things(cloud: local.LocalCloud) -> Things:
    deploy(cloud.session(), FOLDER / "template.yaml", "hooks")
    return Things(cloud, outputs_of(cloud, "hooks"))


@pytest.fixture
def rule(things: Things) -> Iterator[Callable[..., None]]:
    """Makes rules that the test's end removes, and empties the queue."""
    events, names = things.client("events"), []

    def make(name: str, pattern: dict[str, Any] | None, target: str, **options: Any) -> None:
        own = {name: options.pop(name) for name in ("State", "ScheduleExpression") if name in options}
        events.put_rule(Name=name, **({"EventPattern": json.dumps(pattern)} if pattern else {}), **own)
        events.put_targets(Rule=name, Targets=[{"Id": "one", "Arn": things.outputs.get(target, target), **options}])
        names.append(name)

    yield make
    for name in names:
        events.remove_targets(Rule=name, Ids=["one"])
        events.delete_rule(Name=name)
    things.messages(0)
