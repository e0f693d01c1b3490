"""Places are made in one place and parsed back in the same."""

from __future__ import annotations

import pytest

from warmfold_run import places


@pytest.mark.parametrize("fold", [0, 9, 10, 19])
def test_a_fold_s_record_says_which_fold_it_is(fold: int) -> None:
    assert places.fold_of(places.fold_record(fold)) == fold


@pytest.mark.parametrize("name", [places.PLACEMENT, places.ABANDONED, places.MISSED, "fold-1.json.tmp", "fold-.json"])
def test_another_file_of_a_candidate_is_no_fold_s(name: str) -> None:
    assert places.fold_of(name) is None


@pytest.mark.parametrize(
    ("key", "dataset"),
    [
        (places.data_key("churn"), "churn"),
        ("datasets/churn/old/data.csv", None),
        ("datasets/data.csv", None),
        ("datasets/churn/predict.csv", None),
        ("datasets/churn/dataxcsv", None),
    ],
)
def test_only_a_dataset_s_own_data_starts_a_run(key: str, dataset: str | None) -> None:
    assert places.dataset_of(key) == dataset


def test_every_location_is_a_folder_of_the_run() -> None:
    where = places.locations("bucket", "churn-0a1b2c3d")
    assert set(where) == set(places.Locations.__annotations__)
    for uri in where.values():
        assert str(uri).startswith("s3://bucket/runs/churn-0a1b2c3d/")
        assert str(uri).endswith("/")
    assert places.key_of(places.candidate_folder(where, "c-001-0a1b2c3d")).startswith(
        places.candidates_folder("churn-0a1b2c3d")
    )


def test_a_uri_is_taken_apart_as_it_was_made() -> None:
    assert places.split_uri(places.uri("bucket", "a/b c/d.json")) == ("bucket", "a/b c/d.json")


@pytest.mark.parametrize("name", [".csv", ".csv.gz", "Data.CSV"])
def test_a_file_that_names_no_dataset_is_meant_for_one_that_a_person_names(name: str) -> None:
    assert places.near_miss(f"datasets/{name}") == "datasets/<dataset>/data.csv"


def test_many_files_are_told_from_others_without_looking_at_all_for_each() -> None:
    class Name(str):
        __slots__ = ()
        hashed = 0

        def __hash__(self) -> int:
            Name.hashed += 1
            return super().__hash__()

    names = [Name(f"part-{number:04}.{'csv' if number % 2 else 'txt'}") for number in range(1000)]
    files, others = places.data_files([*names, "_SUCCESS", ".crc", ""])
    assert (files, others) == (names[1::2], names[::2])
    assert Name.hashed <= 4 * len(names)
