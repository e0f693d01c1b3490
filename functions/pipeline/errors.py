"""What can go wrong in a run, one class per cause; a class's name is the error's name in the state machine."""

from __future__ import annotations


class WarmfoldError(Exception):
    """Base of every error that a function raises on purpose; the text names the thing, the place and the remedy."""


class DatasetError(WarmfoldError):
    """The data can't be used as it is."""


class ExperimentError(WarmfoldError):
    """experiment.yaml or the execution's input asks for something that can't be had."""


class PlanError(WarmfoldError):
    """The stack can't plan a run, a setting or its training code is missing or wrong, or it can't read a run's plan."""


class StorageError(WarmfoldError):
    """S3 refused something that a run can't do without."""


class NoCompleteCandidateError(WarmfoldError):
    """The tuning job ended without one candidate that has all its fold scores."""


class ScoreMismatchError(WarmfoldError):
    """A candidate's objective is not the mean of its fold scores."""


class SageMakerError(WarmfoldError):
    """SageMaker refused something that a run can't do without."""


class RegistrationError(WarmfoldError):
    """The final job left nothing that can be registered."""


class AnotherRunError(WarmfoldError):
    """What lies under a run's name is of another execution."""


class NotApprovedError(WarmfoldError):
    """A run can't go on: the registry has no package of it that somebody has approved, or it has gone on already."""


class RunNotEndedError(WarmfoldError):
    """A run can't go on after an approval while another execution of it may still be under way."""


class NotificationError(WarmfoldError):
    """A run's end, or an upload that starts nothing, could not be told of."""
