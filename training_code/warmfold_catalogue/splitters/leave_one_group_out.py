"""Leave one group out: as many folds as groups."""

from __future__ import annotations

from collections.abc import Sequence

from warmfold_catalogue.splitters._base import MOST_FOLDS, Kind, TooManyFoldsError, UnitSplitter


class LeaveOneGroupOut(UnitSplitter):
    name = "leave_one_group_out"
    summary = "Each group of `group_column` that is not in the holdout is a part of its own."
    problems = ("classification", "regression")
    needs = "group_column"
    data_has_folds = True

    def shares(self, kinds: Sequence[Kind], n_splits: int) -> list[list[int]]:
        groups = sum(kind.units for kind in kinds)
        if groups > MOST_FOLDS:
            raise TooManyFoldsError(groups)
        shares, first = [], 0
        for kind in kinds:
            shares.append([int(first <= part < first + kind.units) for part in range(groups)])
            first += kind.units
        return shares
