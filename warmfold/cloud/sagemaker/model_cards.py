"""The content of a model package's model card, as far as SageMaker refuses it: its keys, and how long texts are."""

from __future__ import annotations

import json
from typing import Any

from warmfold.cloud.sagemaker.errors import validation_error

_ANY = object()
_METRIC = {"name": 255, "value": _ANY, "notes": 1024}
_HYPERPARAMETER = {"name": 255, "value": 255}
_SHAPE: dict[str, Any] = {
    "model_overview": {"model_creator": 1024, "model_artifact": [1024]},
    "intended_uses": {
        "purpose_of_model": 2048,
        "intended_uses": 2048,
        "factors_affecting_model_efficiency": 2048,
        "risk_rating": ("High", "Medium", "Low", "Unknown"),
        "explanations_for_risk_rating": 2048,
    },
    "business_details": {"business_problem": 2048, "business_stakeholders": 2048, "line_of_business": 2048},
    "training_details": {
        "objective_function": _ANY,
        "training_observations": 1024,
        "training_job_details": {
            "training_arn": 1024,
            "training_datasets": [1024],
            "training_environment": {"container_image": [1024]},
            "training_metrics": [_METRIC],
            "user_provided_training_metrics": [_METRIC],
            "hyper_parameters": [_HYPERPARAMETER],
            "user_provided_hyper_parameters": [_HYPERPARAMETER],
        },
    },
    "evaluation_details": [
        {
            "name": 63,
            "evaluation_observation": 2096,
            "evaluation_job_arn": 256,
            "datasets": [1024],
            "metadata": _ANY,
            "metric_groups": [
                {
                    "name": 63,
                    "metric_data": [{**_METRIC, "type": _ANY, "x_axis_name": _ANY, "y_axis_name": _ANY}],
                }
            ],
        }
    ],
    "additional_information": {
        "ethical_considerations": 2048,
        "caveats_and_recommendations": 2048,
        "custom_details": _ANY,
    },
}
"""Keys that there may be: a number is the most characters of a text, a tuple its words, a list what its items are."""


def check_model_card(card: dict[str, Any]) -> None:
    """Raise ServiceError where a model card's content is no JSON, or not of the documented schema."""
    try:
        content = json.loads(card.get("ModelCardContent", "{}"))
    except json.JSONDecodeError as error:
        raise validation_error(f"The model card's content is not JSON: {error}") from error
    if wrong := _complaint(_SHAPE, content, "content"):
        raise validation_error(f"The model card's content does not fit its schema: {wrong}")


def _complaint(shape: Any, value: Any, place: str) -> str | None:
    if shape is _ANY:
        return None
    if isinstance(shape, int):
        fits = isinstance(value, str) and len(value) <= shape
        return None if fits else f"{place} must be a text of at most {shape} characters"
    if isinstance(shape, tuple):
        return None if value in shape else f"{place} must be one of {', '.join(shape)}"
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{place} must be a list"
        found = (_complaint(shape[0], one, f"{place}[{number}]") for number, one in enumerate(value))
        return next((said for said in found if said), None)
    if not isinstance(value, dict):
        return f"{place} must be an object"
    for key, one in value.items():
        if key not in shape:
            return f"{place} has the unknown key {key}"
        if said := _complaint(shape[key], one, f"{place}.{key}"):
            return said
    return None
