"""The table of contents at the top of the template."""

import re

from tests.template import TEMPLATE


def test_contents() -> None:
    """The contents list each section of the resources, in order."""
    text = TEMPLATE.read_text()
    named = re.findall(r"^#     - (.+)$", text, re.MULTILINE)

    assert named
    assert named == re.findall(r"^  # -{5,} (.+)$", text, re.MULTILINE)


def test_order() -> None:
    """The contents list the parts of the template, in order."""
    text = TEMPLATE.read_text()
    head, _, body = text.partition("AWSTemplateFormatVersion")
    parts = re.findall(r"[A-Z][a-z]+", "".join(re.findall(r"^#   ([A-Z].+)$", head, re.MULTILINE)).replace(",", " "))

    headings = [part for part in re.findall(r"^([A-Z]\w+):", body, re.MULTILINE) if part in parts]

    assert headings == parts
