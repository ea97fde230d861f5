"""Follows the README of an example line by line, as a reader would.

In a README a line that is indented by four spaces is a command, what follows it by six is what it prints: every one of these lines must come, as often as the command is
repeated, where `…` stands for anything and times, ages and ids of plans for others. `# … exit code N` says that it ends otherwise than with 0."""

import contextlib
import os
import re
import shlex
import socket
import subprocess
import time

from daemon import BIN, Daemon
from waiting import wait_until

ASKING = re.compile(r"assetctl (--url \S+ )?(\w+ )?(list|show|ticks|next|why|diff|openlineage|waivers|impact|lineage|plan|queue|audit|forecast|checks|changes|events|versions|prune|logs)\b")
VARIES = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?", "TIME"),
    (r"\d{4}-\d\d-\d\d", "DAY"),
    (r"\b\d+-[0-9a-f]{16}\b", "PLAN"),
    (r"\b[0-9a-f]{12}\b", "HASH"),
    (r"\b(in )?\d+(\.\d+)? ?(ms|s|min|h|d|days?|months?)\b( ago)?|\bnow\b|just now|in a moment", "AGE"),
    (r"\s+", " "),
)


class Command:
    def __init__(self, line, number):
        text, _, comment = line.partition(" #")
        self.text, self.number, self.says = text.strip(), number, []
        code = re.search(r"exit code (\d)", comment)
        self.code = int(code[1]) if code else 0

    def __repr__(self):
        return f"line {self.number}: {self.text}"


def commands(readme):
    found = []
    for number, line in enumerate(readme.splitlines(), 1):
        if line.startswith("      ") and found:
            found[-1].says.append(line.strip())
        elif line.startswith("    "):
            found.append(Command(line, number))
    return found


def alike(text):
    for pattern, name in VARIES:
        text = re.sub(pattern, name, text)
    return text.strip()


def missing(says, output):
    """Lines that should have been printed and were not."""
    printed = [alike(line) for line in output.splitlines()]
    return [line for line in says if not any(re.fullmatch(".*".join(map(re.escape, re.split(" ?… ?", alike(line)))), one) for one in printed)]


def free_port():
    with contextlib.closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def listens(port):
    with contextlib.closing(socket.socket()) as found:
        return found.connect_ex(("127.0.0.1", port)) == 0


class Reader:
    """Somebody with a shell in the folder of an example, and with other terminals for what does not end by itself."""

    def __init__(self, folder):
        self.folder, self.daemons, self.programs = folder, {}, []
        self.ports = {str(port): free_port() for port in (8080, 8081, 9099)}
        self.env = dict(os.environ, PATH=f"{BIN}:{os.environ['PATH']}", NO_COLOR="1", ASSETD_URL=f"http://127.0.0.1:{self.ports['8080']}")

    def follow(self, command):
        text = re.sub("|".join(self.ports), lambda port: str(self.ports[port[0]]), command.text)
        text = re.sub(r"\bRUN\b", lambda _: self.newest_run(), text)
        named = re.fullmatch(r"(\w+)=\$\((.*)\)", text)
        if named:
            self.env[named[1]] = self.shell(named[2], command).stdout.strip()
        elif re.match(r"(\w+=\S+ )*assetd ", text):
            self.start(text)
        elif text.startswith("python3 receiver.py"):
            words = shlex.split(text)
            self.programs.append(subprocess.Popen(words, cwd=self.folder, stdout=subprocess.DEVNULL, start_new_session=True))
            wait_until(lambda: listens(int(words[2])), f"{command} listens", 60)
        else:
            self.until_it_says(text, command)

    def newest_run(self):
        return self.daemons[".assetd"].items("/runs")[0]["id"]

    def shell(self, text, command):
        done = subprocess.run(["bash", "-c", text], cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == command.code, f"{command}: exit code {done.returncode} instead of {command.code}\n{done.stdout}{done.stderr}"
        return done

    def until_it_says(self, text, command):
        """What only asks is asked again until it says so: what happens by itself takes its time."""
        def said():
            done = self.shell(text, command)
            seen[:] = [done.stdout + done.stderr]
            return not missing(command.says, seen[0])

        seen = []
        if not said():
            assert ASKING.match(command.text), f"{command}: not said {missing(command.says, seen[0])} but\n{seen[0]}"
            try:
                wait_until(said, str(command), 60)
            except AssertionError:
                raise AssertionError(f"{command}: not said {missing(command.says, seen[0])} but\n{seen[0]}") from None

    def start(self, text):
        """A daemon; where it is up already the reader has pressed Ctrl-C first."""
        words = shlex.split(text)
        env = dict(word.split("=", 1) for word in words[:words.index("assetd")])
        more = words[words.index("--project") + 2:]
        listen = f"127.0.0.1:{self.ports['8080']}"
        if "--listen" in more:
            at = more.index("--listen")
            listen = more[at + 1]
            del more[at:at + 2]
        name = f".assetd-{more[more.index('--env') + 1]}" if "--env" in more else ".assetd"
        if name in self.daemons:
            self.daemons[name].stop()
            away = time.time() + 5  # so that it misses something
            wait_until(lambda: time.time() > away, "a while without a daemon")
        daemon = self.daemons[name] = Daemon(self.folder, data=self.folder / name, extra=more, env=env, listen=listen)
        daemon.log_path = self.folder / f"daemon{name}.log"
        daemon.start(60)

    def leave(self):
        for daemon in self.daemons.values():
            daemon.clean_up()
        for program in self.programs:
            program.kill()
            program.wait()
