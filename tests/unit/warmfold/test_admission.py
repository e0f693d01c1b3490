"""Cores: who holds them, who waits, and who goes ahead without."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.patience import PATIENCE
from warmfold.cloud.sagemaker.admission import Admission, StopSignal


@pytest.fixture
def background() -> Iterator[Callable[[Callable[[], None]], threading.Thread]]:
    """Runs something in a thread, which must have ended when the test has."""
    threads: list[threading.Thread] = []

    def start(work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, daemon=True)
        threads.append(thread)
        thread.start()
        return thread

    yield start
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_jobs_that_hold_every_core_and_wait_for_others_do_not_wait_for_ever(
    background: Callable[[Callable[[], None]], threading.Thread], caplog: pytest.LogCaptureFixture
) -> None:
    admission, ended = Admission(2, patience=0.05), [threading.Event(), threading.Event()]

    def child(number: int) -> None:
        with admission.core(StopSignal()) as granted:
            assert granted
            ended[number].set()

    with ExitStack() as parents, caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert parents.enter_context(admission.core(StopSignal()))
        for number in range(2):
            background(lambda number=number: child(number))  # type: ignore[misc]
        assert all(event.wait(PATIENCE) for event in ended)
    assert "no core came free for 0.05 s" in caplog.text


def test_patience_begins_with_the_wait(background: Callable[[Callable[[], None]], threading.Thread]) -> None:
    now = [0.0]
    admission, got = Admission(1, patience=60, clock=lambda: now[0]), threading.Event()

    def wait() -> None:
        with admission.core(StopSignal()) as granted:
            assert granted
            got.set()

    with admission.core(StopSignal()):
        now[0] += 3600
        background(wait)
        assert not got.wait(0.1)
    assert got.wait(PATIENCE)


def test_with_patience_left_the_line_waits(background: Callable[[Callable[[], None]], threading.Thread]) -> None:
    admission, got = Admission(1, patience=60), threading.Event()

    def wait() -> None:
        with admission.core(StopSignal()) as granted:
            assert granted
            got.set()

    with admission.core(StopSignal()):
        background(wait)
        assert not got.wait(0.1)
    assert got.wait(PATIENCE)


def test_who_waits_for_other_jobs_holds_no_core_and_gives_none_back_twice() -> None:
    admission, stop = Admission(1), StopSignal()
    with admission.core(stop, owner="candidates") as granted:
        assert granted
        admission.waits("candidates")
        with admission.core(stop, owner="folds") as fold, admission.core(stop, owner="candidates") as another:
            assert fold
            assert another, "it goes ahead, and holds none"
    late = StopSignal()
    with admission.core(stop, owner="folds") as granted:
        assert granted
        late.set()
        with admission.core(late, owner="folds") as second:
            assert not second, "there is one core, as before"


def test_who_turns_out_to_wait_for_other_jobs_leaves_the_line(
    background: Callable[[Callable[[], None]], threading.Thread],
) -> None:
    admission, inside, stop = Admission(1), threading.Event(), StopSignal()

    def candidate() -> None:
        with admission.core(StopSignal(), owner="candidates") as admitted:
            assert admitted
            inside.set()

    with admission.core(stop, owner="folds"):
        background(candidate)
        admission.waits("candidates")
        assert inside.wait(PATIENCE), "it goes ahead though the only core is held"
