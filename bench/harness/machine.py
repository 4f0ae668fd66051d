# SPDX-License-Identifier: Apache-2.0
"""What is known of this machine and of the processes on it."""

import os
import pathlib
import platform
import re
import shutil
import subprocess
import time

# Debian's folder of daemons is not on everybody's PATH.
SEARCH_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def find_program(name):
    return shutil.which(name, path=SEARCH_PATH)


def version_of(command):
    """The first thing that looks like a version in what a program says, on either stream."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return "of unknown version"
    found = re.search(r"\d+\.\d+[-+~.\w]*", done.stdout + done.stderr)
    return found[0] if found else "of unknown version"


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def git_commit(folder):
    """Short commit, with '-dirty' when the tree differs from it; 'none' outside of a commit."""
    def git(*words):
        return subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=False)
    commit = git("rev-parse", "--short=12", "HEAD")
    if commit.returncode != 0:
        return "none"
    # Results are written by the bench itself, so they never make a tree dirty.
    changed = git("status", "--porcelain", "--", ".", ":(exclude)bench/results").stdout.strip()
    return commit.stdout.strip() + ("-dirty" if changed else "")


def facts(folder):
    cpus = sorted(os.sched_getaffinity(0))
    memory_kib = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])
    return {
        "cpu": cpu_model(),
        "cores": len(cpus),
        "memory_gib": round(memory_kib / 1024 / 1024, 1),
        "kernel": platform.release(),
        "system": pretty_system_name(),
        "commit": git_commit(folder),
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
    }


def pretty_system_name():
    try:
        text = pathlib.Path("/etc/os-release").read_text()
    except OSError:
        return platform.system()
    return re.search(r'PRETTY_NAME="?([^"\n]*)', text)[1]


def process_tree(pid):
    """The process and all that descend from it, as long as they live."""
    parents = {}
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                # The name, in parentheses, may hold spaces: the parent is the second word after it.
                after_name = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(folder.name)] = int(after_name[1])
    tree = [pid]
    for one in tree:
        tree += [child for child, parent in parents.items() if parent == one]
    return tree


def kernel_thread(name):
    """PID of a kernel thread, or None where they are not visible (containers)."""
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if (folder / "comm").read_text().strip() == name:
                    return int(folder.name)
            except OSError:
                continue
    return None


def cpu_seconds(pids):
    """CPU time of all threads, by the scheduler's clock. Processes that are gone count nothing."""
    total_ns = 0
    for pid in pids:
        for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                total_ns += int(path.read_text().split()[0])
            except OSError:
                continue
    return total_ns / 1e9


def pss_bytes(pids):
    """Proportional set size: private pages plus this process's share of the shared ones."""
    total = 0
    for pid in pids:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[1]) * 1024
    return total


def core_busy_seconds(core):
    """Time this core was not idle, and time the hypervisor gave it to somebody else."""
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        words = line.split()
        if words[0] == f"cpu{core}":
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, words[1:9])
            tick = os.sysconf("SC_CLK_TCK")
            return (user + nice + system + irq + softirq) / tick, steal / tick
    return 0.0, 0.0
