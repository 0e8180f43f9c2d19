"""What the race and the growth of times share: the time that may be spent, the machine, commands that print JSON."""
import json
import math
import os
import platform
import subprocess
import time


class Budget:
    """Time that may be spent; without minutes, any."""

    def __init__(self, minutes):
        self.end = math.inf if minutes is None else time.monotonic() + 60 * minutes

    def left(self):
        """Seconds."""
        return max(0.0, self.end - time.monotonic())

    def fits(self, seconds):
        return self.left() > 0 and seconds <= self.left()

    def part(self, share):
        part = Budget(None)
        if self.end < math.inf:
            part.end = time.monotonic() + share * self.left()
        return part


class Failed(Exception):
    """A command that failed or took too long, in a sentence."""


def output(command, seconds=math.inf, codes=(0,)):
    """What it prints; `codes` are the exit codes of success. OpenBLAS chooses for itself, and threads that wait do not take the other side's time."""
    environment = dict(os.environ, OMP_WAIT_POLICY="passive", QT_QPA_PLATFORM="offscreen")
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        environment.pop(name, None)
    command = [str(part) for part in command]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=None if seconds == math.inf else max(1.0, seconds))
    except subprocess.TimeoutExpired:
        raise Failed("it took longer than was left") from None
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror}") from None
    if done.returncode not in codes:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Failed(f"{' '.join(command[:3])} failed: {lines[-1] if lines else done.returncode}")
    return done.stdout


def json_of(command, seconds=math.inf, codes=(0,)):
    """One object, on however many lines."""
    text = output(command, seconds, codes)
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise Failed(f"{command[0]} printed no JSON") from None


def write_whole(file, text):
    """A file appears whole or not at all: whoever reads it meanwhile, or after a stop, finds a complete one."""
    beside = file.with_name(file.name + ".new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, file)


def libtorch(nanodit):
    """"LibTorch 2.6.0"; nothing where the program does not say."""
    try:
        found = json_of([nanodit, "doctor", "--no-computing", "--json", "--quiet"], 120, codes=(0, 1))  # 1: something else is wrong
        return f"LibTorch {found['libtorch']['loaded']}"
    except (Failed, KeyError, TypeError):
        return ""


def machine():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()
