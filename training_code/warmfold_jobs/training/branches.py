"""The branches of the preprocessing: what becomes of numbers, texts and dates, as scikit-learn's transformers.

Functions in them are pandas', NumPy's and the standard library's own, for a saved model must load without this code.
"""

from __future__ import annotations

from operator import attrgetter, itemgetter, methodcaller
from typing import Any

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    SplineTransformer,
    StandardScaler,
)

from warmfold_catalogue.estimators import Preprocessing
from warmfold_jobs.training.columns import LARGEST, Treatment

Branch = tuple[str, Any, Any]
"""Name, transformer, and its columns: one by itself comes as a series, a list of them as a table."""

DENSITY = 0.3
"""A table with a smaller share of cells that are not 0 goes to estimators that take it as a sparse one."""
QUANTILES = 100
LETTERS, HASHES, SPARSE_HASHES = (3, 4), 2**12, 2**14
"""Letters in a row that are told apart, and how many different ones, or words, there can be: more share a place."""
NAME_TOPICS, TEXT_TOPICS, FREQUENT_WORDS = 15, 5, 100
"""Columns that many names become, and many texts, and the words that have a column of their own."""
_WORD = r"(?u)\w+"
_DAY = np.timedelta64(86_400, "s")
_EPOCH = np.datetime64("1970-01-01", "s")
_CYCLES = {"dayofyear": (0.5, 365.75), "hour": (0.0, 24.0)}
_PIECES = 6


def for_numbers(columns: Treatment, wanted: Preprocessing, seed: int) -> list[Branch]:
    """Numbers without infinities; heavy-tailed ones come again by their ranks, for what a weighted sum can't bend."""
    made: list[Branch] = []
    if columns.numbers:
        made.append(("numeric", make_pipeline(*_finite(), *_for_any_numbers(wanted)), columns.numbers))
    if columns.heavy_tailed:
        quantiles = min(QUANTILES, columns.rows)
        ranked = QuantileTransformer(n_quantiles=quantiles, output_distribution="normal", random_state=seed)
        # the other branch says where values are missing
        filled = SimpleImputer(strategy="median", keep_empty_features=True)
        made.append(("heavy_tailed", make_pipeline(*_finite(), filled, ranked), columns.heavy_tailed))
    return made


def for_text(columns: Treatment, wanted: Preprocessing, most: int, seed: int, *, sparse: bool) -> list[Branch]:
    """Categories, then what has an order, the ranks of many values, and what letters and words say."""
    made: list[Branch] = []
    if columns.categories:
        made.append(("text", _for_categories(wanted, most), columns.categories))
    if columns.scales:
        made.append(("scales", _for_places(wanted, list(columns.scales.values())), list(columns.scales)))
    if columns.ranks and not sparse:
        made.append(("ranks", _for_places(wanted, "auto"), columns.ranks))
    for number, column in enumerate(columns.names):
        made.append((f"letters_{number}", _hashed("char_wb", LETTERS, NAME_TOPICS, seed, sparse=sparse), column))
    for number, column in enumerate(columns.texts):
        made.append((f"topics_{number}", _hashed("word", (1, 1), TEXT_TOPICS, seed, sparse=sparse), column))
        if not sparse:
            made.append((f"words_{number}", _frequent_words(), column))
    return made


def for_dates(columns: Treatment, wanted: Preprocessing) -> list[Branch]:
    """Days since 1970, the parts of dates that vary, and the days between dates."""
    made: list[Branch] = []
    if columns.dates:
        made.append(("days", make_pipeline(*_days(), *_for_any_numbers(wanted)), columns.dates))
    for number, pair in enumerate(columns.intervals):
        last = FunctionTransformer(itemgetter([pair[1]]))
        steps = [*_days(), FunctionTransformer(methodcaller("diff", axis=1)), last, *_for_any_numbers(wanted)]
        made.append((f"days_between_{number}", make_pipeline(*steps), list(pair)))
    for part, dates in columns.date_parts.items():
        if step := _for_date_part(wanted, part, len(dates)):
            taken = FunctionTransformer(methodcaller("apply", attrgetter(f"dt.{part}")))
            made.append((part, make_pipeline(taken, *step), dates))
    return made


def _finite() -> list[Any]:
    nothing = {"nan": np.nan, "posinf": np.nan, "neginf": np.nan}
    bounds = {"a_min": -LARGEST, "a_max": LARGEST}
    return [
        FunctionTransformer(np.nan_to_num, kw_args=nothing, feature_names_out="one-to-one"),
        FunctionTransformer(np.clip, kw_args=bounds, feature_names_out="one-to-one"),
    ]


def _days() -> list[Any]:
    return [FunctionTransformer(methodcaller("sub", _EPOCH)), FunctionTransformer(methodcaller("div", _DAY))]


def _for_any_numbers(wanted: Preprocessing) -> list[Any]:
    steps: list[Any] = []
    if wanted.impute:
        steps.append(SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True))
    if wanted.scale:
        steps.append(StandardScaler())
    return steps


def _for_categories(wanted: Preprocessing, most: int) -> Any:
    if wanted.text == "one_hot":
        return OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=most, sparse_output=False)
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=most,
    )


def _for_places(wanted: Preprocessing, categories: Any) -> Any:
    places = OrdinalEncoder(
        categories=categories,
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
    )
    return make_pipeline(places, *_for_any_numbers(wanted))


def _for_date_part(wanted: Preprocessing, part: str, dates: int) -> list[Any]:
    filled = SimpleImputer(strategy="median", keep_empty_features=True)
    if not wanted.scale:
        return [filled] if wanted.impute else [FunctionTransformer(np.asarray, kw_args={"dtype": float})]
    if part == "weekday":
        return [OneHotEncoder(handle_unknown="ignore", sparse_output=False)]
    if part not in _CYCLES:
        return []
    knots = np.tile(np.linspace(*_CYCLES[part], _PIECES + 1)[:, np.newaxis], dates)
    return [filled, SplineTransformer(knots=knots, extrapolation="periodic", include_bias=False)]


def _hashed(analyzer: str, ngrams: tuple[int, int], topics: int, seed: int, *, sparse: bool) -> Any:
    hashes = HashingVectorizer(
        analyzer=analyzer,
        ngram_range=ngrams,
        token_pattern=_WORD if analyzer == "word" else None,
        n_features=SPARSE_HASHES if sparse else HASHES,
        alternate_sign=False,
        norm=None,
    )
    steps = [FunctionTransformer(methodcaller("fillna", "")), hashes, TfidfTransformer(sublinear_tf=True)]
    if sparse:
        return make_pipeline(*steps)
    return make_pipeline(*steps, TruncatedSVD(topics, random_state=seed))


def _frequent_words() -> Any:
    words = CountVectorizer(token_pattern=_WORD, max_features=FREQUENT_WORDS, binary=True, dtype=np.float64)
    return make_pipeline(FunctionTransformer(methodcaller("fillna", "")), words)
