"""What the figures depend on: the machine and the versions.  No name of a host."""

import os
import platform
import re
import subprocess


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def processor():
    names = re.findall(r"^model name\s*: (.*)$", read("/proc/cpuinfo"), re.MULTILINE)
    return names[0] if names else platform.processor() or platform.machine()


def features():
    """Those that cryptography is faster by."""
    found = re.search(r"^(?:flags|Features)\s*: (.*)$", read("/proc/cpuinfo"), re.MULTILINE)
    wanted = ("aes", "pclmulqdq", "vaes", "vpclmulqdq", "avx2", "avx512f", "avx512ifma", "sha_ni", "pmull", "sha2")
    there = found.group(1).split() if found else []
    return " ".join(name for name in wanted if name in there) or "none known"


def memory_gib():
    found = re.search(r"^MemTotal:\s+(\d+) kB", read("/proc/meminfo"), re.MULTILINE)
    return round(int(found.group(1)) / 2**20, 1) if found else None


def distribution():
    found = re.search(r'^PRETTY_NAME="(.*)"', read("/etc/os-release"), re.MULTILINE)
    return found.group(1) if found else "unknown"


def describe(versions):
    """A dictionary; the order is that in which it is printed.  "versions" are of what is measured."""
    top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    return {
        "processor": processor(),
        "its features": features(),
        "cores": os.cpu_count(),
        "memory GiB": memory_gib(),
        "kernel": "Linux " + re.match(r"[0-9.]*", os.uname().release).group(),
        "system": distribution(),
        **versions,
        "OpenSSL": output("openssl", "version"),
        "commit": output("git", "-c", f"safe.directory={os.path.realpath(top)}", "-C", top,
                         "describe", "--always", "--dirty"),
        "load before": round(os.getloadavg()[0], 2),
    }
