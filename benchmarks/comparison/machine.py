"""What a figure was measured on: processor, cores, memory, versions, date."""

import os
import platform
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")  # the ones that decide how fast a CPU is
PACKAGES = ("torch", "torchvision", "pillow", "numpy", "pyarrow", "pandas")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine and the day."""

    day: str
    processor: str
    cores: int  # that this process may use
    memory_gib: float
    load: float  # processes that wanted a core in the last minute, before anything was measured
    python: str
    versions: tuple[tuple[str, str], ...]


def describe_machine(today: date, packages: tuple[str, ...] = PACKAGES) -> Machine:
    """Look the machine up; what cannot be found out is left empty."""
    facts = _cpu_facts()
    flags = facts.get("flags", "").split()
    found = [flag for flag in FLAGS if flag in flags]
    affinity = getattr(os, "sched_getaffinity", None)
    return Machine(
        day=today.isoformat(),
        processor=", ".join([facts.get("model name", platform.machine()), *found]),
        cores=len(affinity(0)) if affinity else os.cpu_count() or 1,
        memory_gib=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30,
        load=os.getloadavg()[0],
        python=platform.python_version(),
        versions=tuple((name, _version_of(name)) for name in packages),
    )


def machine_line(machine: Machine) -> str:
    """Return one line for people."""
    packages = ", ".join(f"{name} {number}" for name, number in machine.versions if number)
    return (
        f"{machine.day}. {machine.processor}; {machine.cores} cores, {machine.memory_gib:.0f} GiB; "
        f"load before: {machine.load:.1f}. Python {machine.python}, {packages}."
    )


def _cpu_facts() -> dict[str, str]:
    """Return the first processor's lines of /proc/cpuinfo; nothing where there is none."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return {}
    lines = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
