"""The plan: everything about a run that can be known before money is spent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.aws.environment import PlanEnvironment
from pipeline.aws.storage import Storage
from pipeline.errors import DatasetError, ExperimentError, PlanError
from pipeline.planning import code_archive, limits
from pipeline.planning.abandoning import abandoning
from pipeline.planning.images import training_image
from pipeline.planning.instance_types import types_beside
from pipeline.planning.requests.common import Context
from pipeline.planning.requests.final import final_request
from pipeline.planning.requests.fold import fold_request
from pipeline.planning.requests.processing import processing_request
from pipeline.planning.requests.transform import model_request, transform_request
from pipeline.planning.requests.tuning import tuning_request
from warmfold_catalogue.metrics import load_metric
from warmfold_catalogue.splitters import load_splitter
from warmfold_data import rules
from warmfold_data.csv_records import DatasetRuleError
from warmfold_data.rows_to_score import check_rows_to_score
from warmfold_data.units import Splitting
from warmfold_experiment.errors import ExperimentRuleError
from warmfold_experiment.resolve import resolve
from warmfold_experiment.schema import Experiment, load_experiment
from warmfold_run import names, places
from warmfold_run.experiment import Experiment as Resolved
from warmfold_run.plan import SCHEMA, ObjectVersion, Plan, Planned
from warmfold_run.records import Profile

WHOLE_SCAN_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Planner:
    """Makes plans; clock and bucket are injected."""

    storage: Storage
    environment: PlanEnvironment
    now: Callable[[], datetime]

    def plan_run(self, execution_arn: str, asked: dict[str, Any]) -> Planned:
        """Check data and experiment, write plan.json, and return what the state machine needs of it.

        A retry finds the plan of the first attempt and returns the same.

        Raises
        ------
        DatasetError, ExperimentError
            The data or the experiment can't be used; nothing has been created.
        PlanError
            The stack can't plan a run: it has no image for its region, half a VPC, no training code, or a plan of
            another version.
        """
        run = names.run_id(execution_arn)
        key = places.run_key(run, places.PLAN)
        plan: Plan | None = self.storage.read_json(key)
        if plan is None:
            plan = self._make(run, execution_arn, asked)
            self.storage.write_json(key, plan)
        elif plan["schema"] != SCHEMA:
            raise PlanError(
                f"run {run} was planned by another version of the stack: {self.storage.uri(key)} has schema "
                f"{plan['schema']}, and this version goes on with {SCHEMA} only; upload the dataset again for a new run"
            )
        requests = plan["requests"]
        return {
            "run": run,
            "plan_uri": self.storage.uri(key),
            "processing": requests["processing"],
            "tuning": requests["tuning"],
            "final": requests["final"],
            "model": requests["model"],
            "transform": requests["transform"],
            "timeouts": plan["timeouts"],
        }

    def _make(self, run: str, execution_arn: str, asked: dict[str, Any]) -> Plan:
        dataset, overrides, version = _check_input(asked)
        image = training_image(self.environment.training_image, self.environment.region, self.environment.url_suffix)
        folder = places.dataset_folder(dataset)
        data = self.storage.head(folder + places.DATA, version)
        if data is None:
            which = f" in version {version}" if version else ""
            raise DatasetError(
                f"{self.storage.uri(folder)}{places.DATA} is not there{which}; upload it, or name another dataset"
                + (" or version" if version else "")
            )
        file = self.storage.head(folder + places.EXPERIMENT)
        predict = self.storage.head(folder + places.PREDICT)
        text = self.storage.open(file).read() if file else None
        try:
            given = load_experiment(text, overrides, self.environment.compute)
            profile, facts = self._scan(data, predict, given)
            resolved = resolve(given, **facts)
        except DatasetRuleError as error:
            raise DatasetError(str(error)) from error
        except ExperimentRuleError as error:
            raise ExperimentError(str(error)) from error
        _check_name(execution_arn, given)
        code = code_archive.upload(self.storage, self._code_folder)
        folds = _folds(given, resolved, profile)
        data_bytes = data["size"] + (predict["size"] if predict else 0)
        context = self._context(run, resolved, folds, image, code["uri"], data_bytes)
        return {
            "schema": SCHEMA,
            "run": run,
            "prefix": context.prefix,
            "dataset": dataset,
            "execution_arn": execution_arn,
            "region": context.region,
            "bucket": self.storage.bucket,
            "created_at": self.now().isoformat(timespec="seconds"),
            "data": data,
            "experiment_file": file,
            "predict": predict,
            "code": code,
            "image": context.image,
            "experiment": resolved,
            "profile": profile,
            "problem_sampled": profile is None and given.problem is None,
            "metric_classes": load_metric(resolved["metric"]).class_bounds,
            "locations": context.locations,
            "folds": folds,
            "abandoning": abandoning(resolved, folds),
            "fold_retries": limits.FOLD_RETRIES,
            "quota_patience_seconds": self.environment.quota_patience_seconds,
            "instance_types": context.instance_types,
            "bound": limits.bound(resolved, folds),
            "timeouts": limits.timeouts(resolved, folds, context.data_bytes),
            "requests": {
                "processing": processing_request(context),
                "tuning": tuning_request(context),
                "fold": fold_request(context),
                "final": final_request(context),
                "model": model_request(context),
                "transform": transform_request(context),
            },
        }

    @property
    def _code_folder(self) -> Path:
        return Path(self.environment.training_code_dir)

    def _context(self, run: str, resolved: Resolved, folds: int, image: str, code_uri: str, data_bytes: int) -> Context:
        return Context(
            prefix=self.environment.name_prefix,
            run=run,
            region=self.environment.region,
            experiment=resolved,
            folds=folds,
            locations=places.locations(self.storage.bucket, run),
            plan_uri=self.storage.uri(places.run_key(run, places.PLAN)),
            code_uri=code_uri,
            image=image,
            candidate_role=self.environment.candidate_role_arn,
            fold_role=self.environment.fold_role_arn,
            data_bytes=data_bytes,
            instance_types=types_beside(resolved["compute"]["instance_type"]),
            vpc=self.environment.vpc,
            key=self.environment.kms_key_arn or None,
        )

    def _scan(
        self, data: ObjectVersion, predict: ObjectVersion | None, given: Experiment
    ) -> tuple[Profile | None, dict[str, Any]]:
        """Return the profile (None when the data is too large to read here) and target, problem and classes."""
        splitting = Splitting(**given.cross_validation.model_dump())
        whole = data["size"] <= WHOLE_SCAN_BYTES
        if not whole:
            target, problem = rules.sample(
                self.storage.open(data),
                file=data["key"],
                target=given.target,
                problem=given.problem,
                splitting=splitting,
            )
            return None, {"target": target, "problem": problem, "classes": None}
        found = rules.scan(
            self.storage.open(data),
            file=data["key"],
            target=given.target,
            problem=given.problem,
            splitting=splitting,
        )
        if predict is not None and predict["size"] <= WHOLE_SCAN_BYTES:
            check_rows_to_score(
                self.storage.open(predict), file=predict["key"], readings=found["readings"], target=found["target"]
            )
        classes = found["classes"]
        facts = {"target": found["target"], "problem": found["problem"], "classes": len(classes) if classes else None}
        return found, facts


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


def _folds(given: Experiment, resolved: Resolved, profile: Profile | None) -> int:
    """Return how many folds a candidate has.

    Raises ExperimentError where the data has its own folds, and they are not as many as `n_splits` says, or are not
    known because the data is too large to read here and `n_splits` does not say it.
    """
    asked, place = resolved["cross_validation"], given.place("cross_validation", "n_splits")
    said = "n_splits" in given.cross_validation.model_fields_set
    if not load_splitter(asked["strategy"]).data_has_folds:
        return asked["n_splits"] * asked["repeats"]
    if profile is None:
        if said:
            return asked["n_splits"]
        raise ExperimentError(
            f"{place} is missing: strategy {asked['strategy']} has a fold for each value of a column, and data of this "
            "size is not read before the run; say how many folds there will be"
        )
    found = len(profile["folds"])
    if said and found != asked["n_splits"]:
        raise ExperimentError(
            f"{place} is {asked['n_splits']}, and strategy {asked['strategy']} finds {found} folds in the data; remove "
            "n_splits, or correct the column"
        )
    return found


def _check_name(execution_arn: str, given: Experiment) -> None:
    """Refuse an execution's name that leaves no room for the one that goes on after the approval."""
    ending = names.approved_execution(execution_arn).removeprefix(execution_arn)
    name, most = execution_arn.rsplit(":", 1)[-1], names.LONGEST_EXECUTION_NAME - len(ending)
    if given.quality_gate.approval == "manual" and len(name) > most:
        raise ExperimentError(
            f"{given.place('quality_gate', 'approval')} is manual, and the execution's name {name} has {len(name)} "
            f"characters; start it under a name of at most {most}"
        )
