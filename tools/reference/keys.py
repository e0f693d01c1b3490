"""The keys of experiment.yaml, as the schema of the functions and the contract of a run tell of them together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, get_args, get_type_hints

from pydantic import BaseModel

from tools.reference.markdown import sentence
from warmfold_experiment.schema import NOT_BUILT, SECTIONS, STANDS_FOR, Experiment
from warmfold_run import experiment


class Key(NamedTuple):
    """One key that is no section."""

    path: str
    """With dots, as errors call it."""
    default: Any
    takes: str
    means: str
    null: str | None
    """What null stands for."""
    not_built: str | None
    """Values that it will take one day."""
    json_schema: dict[str, Any]
    """What pydantic says of it."""

    @property
    def text(self) -> str:
        """All of it, for an editor to show."""
        said = [sentence(self.means), f"It must be {self.takes}."]
        said += [f"Null: {self.null}."] if self.null else []
        said += [f"Not built yet: {self.not_built}."] if self.not_built else []
        return " ".join(said)


def keys() -> Iterator[Key]:
    """Return every key, in the schema's order, sections after what is outside them."""
    yield from _keys("", Experiment, experiment.Experiment)
    for section, model in SECTIONS.items():
        (shape,) = get_args(get_type_hints(experiment.Experiment, include_extras=True)[section])[:1]
        yield from _keys(section, model, shape)


def _keys(section: str, model: type[BaseModel], shape: Any) -> Iterator[Key]:
    said = model.model_json_schema()["properties"]
    hints = get_type_hints(shape, include_extras=True)
    for name, field in model.model_fields.items():
        if name in SECTIONS:
            continue
        not_built = NOT_BUILT.get((section, name))
        yield Key(
            path=f"{section}.{name}" if section else name,
            default=field.default,
            takes=field.description or "",
            means=get_args(hints[name])[1],
            null=said[name].get(STANDS_FOR),
            not_built=not_built.called if not_built else None,
            json_schema=said[name],
        )
