"""``python -m tests.day.leash PARENT -m MODULE``: that module, ended in order when PARENT ends.

A test run that is killed can't stop what it started; on Linux the kernel does it in its place.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, *program = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != int(parent):  # it ended while this began
            return
    os.execv(sys.executable, [sys.executable, *program])  # noqa: S606 - as the tests say


if __name__ == "__main__":
    main()
