"""A child process that ends with its parent, however the parent ends.

Linux sends a process the signal it asked for when the *thread* that started it dies, so only the
main thread may start such a child. The wish has to be spoken by the child itself. Code between fork
and exec (Popen's preexec_fn) is not the place: Python's own hooks run there, and hang for good if
another thread held a lock at the fork. So a small program speaks it and then becomes the command.

Elsewhere there is no such signal and the command just runs.
"""

import os
import signal
import sys

# Changing the user clears the wish, so it comes after; and the parent may die before it is spoken.
_PROGRAM = """
import ctypes, os, signal, sys
parent, number, user, group, *command = sys.argv[1:]
if user != "-":
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, int(number), 0, 0, 0)
if os.getppid() != int(parent):
    sys.exit(1)
for ignored_by_python in (signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(ignored_by_python, signal.SIG_DFL)
os.execvp(command[0], command)
"""


def ending_with_parent(
    command: list[str], *, by: signal.Signals, account: tuple[int, int] | None = None
) -> list[str]:
    """Return the command that runs `command` until this process dies, then gets the signal.

    `account` is the user and group to run it as (root only). The process id is the command's own.
    """
    user, group = account or ("-", "-")
    wish = [str(os.getpid()), str(int(by)), str(user), str(group)]
    return [sys.executable, "-I", "-S", "-c", _PROGRAM, *wish, *command]
