"""The tuning strategy: it finds better values than chance does, and speaks SageMaker's language."""

import math
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest

from tests.long import sampled
from warmfold.cloud.sagemaker.errors import ServiceError
from warmfold.cloud.sagemaker.sampler import Sampler

EVALUATIONS = 30
IN_FLIGHT = 2
SEEDS = range(20)

Objective = Callable[[dict[str, str]], float]


def continuous(name: str, low: float, high: float, scaling: str = "Linear") -> dict[str, str]:
    return {"Name": name, "MinValue": str(low), "MaxValue": str(high), "ScalingType": scaling}


def integer(name: str, low: int, high: int, scaling: str = "Linear") -> dict[str, str]:
    return {"Name": name, "MinValue": str(low), "MaxValue": str(high), "ScalingType": scaling}


def learning_curve(values: dict[str, str]) -> float:
    """Two dimensions: a learning rate on a log scale and an exponent; a bent valley, best value 0."""
    rate = math.log10(float(values["rate"]))
    depth = float(values["depth"])
    return -((rate + 2.0) ** 2) - 4.0 * (depth - 0.5 - 0.25 * (rate + 2.0)) ** 2


def boosted_trees(values: dict[str, str]) -> float:
    """Four dimensions as of a tree ensemble, with a category that shifts the best rate; best value 0."""
    rate = math.log10(float(values["rate"]))
    leaves = math.log2(int(values["leaves"]))
    penalty = math.log10(float(values["penalty"]))
    offset = {"squared": 0.0, "absolute": 0.6, "huber": 0.3}[values["loss"]]
    best_rate = -1.2 if values["loss"] == "squared" else -0.8
    return -offset - 1.5 * (rate - best_rate) ** 2 - 0.3 * (leaves - 5.0) ** 2 - 0.05 * (penalty + 2.0) ** 2


HARTMANN_A = [
    [10, 3, 17, 3.5, 1.7, 8],
    [0.05, 10, 17, 0.1, 8, 14],
    [3, 3.5, 1.7, 10, 17, 8],
    [17, 8, 0.05, 10, 0.1, 14],
]
HARTMANN_P = [
    [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
    [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
    [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
    [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
]
HARTMANN_BEST = 3.32237


def hartmann(values: dict[str, str]) -> float:
    """Hartmann's six-dimensional function, negated and shifted: several hills, best value 0."""
    point = [float(values[f"x{i}"]) for i in range(6)]
    total = 0.0
    for weight, row, centre in zip([1.0, 1.2, 3.0, 3.2], HARTMANN_A, HARTMANN_P, strict=True):
        total += weight * math.exp(-sum(a * (x - p) ** 2 for a, x, p in zip(row, point, centre, strict=True)))
    return total - HARTMANN_BEST


PROBLEMS: dict[str, tuple[Objective, dict[str, Any]]] = {
    "two dimensions, log": (
        learning_curve,
        {"ContinuousParameterRanges": [continuous("rate", 1e-5, 1.0, "Logarithmic"), continuous("depth", -2.0, 2.0)]},
    ),
    "four dimensions, log, integer, categorical": (
        boosted_trees,
        {
            "ContinuousParameterRanges": [
                continuous("rate", 1e-3, 1.0, "Logarithmic"),
                continuous("penalty", 1e-6, 10.0, "Logarithmic"),
            ],
            "IntegerParameterRanges": [integer("leaves", 2, 1024, "Logarithmic")],
            "CategoricalParameterRanges": [{"Name": "loss", "Values": ["squared", "absolute", "huber"]}],
        },
    ),
    "six dimensions": (hartmann, {"ContinuousParameterRanges": [continuous(f"x{i}", 0.0, 1.0) for i in range(6)]}),
}


def regret(objective: Objective, ranges: dict[str, Any], strategy: str, seed: int) -> float:
    """How far the best of 30 evaluations, two of them always in flight, is from the optimum."""
    sampler = Sampler(ranges, strategy, seed)
    running = [sampler.ask() for _ in range(IN_FLIGHT)]
    best = -math.inf
    for evaluated in range(EVALUATIONS):
        number, values = running.pop(0)
        score = objective(values)
        best = max(best, score)
        sampler.tell(number, score)
        if evaluated + IN_FLIGHT < EVALUATIONS:
            running.append(sampler.ask())
    return -best


def sign_test(wins: int, rounds: int) -> float:
    """The one-sided probability of at least that many wins, were both equally good."""
    return sum(math.comb(rounds, k) for k in range(wins, rounds + 1)) / 2.0**rounds


@pytest.mark.parametrize("problem", sampled(PROBLEMS, every=3))
def test_the_bayesian_strategy_beats_random_search(problem: str) -> None:
    objective, ranges = PROBLEMS[problem]
    ours = [regret(objective, ranges, "Bayesian", seed) for seed in SEEDS]
    chance = [regret(objective, ranges, "Random", 1000 + seed) for seed in SEEDS]
    wins = sum(a < b for a, b in zip(ours, chance, strict=True))
    assert median(ours) < median(chance)
    assert sign_test(wins, len(SEEDS)) < 0.05, f"{wins} of {len(SEEDS)} seeds won"


@pytest.mark.parametrize("strategy", ["Bayesian", "Random"])
def test_values_are_texts_within_their_ranges(strategy: str) -> None:
    ranges = {
        "ContinuousParameterRanges": [
            continuous("rate", 1e-4, 1.0, "Logarithmic"),
            continuous("momentum", 0.0, 0.999, "ReverseLogarithmic"),
            continuous("auto", 0.5, 5.0, "Auto"),
        ],
        "IntegerParameterRanges": [integer("trees", 10, 500, "Logarithmic"), integer("depth", -2, 3)],
        "CategoricalParameterRanges": [{"Name": "kernel", "Values": ["rbf", "10"]}],
    }
    sampler = Sampler(ranges, strategy, 7)
    momenta = []
    for _ in range(25):
        number, values = sampler.ask()
        assert set(values) == {"rate", "momentum", "auto", "trees", "depth", "kernel"}
        assert all(isinstance(value, str) for value in values.values())
        assert 1e-4 <= float(values["rate"]) <= 1.0
        assert 0.0 <= float(values["momentum"]) <= 0.999
        assert 0.5 <= float(values["auto"]) <= 5.0
        assert 10 <= int(values["trees"]) <= 500
        assert -2 <= int(values["depth"]) <= 3
        assert values["kernel"] in ("rbf", "10")
        momenta.append(float(values["momentum"]))
        sampler.tell(number, 0.5)
    assert median(momenta) > 0.8, "the reversed logarithmic scale looks closest near 1"


@pytest.mark.parametrize("strategy", ["Bayesian", "Random"])
def test_one_seed_gives_one_sequence(strategy: str) -> None:
    objective, ranges = PROBLEMS["two dimensions, log"]

    def sequence(seed: int) -> list[dict[str, str]]:
        sampler, seen = Sampler(ranges, strategy, seed), []
        for _ in range(15):
            number, values = sampler.ask()
            sampler.tell(number, objective(values))
            seen.append(values)
        return seen

    assert sequence(3) == sequence(3)
    assert sequence(3) != sequence(4)


def test_candidates_without_a_score_do_not_stop_the_search() -> None:
    _, ranges = PROBLEMS["two dimensions, log"]
    sampler = Sampler(ranges, "Bayesian", 0)
    for score in [None, math.nan, -math.inf, 1.0] * 4:
        number, _ = sampler.ask()
        sampler.tell(number, score)


def test_a_grid_is_every_combination_once() -> None:
    ranges = {
        "CategoricalParameterRanges": [{"Name": "a", "Values": ["1", "2"]}, {"Name": "b", "Values": ["x", "y", "z"]}]
    }
    sampler = Sampler(ranges, "Grid", 0)
    assert sampler.size == 6
    seen = [tuple(sampler.ask()[1].values()) for _ in range(6)]
    assert len(set(seen)) == 6
    sampler.tell(0, 1.0)
    with pytest.raises(LookupError, match="all 6 combinations"):
        sampler.ask()


@pytest.mark.parametrize(
    ("ranges", "strategy", "message"),
    [
        ({"ContinuousParameterRanges": [continuous("a", 0, 1, "Logarithmic")]}, "Bayesian", "a begins at 0.0; Logar"),
        ({"ContinuousParameterRanges": [continuous("a", 0, 1, "ReverseLogarithmic")]}, "Random", "MaxValue < 1"),
        ({"IntegerParameterRanges": [integer("a", 1, 9, "ReverseLogarithmic")]}, "Random", "continuous ranges only"),
        ({"ContinuousParameterRanges": [continuous("a", 2, 1)]}, "Bayesian", "MinValue must be less than MaxValue"),
        (
            {"IntegerParameterRanges": [{"Name": "a", "MinValue": "1.5", "MaxValue": "3"}]},
            "Random",
            "both must be ints",
        ),
        ({"IntegerParameterRanges": [integer("a", 1, 9)]}, "Grid", "categorical hyperparameters only"),
        ({"IntegerParameterRanges": [integer("a", 1, 9)]}, "Hyperband", "no strategy Hyperband"),
        ({"AutoParameters": [{"Name": "a", "ValueHint": "1"}]}, "Bayesian", "no Autotune"),
        ({"CategoricalParameterRanges": [{"Name": "a", "Values": ["x", "x"]}]}, "Random", "a are not unique"),
        ({"IntegerParameterRanges": [integer("a", 1, 9), integer("a", 1, 9)]}, "Random", "names a more than once"),
        ({}, "Bayesian", "ParameterRanges is empty"),
    ],
)
def test_ranges_that_cannot_be_tuned_are_refused_by_name(ranges: dict[str, Any], strategy: str, message: str) -> None:
    with pytest.raises(ServiceError, match=message) as caught:
        Sampler(ranges, strategy, 0)
    assert caught.value.code == "ValidationException"


@pytest.mark.parametrize(
    ("ranges", "values"),
    [
        ({"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]}, {"x": "0.3"}),
        (
            {
                "ContinuousParameterRanges": [
                    {"Name": "x", "MinValue": "0", "MaxValue": "0.99", "ScalingType": "ReverseLogarithmic"}
                ]
            },
            {"x": "0.3"},
        ),
        ({"IntegerParameterRanges": [{"Name": "x", "MinValue": "1", "MaxValue": "9"}]}, {"x": "3"}),
        ({"CategoricalParameterRanges": [{"Name": "x", "Values": ["3", "4"]}]}, {"x": "3"}),
    ],
)
def test_what_another_search_found_is_learned_where_the_ranges_hold_it(
    ranges: dict[str, Any], values: dict[str, str]
) -> None:
    def proposed(lessons: list[dict[str, str]]) -> list[dict[str, str]]:
        sampler = Sampler(ranges, "Bayesian", 1)
        for number, lesson in enumerate(lessons):
            sampler.learn(lesson, float(number))
        return [sampler.ask()[1] for _ in range(4)]

    untaught = proposed([])
    assert proposed([values] * 10) != untaught
    assert proposed([{"x": "1000"}, {"x": "no number"}, {"y": "0.3"}] * 5) == untaught
