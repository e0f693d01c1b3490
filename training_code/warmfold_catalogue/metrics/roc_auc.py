"""The area under the ROC curve: how well rows are ranked by their probability."""

from __future__ import annotations

from warmfold_catalogue.metrics._base import Metric


class RocAuc(Metric):
    name = "roc_auc"
    title = "ROC AUC"
    summary = "The chance that a row of the positive class is ranked above one of the other."
    tasks = ("binary",)
    default_for = ("binary",)
    needs_every_class = True


class RocAucOneVsOne(Metric):
    name = "roc_auc_ovo"
    title = "ROC AUC (one against one)"
    summary = "ROC AUC of each pair of classes, averaged over the pairs."
    tasks = ("multiclass",)
    needs_every_class = True


class RocAucOneVsOneWeighted(Metric):
    name = "roc_auc_ovo_weighted"
    title = "weighted ROC AUC (one against one)"
    summary = "ROC AUC of each pair of classes, averaged by how many rows they have."
    tasks = ("multiclass",)
    needs_every_class = True


class RocAucOneVsRest(Metric):
    name = "roc_auc_ovr"
    title = "ROC AUC (one against the rest)"
    summary = "ROC AUC of each class against the rest, averaged over the classes."
    tasks = ("multiclass",)
    needs_every_class = True


class RocAucOneVsRestWeighted(Metric):
    name = "roc_auc_ovr_weighted"
    title = "weighted ROC AUC (one against the rest)"
    summary = "ROC AUC of each class against the rest, averaged by how many rows it has."
    tasks = ("multiclass",)
    needs_every_class = True
