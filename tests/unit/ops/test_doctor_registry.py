"""Every check is run, and every call of a reader is in the IAM policy that `--policy` prints."""

import ast
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

from ops.doctor import checks, reads
from ops.doctor.checks import CHECKS
from ops.doctor.gathering import ADAPTERS
from ops.report.gathering import ADAPTERS as REPORT_ADAPTERS

OURS = [adapter for adapter in dict.fromkeys((*ADAPTERS, *REPORT_ADAPTERS)) if adapter.__module__.startswith("ops.")]


def public(package: ModuleType, wanted: Callable[[object], bool]) -> dict[str, Any]:
    """Return what the modules of a package define without a leading underscore, by module and name."""
    modules = [import_module(f"{package.__name__}.{each.name}") for each in pkgutil.iter_modules(package.__path__)]
    return {
        f"{module.__name__}.{name}": member
        for module in modules
        for name, member in inspect.getmembers(module, wanted)
        if member.__module__ == module.__name__ and not name.startswith("_")
    }


def test_every_check_runs() -> None:
    """Every public function of ops/doctor/checks/ is in CHECKS."""
    forgotten = [name for name, check in public(checks, inspect.isfunction).items() if check not in CHECKS]

    assert not forgotten, f"no run of the doctor has these checks; add them to CHECKS in {checks.__file__}"


def test_every_reader_is_an_adapter() -> None:
    """Every public class of ops/doctor/reads/ is in ADAPTERS, so that `--policy` has its permissions."""
    forgotten = [name for name, reader in public(reads, inspect.isclass).items() if reader not in ADAPTERS]

    assert not forgotten, "--policy leaves their permissions out; add them to ADAPTERS in ops/doctor/gathering.py"


@pytest.mark.parametrize("adapter", OURS, ids=lambda adapter: adapter.__name__)
def test_permissions_are_the_calls(adapter: type[Any]) -> None:
    """The PERMISSIONS of an adapter name each call in its source, and no other."""
    named = {permission.partition(":")[2].lower(): permission for permission in adapter.PERMISSIONS}
    called = set(calls_of(adapter))
    undeclared = sorted(called - named.keys())
    unused = sorted(permission for call, permission in named.items() if call not in called)

    assert not undeclared, f"--policy leaves these calls out; add them to {adapter.__name__}.PERMISSIONS"
    assert not unused, f"nothing calls these; remove them from {adapter.__name__}.PERMISSIONS"


def calls_of(adapter: type[Any]) -> Iterator[str]:
    """Yield the operations that the methods of an adapter call on its clients, in lower case."""
    for node in ast.walk(ast.parse(dedent(inspect.getsource(adapter)))):
        match node:
            case ast.Call(ast.Attribute(_, "get_paginator"), [ast.Constant(str(method))]):
                yield method.replace("_", "")
            case ast.Attribute(ast.Attribute(ast.Name("self"), _), attribute):
                if attribute not in {"exceptions", "meta", "get_paginator"}:
                    yield attribute.replace("_", "")
