"""Run tests over changed modules, each change in a process of its own.

A bench is a process, forked for one module, in which pytest has collected that module's tests. For
each change it forks again: the child puts the changed code into the functions that are there, and
pytest goes on as if it had just collected. So a trial costs milliseconds. What importing the module
decides (constants, defaults, fields) cannot be put in later: then, and wherever no test noticed,
the child starts anew and imports the changed module. Files are never touched.

A child that hangs is killed by its own alarm, one that eats memory by its own limit.
"""

import ast
import gc
import importlib.machinery
import importlib.util
import inspect
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import hypothesis
import pytest

from mutating.children import be_quiet, fork, fork_unless_alone, limit, wait
from mutating.sites import Site, compile_changed

PATIENCE, GRACE_S = 5.0, 2.0  # a trial may take so many times what the unchanged module takes, more
IMPORT_S = 30.0  # seconds that a new import may take
_QUIET = ["-x", "-q", "-p", "no:cacheprovider", "--tb=no", "--no-header", "--timeout=0"]
_QUIET += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of libraries imported before

Key = tuple[str, int]  # of a function: qualified name and first line


class TrialError(Exception):
    """The tests do not pass as they are; nothing can be learnt from them."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A module and the tests that have to notice."""

    file: Path
    name: str  # as it is imported
    tree: ast.Module
    tests: tuple[str, ...]
    scratch: Path  # folder for the tests' files; emptied before each trial

    @property
    def arguments(self) -> list[str]:
        """Of pytest."""
        return [*_QUIET, f"--basetemp={self.scratch}", *self.tests]


def settle_hypothesis() -> None:
    """Make properties draw the same examples each time, and never fail for being slow."""
    hypothesis.settings.register_profile(
        "mutants",
        max_examples=30,  # of properties that do not say how many
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("mutants")


def find_survivors(subject: Subject, sites: Sequence[Site]) -> list[Site]:
    """Return the changes that no test notices, in their order.

    Raises:
        TrialError: the tests fail without any change.
    """

    def run() -> int:
        be_quiet()
        return int(pytest.main(subject.arguments, plugins=[_Bench(subject, sites, writer)]))

    reader, writer = os.pipe()
    bench = fork(run)
    os.close(writer)
    with os.fdopen(reader) as lines:
        left = [int(line) for line in lines]
    if wait(bench):
        raise TrialError(f"the tests of {subject.name} do not pass as they are: {subject.tests}")
    return [sites[number] for number in left]


class _Bench:
    """The pytest plugin that forks for each change; writes the numbers of those that survive."""

    def __init__(self, subject: Subject, sites: Sequence[Site], writer: int) -> None:
        self._subject, self._sites, self._writer = subject, sites, writer
        self._is_trial = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self) -> None:
        """Fork before anything of ours is imported; returns in children, where pytest goes on."""
        parent = os.getppid()
        reader, writer = os.pipe()
        ready = os.fork()
        if ready == 0:
            self._writer = writer
            return
        os.close(writer)
        with os.fdopen(reader) as lines:
            limit_s = float(lines.readline() or "nan")
            left = [int(line) for line in lines]
        if wait(ready) or not limit_s > 0:
            os._exit(1)
        for number in left:
            child = fork_unless_alone(parent)
            if child == 0:
                self._is_trial = True
                limit(limit_s + IMPORT_S)
                sys.meta_path.insert(0, _Changed(self._subject, self._sites[number]))
                return
            if not wait(child):
                self._tell(number)
        os._exit(0)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Fork when the tests are collected, likewise."""
        if self._is_trial or session.testsfailed:  # those that cannot be collected end here
            return
        parent = os.getppid()
        functions = _functions_of(sys.modules[self._subject.name])
        gc.freeze()
        began = time.monotonic()
        unchanged = os.fork()
        if unchanged == 0:
            return
        if wait(unchanged):
            os._exit(1)
        limit_s = PATIENCE * (time.monotonic() - began) + GRACE_S
        self._tell(limit_s)
        for number, site in enumerate(self._sites):
            codes = _changed_codes(self._subject, site)
            if not site.is_inside or not _fit(codes, functions):
                self._tell(number)
                continue
            child = fork_unless_alone(parent)
            if child == 0:
                limit(limit_s)
                for key, code in codes.items():
                    functions[key].__code__ = code
                return
            if not wait(child):
                self._tell(number)
        os._exit(0)

    def _tell(self, number: float) -> None:
        os.write(self._writer, f"{number}\n".encode())


class _Changed(importlib.machinery.SourceFileLoader):
    """Finds one module, and gives it other code than its file has."""

    def __init__(self, subject: Subject, site: Site) -> None:
        super().__init__(subject.name, str(subject.file))
        self._code = compile_changed(subject.tree, site, self.path)

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Answer for that module alone."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def get_code(self, _name: str) -> CodeType:
        """Return the changed code."""
        return self._code


def _functions_of(module: ModuleType) -> dict[Key, FunctionType]:
    """Return the functions that importing a module has made; those of one key are left out."""
    found: dict[Key, FunctionType] = {}
    twice: set[Key] = set()
    for each in gc.get_objects():
        # Its type, not isinstance: some objects answer that with a warning.
        if type(each) is FunctionType and each.__globals__ is module.__dict__:
            twice |= {_key(each.__code__)} & found.keys()
            found[_key(each.__code__)] = each
    return {key: function for key, function in found.items() if key not in twice}


def _changed_codes(subject: Subject, site: Site) -> dict[Key, CodeType]:
    """Return the code of the outermost functions that a change is in."""
    file = str(subject.file)
    before = set(_outermost(compile(subject.tree, file, "exec", dont_inherit=True)))
    after = _outermost(compile_changed(subject.tree, site, file))
    return {_key(code): code for code in after if code not in before}


def _outermost(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of a module's functions and methods, not of what is defined in these."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_flags & inspect.CO_OPTIMIZED:
                yield each
            else:  # a class
                yield from _outermost(each)


def _fit(codes: dict[Key, CodeType], functions: dict[Key, FunctionType]) -> bool:
    """Say whether functions can take codes: all are there, and use the same cells."""
    return all(
        key in functions and functions[key].__code__.co_freevars == code.co_freevars
        for key, code in codes.items()
    )


def _key(code: CodeType) -> Key:
    return code.co_qualname, code.co_firstlineno
