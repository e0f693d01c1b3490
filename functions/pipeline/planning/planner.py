"""The plan: everything about a run that can be known before money is spent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.aws.environment import PlanEnvironment
from pipeline.aws.plan_file import find_plan
from pipeline.aws.storage import Storage
from pipeline.errors import DatasetError, ExperimentError
from pipeline.planning import code_archive, limits
from pipeline.planning.abandoning import abandoning
from pipeline.planning.ceilings import check_ceilings
from pipeline.planning.data_files import find_data, find_files
from pipeline.planning.images import training_image
from pipeline.planning.instance_types import types_beside
from pipeline.planning.requests.candidate import defaults_request
from pipeline.planning.requests.common import Context
from pipeline.planning.requests.final import final_request
from pipeline.planning.requests.fold import fold_request
from pipeline.planning.requests.processing import processing_request
from pipeline.planning.requests.transform import model_request, transform_request
from pipeline.planning.requests.tuning import tuning_request
from warmfold_catalogue.metrics import load_metric
from warmfold_experiment.errors import ExperimentRuleError
from warmfold_experiment.file import check_size
from warmfold_experiment.schema import Experiment, Overrides
from warmfold_experiment.understanding import Data, Folder, NotUnderstoodError, Source, Table, understand
from warmfold_experiment.wording import shown, shown_key
from warmfold_run import names, places
from warmfold_run.experiment import Experiment as Resolved
from warmfold_run.plan import SCHEMA, ChampionPackage, Code, DataFiles, FileList, ObjectVersion, Plan, Planned
from warmfold_run.understanding import listed


@dataclass(frozen=True)
class Planner:
    """Makes plans; clock, bucket and registry are injected."""

    storage: Storage
    environment: PlanEnvironment
    now: Callable[[], datetime]
    champion_of: Callable[[str], ChampionPackage | None]
    """The approved model package of a group, or None."""

    def plan_run(self, execution_arn: str, asked: dict[str, Any]) -> Planned:
        """Check data and experiment, write plan.json, and return what the state machine needs of it.

        A retry plans anew, for nothing is done by a plan before its state has ended; what somebody has put there under
        the execution's name has no effect.

        Raises
        ------
        AnotherRunError
            The run's name is that of another execution's run; its plan stays.
        DatasetError, ExperimentError
            The data or the experiment can't be used; nothing has been created.
        PlanError
            The stack can't plan a run: it has no image for its region, half a VPC, no training code, or a plan of
            another version.
        """
        run = names.run_id(execution_arn)
        key = places.run_key(run, places.PLAN)
        find_plan(self.storage, execution_arn)
        plan = self._make(run, execution_arn, asked)
        if not self.storage.write_json_once(key, plan):
            find_plan(self.storage, execution_arn)
            self.storage.write_json(key, plan)
        return planned(self.storage, plan)

    def _make(self, run: str, execution_arn: str, asked: dict[str, Any]) -> Plan:
        dataset, overrides, version = _check_input(asked)
        data = find_data(self.storage, dataset, asked.get("data"), version)
        files = find_files(self.storage, data)
        image = training_image(self.environment.training_image, self.environment.region, self.environment.url_suffix)
        folder = places.dataset_folder(dataset)
        file = self.storage.head(folder + places.EXPERIMENT)
        predict = self.storage.head(folder + places.PREDICT)
        to_score = self._source(predict) if predict else None
        rows = self._data(data, files)
        try:
            given, resolved, profile, folds, understanding = understand(
                self._read(file) if file else None,
                rows,
                to_score,
                overrides=Overrides(overrides or {}),
                compute=self.environment.compute,
            )
        except NotUnderstoodError as error:
            raise (ExperimentError if error.experiment else DatasetError)(str(error)) from error
        _check_name(execution_arn, given)
        check_ceilings(given, resolved, self.environment)
        code = code_archive.upload(self.storage, self._code_folder)
        text_bytes = rows.text_bytes + (to_score.text_bytes if to_score else 0)
        context = self._context(run, resolved, folds, image, code, text_bytes)
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
            "data_files": None if files is None else self._listed(run, files),
            "experiment_file": file,
            "predict": predict,
            "code": code,
            "image": context.image,
            "experiment": resolved,
            "profile": profile,
            "understanding": understanding,
            "problem_sampled": profile is None and given.problem is None,
            "metric_classes": load_metric(resolved["metric"]).class_bounds,
            "champion": self._champion(context.prefix, dataset, resolved),
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
                "defaults": defaults_request(context),
                "fold": fold_request(context),
                "final": final_request(context),
                "model": model_request(context),
                "transform": transform_request(context),
            },
        }

    def _champion(self, prefix: str, dataset: str, resolved: Resolved) -> ChampionPackage | None:
        if not resolved["quality_gate"]["beat_champion"]:
            return None
        return self.champion_of(names.model_package_group(prefix, dataset))

    @property
    def _code_folder(self) -> Path:
        return Path(self.environment.training_code_dir)

    def _context(self, run: str, resolved: Resolved, folds: int, image: str, code: Code, data_bytes: int) -> Context:
        return Context(
            prefix=self.environment.name_prefix,
            run=run,
            region=self.environment.region,
            experiment=resolved,
            folds=folds,
            locations=places.locations(self.storage.bucket, run),
            plan_uri=self.storage.uri(places.run_key(run, places.PLAN)),
            code=code,
            image=image,
            split_role=self.environment.split_role_arn,
            candidate_role=self.environment.candidate_role_arn,
            fold_role=self.environment.fold_role_arn,
            model_role=self.environment.model_role_arn,
            data_bytes=data_bytes,
            instance_types=types_beside(resolved["compute"]["instance_type"]),
            vpc=self.environment.vpc,
            key=self.environment.kms_key_arn or None,
        )

    def _read(self, file: ObjectVersion) -> bytes:
        """Return the text of experiment.yaml, which is not read where it is too long."""
        try:
            check_size(file["size"])
        except ExperimentRuleError as error:
            raise ExperimentError(str(error)) from error
        return self.storage.open(file).read()

    def _listed(self, run: str, files: list[ObjectVersion]) -> DataFiles:
        """Write the list of a run's files, which may be long, beside the plan."""
        uri = self.storage.write_json(places.run_key(run, places.DATA_FILES), FileList(files=files))
        return {"uri": uri, "files": len(files), "size": sum(one["size"] for one in files)}

    def _data(self, data: ObjectVersion, files: list[ObjectVersion] | None) -> Data:
        if files is not None:
            return Folder(places.data_name(data["key"]), [self._source(one) for one in files])
        source = self._source(data)
        return Table(source.file, source.size, source.piece) if places.is_table(data["key"]) else source

    def _source(self, version: ObjectVersion) -> Source:
        return Source(
            version["key"],
            version["size"],
            lambda: self.storage.open(version),
            lambda start, length: self.storage.open(version, (start, length)).read(),
        )


def planned(storage: Storage, plan: Plan, approved: str | None = None) -> Planned:
    """Return what the state machine needs of a plan, and the model package that a run goes on with."""
    requests = plan["requests"]
    return {
        "run": plan["run"],
        "plan_uri": storage.uri(places.run_key(plan["run"], places.PLAN)),
        "processing": requests["processing"],
        "tuning": requests["tuning"],
        "defaults": requests["defaults"],
        "final": requests["final"],
        "model": requests["model"],
        "transform": requests["transform"],
        "timeouts": plan["timeouts"],
        "approved": approved,
    }


def _check_input(asked: dict[str, Any]) -> tuple[str, dict[str, Any] | None, str | None]:
    unknown = set(asked) - {"dataset", "experiment", "data", "data_version"}
    if unknown:
        raise ExperimentError(
            f"execution input: unknown key {listed(sorted(map(shown_key, unknown)), 5)}; "
            "there is dataset, experiment, data, data_version"
        )
    if asked.get("data") not in (None, *places.STARTING):
        raise ExperimentError(
            f"execution input: data is {shown(asked['data'])}; it must be one of "
            f"{', '.join(places.STARTING)}, or left out"
        )
    dataset = asked.get("dataset")
    if not isinstance(dataset, str) or not names.DATASET.fullmatch(dataset):
        raise ExperimentError(
            f'execution input: dataset is {shown(dataset)}; give the folder\'s name, as in {{"dataset": "churn"}}: '
            "up to 63 letters, digits, '_', '.', '-'"
        )
    overrides = asked.get("experiment")
    if overrides is not None and not isinstance(overrides, dict):
        raise ExperimentError(
            f"execution input: experiment is {shown(overrides)}; it must be a mapping of experiment.yaml's keys"
        )
    version = asked.get("data_version")
    return dataset, overrides, None if version in (None, "null") else str(version)


def _check_name(execution_arn: str, given: Experiment) -> None:
    """Refuse an execution's name that leaves no room for the one that goes on after the approval."""
    name, most = execution_arn.rsplit(":", 1)[-1], names.longest_first_execution()
    asked = given.quality_gate
    if len(name) <= most or (asked.approval, asked.suspicious, asked.beat_champion) == ("automatic", "ignore", False):
        return
    why = f"{given.place('quality_gate', 'approval')} is manual"
    if asked.approval != "manual" and asked.suspicious == "hold":
        why = "a suspicious model waits for approval (quality_gate.suspicious is hold)"
    elif asked.approval != "manual":
        beat = given.place("quality_gate", "beat_champion")
        why = f"{beat} is true, and a model waits for approval where it can't be held against the champion"
    raise ExperimentError(
        f"{why}, and the execution's name {name} has {len(name)} characters; start it under a name of at most {most}"
    )
