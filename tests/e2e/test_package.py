"""The package of the real `sam build` starts without compiling anything."""

import marshal
from collections.abc import Iterator
from filecmp import cmpfiles
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.cloud import ROOT
from tests.template import Template

if TYPE_CHECKING:
    from local.cloud import Cloud

# The header of bytecode: magic number, flags, hash of the source ("PEP 552: Deterministic pycs").
_FLAGS, _CODE = slice(4, 8), slice(16, None)
_UNCHECKED_HASH = b"\x01\x00\x00\x00"


@pytest.fixture(scope="module")
def packages(cloud: "Cloud") -> list[Path]:
    functions = (name for name, made in Template().resources.items() if made["Type"] == "AWS::Serverless::Function")
    return [ROOT / ".aws-sam" / "build" / name for name in functions]


def test_bytecode(packages: list[Path]) -> None:
    """Every module has bytecode that Lambda uses as it is, independent of the date SAM gives the files."""
    modules = list(packages[0].rglob("*.py"))
    assert modules
    for module in modules:
        bytecode = Path(cache_from_source(str(module))).read_bytes()
        assert bytecode[_FLAGS] == _UNCHECKED_HASH, module
        assert marshal.loads(bytecode[_CODE]).co_filename == f"/var/task/{module.relative_to(packages[0])}"  # noqa: S302  # ours


def test_one_package(packages: list[Path]) -> None:
    """All functions get the same package, byte by byte, so a change deploys them all alike."""
    files = list(relative_files(packages[0]))
    for other in packages[1:]:
        assert list(relative_files(other)) == files
        same, _, _ = cmpfiles(packages[0], other, files, shallow=False)
        assert same == files


def test_contents(packages: list[Path]) -> None:
    """The package contains neither boto3, which Lambda has, nor programs."""
    names = {path.name for path in packages[0].iterdir()}
    assert {"aws", "domain", "enforce", "jinja2"} <= names
    assert not {"boto3", "botocore", "bin", "tests"} & names


def relative_files(folder: Path) -> Iterator[str]:
    yield from sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
