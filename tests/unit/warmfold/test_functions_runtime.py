"""Functions as processes: loaded once, kept warm, ended by their timeout, replaced when they change."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import resource
import shutil
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE
from tests.waiting import given_time, until
from warmfold.cloud.functions_runtime.pool import Functions, FunctionSpec, Invocation, TooManyInvocationsError

CODE = """
import json, os, pathlib, sys, time
def handle(event, context):
    print("got", event)
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "meet" in event:
        me = pathlib.Path(event["meet"], str(os.getpid()))
        me.touch()
        while len(list(me.parent.iterdir())) < 2:
            time.sleep(0.01)
    return {"process": os.getpid(), "left": context.get_remaining_time_in_millis(), "id": context.aws_request_id}
"""


def archive(folder: str = "", **modules: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        for name, text in modules.items():
            zipped.writestr(f"{folder}{name}.py", text)
    return packed.getvalue()


def spec(code: str = CODE, **changes: Any) -> FunctionSpec:
    made = FunctionSpec(
        name="probe",
        arn="arn:probe",
        handler="probe.handle",
        role_arn="arn:role",
        timeout_seconds=PATIENCE,
        memory_mb=128,
        log_group="/log",
        digest=hashlib.sha256(code.encode()).hexdigest(),
        environment={"FOLDER": "/opt/things", "PATHLIKE": "/optional"},
        code=archive(probe=code),
    )
    return replace(made, **changes)


@pytest.fixture
def functions(tmp_path: Path) -> Iterator[Functions]:
    made = Functions(tmp_path / "functions", environment=lambda role, _: {"ROLE": role}, log_sink=lambda *_: None)
    yield made
    made.shutdown()


def told(done: Invocation) -> dict[str, Any]:
    assert not done.failed, done
    return dict(json.loads(done.payload))


def error(done: Invocation) -> tuple[str, str]:
    assert done.failed
    answer = json.loads(done.payload)
    return answer["errorType"], answer["errorMessage"]


def test_a_process_is_kept_and_its_output_belongs_to_its_invocation(functions: Functions) -> None:
    first, second = functions.invoke(spec(), '{"n": 1}'), functions.invoke(spec(), '{"n": 2}')
    assert told(first)["process"] == told(second)["process"]
    assert "got {'n': 1}" in first.log
    assert "got {'n': 1}" not in second.log
    assert f"START RequestId: {told(second)['id']}" in second.log


def test_loading_does_not_count_against_the_timeout(functions: Functions) -> None:
    def answers(seconds: int) -> Invocation | None:
        loads_longer = f"import time\ntime.sleep({1.2 * seconds})\n"
        done = functions.invoke(spec(loads_longer + CODE, timeout_seconds=seconds), "{}")
        assert done.failed or 0 < told(done)["left"] <= 1000 * seconds
        return None if done.failed else done

    assert given_time(answers)


def test_a_function_over_its_timeout_is_ended_and_the_next_invocation_has_another_process(functions: Functions) -> None:
    process = told(functions.invoke(spec(), "{}"))["process"]
    kind, message = error(functions.invoke(spec(timeout_seconds=0.3), '{"sleep": 600}'))
    assert (kind, message[-34:]) == ("Sandbox.Timedout", " Task timed out after 0.30 seconds")
    assert not is_alive(process)
    assert told(functions.invoke(spec(), "{}"))["process"] != process


@pytest.mark.parametrize(
    ("code", "handler", "kind", "words"),
    [
        ("import nonsense\n", "probe.handle", "Runtime.ImportModuleError", "nonsense"),
        (CODE, "other.handle", "Runtime.ImportModuleError", "other"),
        (CODE, "probe.other", "Runtime.HandlerNotFound", "'other' missing on module 'probe'"),
        ("import os\nos.nothing\n", "probe.handle", "Runtime.ImportModuleError", "nothing"),
        ("import os\nprint('bye', flush=True)\nos._exit(7)\n", "probe.handle", "Runtime.ExitError", "exit status 7"),
    ],
)
def test_a_function_that_can_not_be_loaded_says_so(
    functions: Functions, code: str, handler: str, kind: str, words: str
) -> None:
    done = functions.invoke(spec(code, handler=handler), "{}")
    assert error(done)[0] == kind
    assert words in error(done)[1]
    if "bye" in code:
        assert "bye" in done.log


def test_a_function_that_ends_its_process_has_its_own_exit_code_and_last_words(functions: Functions) -> None:
    ends_slowly = "os.closerange(3, 20)\n    time.sleep(0.5)\n    print('bye')\n    os._exit(5)\n"
    code = f"import os, time\ndef handle(e, c):\n    {ends_slowly}"
    done = functions.invoke(spec(code), "{}")
    assert error(done)[0] == "Runtime.ExitError"
    assert "exit status 5" in error(done)[1]
    assert "bye" in done.log


def test_invocations_at_the_same_time_have_a_process_each(functions: Functions, tmp_path: Path) -> None:
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    event, done = json.dumps({"meet": str(meeting)}), []
    threads = [threading.Thread(target=lambda: done.append(functions.invoke(spec(), event))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({told(one)["process"] for one in done}) == 2


def test_more_at_a_time_than_may_are_refused_or_wait(tmp_path: Path) -> None:
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    functions = Functions(tmp_path / "functions", environment=lambda *_: {}, log_sink=lambda *_: None, concurrency=1)
    with ThreadPoolExecutor() as threads:
        first = threads.submit(functions.invoke, spec(), json.dumps({"meet": str(meeting)}))
        until(lambda: list(meeting.iterdir()))
        with pytest.raises(TooManyInvocationsError):
            functions.invoke(spec(arn="arn:other", name="other"), "{}")
        second = threads.submit(functions.invoke, spec(), "{}", wait=True)
        assert not second.done()
        (meeting / "other").touch()
        assert told(first.result())["process"] == told(second.result())["process"]
    functions.shutdown()


def test_a_changed_function_is_a_new_process_with_the_new_code(functions: Functions) -> None:
    old = told(functions.invoke(spec(), "{}"))
    new = told(functions.invoke(spec(CODE.replace('{"process"', '{"new": 1, "process"')), "{}"))
    assert new["new"] == 1
    assert new["process"] != old["process"]


def test_the_processes_of_a_function_that_is_forgotten_end_though_at_work(functions: Functions, tmp_path: Path) -> None:
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    other = spec(arn="arn:other", name="other")
    kept = told(functions.invoke(other, "{}"))["process"]
    with ThreadPoolExecutor() as threads:
        working = threads.submit(functions.invoke, spec(), json.dumps({"meet": str(meeting)}))
        until(lambda: list(meeting.iterdir()))
        idle = told(functions.invoke(spec(), "{}"))["process"]
        functions.forget("arn:probe")
        assert not is_alive(idle)
        (meeting / "other").touch()
        assert not is_alive(told(working.result())["process"])
    assert told(functions.invoke(other, "{}"))["process"] == kept


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_function_finds_its_role_its_layer_and_paths_under_opt(functions: Functions) -> None:
    names = "('ROLE', 'FOLDER', 'PATHLIKE')"
    code = f"import os, shared\ndef handle(e, c): return [os.environ[n] for n in {names}] + [shared.X]"
    layer = archive("python/", shared="X = 'from the layer'")
    role, folder, other, text = json.loads(functions.invoke(spec(code, layers=(layer,)), "{}").payload)
    assert (role, other, text) == ("arn:role", "/optional", "from the layer")
    assert folder.endswith("/opt/things")
    assert folder != "/opt/things"


@pytest.mark.parametrize(
    ("folder", "found"),
    [("python/", True), ("python/lib/python3.12/site-packages/", True), ("", False), ("other/", False)],
)
def test_a_function_imports_from_the_folders_of_its_layers_that_aws_puts_on_its_path(
    functions: Functions, folder: str, found: bool
) -> None:
    code = "import shared\ndef handle(e, c): return shared.X"
    done = functions.invoke(spec(code, layers=(archive(folder, shared="X = 1"),), runtime="python3.12"), "{}")
    assert done.payload == "1" if found else error(done)[0] == "Runtime.ImportModuleError"


def test_a_function_s_own_module_comes_before_a_layer_s(functions: Functions) -> None:
    code = "import shared\ndef handle(e, c): return shared.X"
    layer = archive("python/", shared="X = 'layer'")
    both = replace(spec(code, layers=(layer,)), code=archive(probe=code, shared="X = 'own'"))
    assert functions.invoke(both, "{}").payload == '"own"'


def test_a_function_that_names_its_own_python_path_has_that_instead_of_its_layers(functions: Functions) -> None:
    code = "import shared\ndef handle(e, c): return shared.X"
    layers = (archive("python/", shared="X = 'layer'"), archive("aside/", shared="X = 'aside'"))
    environment = {"PYTHONPATH": "/opt/nowhere:/opt/aside"}
    assert functions.invoke(spec(code, layers=layers, environment=environment), "{}").payload == '"aside"'


def test_a_cloud_with_many_files_open_invokes_too(functions: Functions) -> None:
    many, (soft, hard) = 1100, resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * many:
        pytest.skip("this machine does not let a process open so many")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * many), hard))
    with contextlib.ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(many):
            opened.enter_context(Path(os.devnull).open())
        assert told(functions.invoke(spec(), "{}"))["process"]


def test_what_a_killed_cloud_left_is_removed_and_nothing_else(functions: Functions, tmp_path: Path) -> None:
    folder = tmp_path / "functions"
    functions.invoke(spec(), "{}")
    (left,) = folder.iterdir()
    shutil.copytree(left, left.with_suffix(".new"))
    (folder / "pipeline").mkdir()
    (folder / "plan_run.py").touch()
    Functions(folder, environment=lambda *_: {}, log_sink=lambda *_: None)
    assert sorted(path.name for path in folder.iterdir()) == ["pipeline", "plan_run.py"]


def test_after_the_shutdown_nothing_is_left_and_nothing_starts(functions: Functions, tmp_path: Path) -> None:
    functions.invoke(spec(), "{}")
    assert list((tmp_path / "functions").iterdir())
    functions.shutdown()
    assert not list((tmp_path / "functions").iterdir())
    with pytest.raises(RuntimeError, match="going down"):
        functions.invoke(spec(), "{}")
