"""Runs a command with no more than a systemd unit leaves it: UNIT COMMAND...

Its SystemCallFilter= lines, as systemd reads them, and no capabilities. Answers EPERM for the rest.
"""
import errno
import os
import subprocess
import sys

import seccomp


def calls_in(group):
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True
    ).stdout
    words = [line.strip() for line in listed.splitlines()[1:]]
    return named(word for word in words if word and not word.startswith("#"))


def named(words):
    calls = set()
    for word in words:
        calls |= calls_in(word) if word.startswith("@") else {word}
    return calls


unit, *command = sys.argv[1:]
allowed = calls_in("@default")
lines = [line for line in open(unit) if line.startswith("SystemCallFilter=")]
if not lines:
    sys.exit(f"{unit} has no SystemCallFilter=")
for line in lines:
    words = line.split("=", 1)[1].split()
    if words[0].startswith("~"):
        allowed -= named([words[0][1:], *words[1:]])
    else:
        allowed |= named(words)

rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
for call in allowed:
    try:
        rules.add_rule(seccomp.ALLOW, call)
    except (OSError, RuntimeError):
        pass  # a name of another architecture, or newer than this kernel
rules.load()
os.execvp(command[0], command)
