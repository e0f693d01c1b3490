"""The plan: everything about a run that can be known before money is spent."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import botocore.session
from botocore.model import ServiceModel, StringShape

from pipeline.aws.environment import PlanEnvironment
from pipeline.aws.storage import ObjectVersion, Storage
from pipeline.errors import DatasetError, ExperimentError
from pipeline.experiment import metrics
from pipeline.experiment import schema as experiments
from pipeline.planning import code_archive, requests
from warmfold_jobs.data import rules
from warmfold_jobs.fan_out.abandoning import can_abandon
from warmfold_run import names, places

WHOLE_SCAN_BYTES = 64 * 1024 * 1024
_PLACES = ("parts", "folds", "holdout", "candidates", "leaderboard", "model", "score", "predictions")


@dataclass(frozen=True)
class Planner:
    """Makes plans; clock and bucket are injected."""

    storage: Storage
    environment: PlanEnvironment
    now: Callable[[], datetime]

    def plan_run(self, execution_arn: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Check data and experiment, write plan.json, and return what the state machine needs of it.

        A retry finds the plan of the first attempt and returns the same.

        Raises
        ------
        DatasetError, ExperimentError
            The data or the experiment can't be used; nothing has been created.
        """
        run = names.run_id(execution_arn)
        key = places.run_key(run, places.PLAN)
        plan = self.storage.read_json(key)
        if plan is None:
            plan = self._make(run, execution_arn, asked)
            self.storage.write_json(key, plan)
        return {
            "run": run,
            "plan_uri": self.storage.uri(key),
            "processing": plan["requests"]["processing"],
            "tuning": plan["requests"]["tuning"],
            "timeouts": plan["timeouts"],
        }

    def _make(self, run: str, execution_arn: str, asked: dict[str, Any]) -> dict[str, Any]:
        dataset, overrides, version = _check_input(asked)
        folder = f"datasets/{dataset}/"
        data = self.storage.head(folder + "data.csv", version)
        if data is None:
            which = f" in version {version}" if version else ""
            raise DatasetError(
                f"{self.storage.uri(folder)}data.csv is not there{which}; upload it, or name another dataset"
                + (" or version" if version else "")
            )
        file = self.storage.head(folder + "experiment.yaml")
        predict = self.storage.head(folder + "predict.csv")
        text = self.storage.open(file).read() if file else None
        given = experiments.load_experiment(text, overrides, self.environment.compute)
        profile, facts = self._scan(data, predict, given)
        resolved = experiments.resolve(given, **facts)
        _check_name(execution_arn, given)
        code = code_archive.upload(self.storage, self._code_folder)
        context = self._context(run, resolved, code["uri"], data.size + (predict.size if predict else 0))
        return {
            "schema": 1,
            "run": run,
            "prefix": context.prefix,
            "dataset": dataset,
            "execution_arn": execution_arn,
            "region": context.region,
            "bucket": self.storage.bucket,
            "created_at": self.now().isoformat(timespec="seconds"),
            "data": data.as_dict(),
            "experiment_file": file.as_dict() if file else None,
            "predict": predict.as_dict() if predict else None,
            "code": code,
            "experiment": resolved,
            "profile": profile,
            "problem_sampled": profile is None and given.problem is None,
            "metric_classes": metrics.class_bounds(resolved["metric"])
            if resolved["problem"] == "classification"
            else None,
            "locations": context.locations,
            "abandoning": self._abandoning(resolved),
            "fold_retries": requests.FOLD_RETRIES,
            "quota_patience_seconds": self.environment.quota_patience_seconds,
            "instance_types": context.instance_types,
            "bound": _bound(context),
            "timeouts": _timeouts(context),
            "requests": {
                "processing": requests.processing_request(context),
                "tuning": requests.tuning_request(context),
                "fold": requests.fold_request(context),
                "final": requests.final_request(context),
            },
        }

    @property
    def _code_folder(self) -> Path:
        return Path(self.environment.training_code_dir)

    def _abandoning(self, resolved: dict[str, Any]) -> dict[str, Any]:
        """Return whether candidates that can't win are given up, and why not."""
        folds, note = resolved["cross_validation"]["n_splits"], None
        if resolved["search"]["abandon"] == "off":
            note = "search.abandon is off"
        elif not can_abandon(folds):
            note = f"the rule has not met its numbers with {folds} folds, so it is off for them"
        return {"used": note is None, "note": note}

    def _context(self, run: str, resolved: dict[str, Any], code_uri: str, data_bytes: int) -> requests.Context:
        root = self.storage.uri(f"runs/{run}/")
        return requests.Context(
            prefix=self.environment.name_prefix,
            run=run,
            region=self.environment.region,
            experiment=resolved,
            locations={"run": root, **{place: f"{root}{place}/" for place in _PLACES}},
            plan_uri=f"{root}plan.json",
            code_uri=code_uri,
            image=self.environment.training_image,
            candidate_role=self.environment.candidate_role_arn,
            fold_role=self.environment.fold_role_arn,
            data_bytes=data_bytes,
            instance_types=requests.instance_types(resolved["compute"]["instance_type"], _known_types),
            vpc=self.environment.vpc,
            key=self.environment.kms_key_arn or None,
        )

    def _scan(
        self, data: ObjectVersion, predict: ObjectVersion | None, given: experiments.Experiment
    ) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """Return the profile (None when the data is too large to read here) and target, problem and classes."""
        validation = given.cross_validation
        settings: dict[str, Any] = {
            "n_splits": validation.n_splits,
            "strategy": validation.strategy or "stratified",
            "holdout": float(validation.holdout),
            "seed": validation.seed,
        }
        whole = data.size <= WHOLE_SCAN_BYTES
        try:
            if not whole:
                target, problem = rules.sample(
                    self.storage.open(data),
                    file=data.key,
                    target=given.target,
                    problem=given.problem,
                )
                return None, {"target": target, "problem": problem, "classes": None}
            asked: dict[str, Any] = {"file": data.key, "target": given.target, "problem": given.problem, **settings}
            found = rules.scan(self.storage.open(data), **asked).as_dict()
            if found["problem"] == "regression" and validation.strategy is None:
                # its default strategy deals the rows otherwise, and only now is the problem known
                again = asked | {"problem": "regression", "strategy": "kfold"}
                found = rules.scan(self.storage.open(data), **again).as_dict()
            if predict is not None and predict.size <= WHOLE_SCAN_BYTES:
                rules.check_rows_to_score(
                    self.storage.open(predict), file=predict.key, kinds=found["kinds"], target=found["target"]
                )
        except rules.DatasetRuleError as error:
            raise DatasetError(str(error)) from error
        classes = found["classes"]
        facts = {"target": found["target"], "problem": found["problem"], "classes": len(classes) if classes else None}
        return found, facts


def _known_types(shape: str) -> frozenset[str]:
    return frozenset(cast(StringShape, _sagemaker().shape_for(shape)).enum)


@functools.cache
def _sagemaker() -> ServiceModel:
    return botocore.session.get_session().get_service_model("sagemaker")


def _check_input(asked: dict[str, Any]) -> tuple[str, dict[str, Any] | None, str | None]:
    unknown = set(asked) - {"dataset", "experiment", "data_version"}
    if unknown:
        raise ExperimentError(
            f"execution input: unknown key {', '.join(sorted(unknown))}; there is dataset, experiment, data_version"
        )
    dataset = asked.get("dataset")
    if not isinstance(dataset, str) or not names.DATASET.fullmatch(dataset):
        raise ExperimentError(
            f'execution input: dataset is {dataset!r}; give the folder\'s name, as in {{"dataset": "churn"}}: '
            "up to 63 letters, digits, '_', '.', '-'"
        )
    overrides = asked.get("experiment")
    if overrides is not None and not isinstance(overrides, dict):
        raise ExperimentError(
            f"execution input: experiment is {overrides!r}; it must be a mapping of experiment.yaml's keys"
        )
    version = asked.get("data_version")
    return dataset, overrides, None if version in (None, "null") else str(version)


def _check_name(execution_arn: str, given: experiments.Experiment) -> None:
    """Refuse an execution's name that leaves no room for the one that goes on after the approval."""
    ending = names.approved_execution(execution_arn).removeprefix(execution_arn)
    name, most = execution_arn.rsplit(":", 1)[-1], names.LONGEST_EXECUTION_NAME - len(ending)
    if given.quality_gate.approval == "manual" and len(name) > most:
        raise ExperimentError(
            f"{given.place('quality_gate', 'approval')} is manual, and the execution's name {name} has {len(name)} "
            f"characters; start it under a name of at most {most}"
        )


def _bound(context: requests.Context) -> dict[str, Any]:
    """Return the most instance time that tuning can take, whichever way the candidates place their folds."""
    search, folds = context.experiment["search"], context.experiment["cross_validation"]["n_splits"]
    compute, candidates = context.experiment["compute"], search["max_candidates"]
    tries = 1 + requests.FOLD_RETRIES
    candidate_seconds = candidates * context.candidate_seconds
    most = f"Tuning can use at most {candidate_seconds / 3600:.0f} h of {compute['candidate_instance_type']}"
    counted = f"{candidates} candidates of {folds} folds, each job at its MaxRuntime"
    if compute["fold_placement"] == "in-process":
        text = f"{most}: {counted}, each fold trained in its candidate."
        return {"instance_seconds": candidate_seconds, "usd": None, "text": text}
    asked = compute["keep_alive_seconds"]
    keep_alive = requests.LONGEST_KEEP_ALIVE_SECONDS if asked == "auto" else asked
    fold_seconds = candidates * folds * tries * (requests.FOLD_SECONDS + keep_alive)
    text = (
        f"{most} and {fold_seconds / 3600:.0f} h of {compute['instance_type']}: {counted}, each fold a job that is "
        f"tried {tries} times, each pool kept {keep_alive} s."
    )
    return {"instance_seconds": candidate_seconds + fold_seconds, "usd": None, "text": text}


def _timeouts(context: requests.Context) -> dict[str, int]:
    search = context.experiment["search"]
    rounds = -(-search["max_candidates"] // min(search["max_parallel_candidates"], search["max_candidates"]))
    return {
        "processing": requests.splitting_seconds(context.data_bytes) + requests.START_SECONDS,
        "tuning": min(2592000, rounds * (context.candidate_seconds + requests.START_SECONDS)),
        "final": requests.FINAL_SECONDS + requests.START_SECONDS,
        "transform": requests.TRANSFORM_SECONDS + requests.START_SECONDS,
    }
