"""The supervisor, with small real programs under it."""

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tools.errors import SetupError
from tools.processes import is_alive, wait_gone
from tools.supervisor import Console, Program, StoppedError, Supervisor, stop_on_signals

ROOT = Path(__file__).parents[2]
SERVE = "import time; print('serving: ready', flush=True); time.sleep(600)"


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def supervisor(tmp_path: Path, screen: io.StringIO) -> Iterator[Supervisor]:
    with Supervisor(var_dir=tmp_path, console=Console(screen), cwd=ROOT) as running:
        yield running


def program(name: str, source: str, *, restarts_max: int = 3) -> Program:
    return Program(
        name=name,
        command=[sys.executable, "-c", source],
        environment=dict(os.environ),
        ready=re.compile(r"\bready\b"),
        restarts_max=restarts_max,
    )


def started(supervisor: Supervisor, child: Program) -> psutil.Process:
    supervisor.start(child)
    supervisor.wait_ready(child, timeout_s=20)
    assert child.process is not None
    return psutil.Process(child.process.pid)


def test_output_is_shown_behind_its_name_and_kept_in_a_log(
    supervisor: Supervisor, screen: io.StringIO, tmp_path: Path
) -> None:
    tail = supervisor.run(program("step", "print('one'); print('two')"), timeout_s=20)
    assert tail == "one\ntwo"
    assert screen.getvalue() == "step        | one\nstep        | two\n"
    assert (tmp_path / "log/step.log").read_text() == "one\ntwo\n"


def test_routine_lines_go_to_the_log_only(
    supervisor: Supervisor, screen: io.StringIO, tmp_path: Path
) -> None:
    step = program("worker", "print('INFO one'); print('ERROR two')")
    step.routine = re.compile("INFO")
    supervisor.run(step, timeout_s=20)
    assert screen.getvalue() == "worker      | ERROR two\n"
    assert (tmp_path / "log/worker.log").read_text() == "INFO one\nERROR two\n"


def test_a_failing_step_is_told_with_its_last_lines(supervisor: Supervisor) -> None:
    step = program("migrate", "import sys; print('no such table'); sys.exit(3)")
    with pytest.raises(SetupError, match=r"migrate ended with code 3(.|\n)*no such table"):
        supervisor.run(step, timeout_s=20)


def test_a_long_answer_is_whole_and_a_long_story_is_cut(supervisor: Supervisor) -> None:
    numbers = "print('\\n'.join(map(str, range(100))))"
    assert supervisor.run(program("logins", numbers), timeout_s=20).split()[0] == "0"
    with pytest.raises(SetupError) as caught:
        supervisor.run(program("step", numbers + "; raise SystemExit(1)"), timeout_s=20)
    assert str(caught.value).splitlines()[1:] == [f"    {number}" for number in range(80, 100)]


def test_a_step_that_hangs_is_ended(supervisor: Supervisor) -> None:
    with pytest.raises(SetupError, match="took longer than"):
        supervisor.run(program("step", SERVE), timeout_s=0.5)


def test_a_crashed_program_starts_again_and_its_last_lines_are_shown(
    supervisor: Supervisor, screen: io.StringIO
) -> None:
    first = started(supervisor, child := program("web", SERVE))
    first.kill()
    wait_gone(first, 10)
    supervisor.pause(0)
    supervisor.wait_ready(child, timeout_s=20)
    assert child.process is not None
    assert child.process.pid != first.pid
    assert "web ended with code -9" in screen.getvalue()
    assert "    serving: ready\nStarting web again (1 of 3)." in screen.getvalue()


def test_a_program_that_keeps_crashing_ends_the_run(supervisor: Supervisor) -> None:
    supervisor.start(program("web", "raise SystemExit('port taken')", restarts_max=2))
    with pytest.raises(SetupError, match=r"web ended with code 1(.|\n)*port taken"):
        supervisor.watch()


def test_a_program_that_ends_before_it_is_ready_is_told(supervisor: Supervisor) -> None:
    supervisor.start(child := program("mt5", "raise SystemExit('no certificate')"))
    with pytest.raises(SetupError, match="no certificate"):
        supervisor.wait_ready(child, timeout_s=20)


def test_all_stop_the_last_started_first(supervisor: Supervisor, tmp_path: Path) -> None:
    story = tmp_path / "story"
    farewell = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        f"    open({str(story)!r}, 'a').write(sys.argv[1] + ' ')\n"
        "    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    for name in ("worker", "web"):
        child = program(name, farewell)
        child.command = [*child.command, name]
        started(supervisor, child)
    supervisor.stop_all()
    assert story.read_text() == "web worker "
    assert supervisor.running() == []


def test_what_a_program_started_ends_with_it(supervisor: Supervisor) -> None:
    source = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, 'ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    started(supervisor, child := program("web", source))
    grandchild = next(int(line.split()[0]) for line in child.last_lines if line[0].isdigit())
    process = psutil.Process(grandchild)
    supervisor.stop_all()
    assert wait_gone(process, 10)


def test_asking_to_stop_ends_a_wait(supervisor: Supervisor) -> None:
    supervisor.start(silent := program("mt5", "import time; time.sleep(600)"))
    threading.Timer(0.3, supervisor.request_stop).start()
    with pytest.raises(StoppedError):
        supervisor.wait_ready(silent, timeout_s=60)
    with pytest.raises(StoppedError):
        supervisor.start(program("web", SERVE))


@pytest.mark.parametrize(
    ("number", "told"),
    [(signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "SIGHUP"), (signal.SIGINT, "")],
)
def test_what_ended_the_run_is_known_unless_a_person_did(
    supervisor: Supervisor, number: signal.Signals, told: str
) -> None:
    before = {each: signal.getsignal(each) for each in (2, 1, 15)}
    try:
        stop_on_signals(supervisor)
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), signal.SIGTERM)  # what comes after it has not ended it
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert supervisor.asked_by == told


def test_a_second_request_does_not_wait_for_good_manners(supervisor: Supervisor) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SERVE
    process = started(supervisor, program("web", deaf))
    supervisor.request_stop()
    supervisor.request_stop()
    before = time.monotonic()
    supervisor.stop_all()
    assert not is_alive(process)
    assert time.monotonic() - before < 5


def test_what_a_killed_supervisor_left_is_ended_by_the_next(tmp_path: Path) -> None:
    source = (
        "import os, re, sys\n"
        "from pathlib import Path\n"
        "from tools.supervisor import Program, Supervisor, terminal\n"
        f"var = Path({str(tmp_path)!r})\n"
        "supervisor = Supervisor(var_dir=var, console=terminal(), cwd=Path('.'))\n"
        f"web = Program(name='web', command=[sys.executable, '-c', {SERVE!r}],\n"
        "    environment=os.environ, ready=re.compile('ready'))\n"
        "supervisor.start(web)\n"
        "supervisor.wait_ready(web, timeout_s=20)\n"
        "print('PID', web.process.pid, flush=True)\n"
        "supervisor.watch()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", source], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        pid = next(int(line.split()[1]) for line in first.stdout if line.startswith("PID"))
        orphan = psutil.Process(pid)
        first.send_signal(signal.SIGKILL)
    assert is_alive(orphan)
    with Supervisor(var_dir=tmp_path, console=Console(io.StringIO()), cwd=ROOT):
        assert wait_gone(orphan, 10)
