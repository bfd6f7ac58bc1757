"""The size of the deployed package, each handler's start compared with boto3 alone, and the first call.

The package is the one that `sam build` makes, and it starts as on Lambda: no bytecode can be written. Each turn starts
a fresh Python for every handler, and one that imports boto3 and makes one client. A noisy machine affects all of them,
so the figure is the median ratio of a turn. Seconds are processor time, not clock time. The package contains arm64
wheels. On other machines MarkupSafe falls back to pure Python, with no noticeable import time.
"""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread

from rich.console import Console
from rich.table import Table

from tests.template import TEMPLATE, Template

_RUNS = 9
_CLOCK = "from time import process_time; {code}; print(process_time())"
_NOTHING = "pass"
_BOTO3 = 'import boto3; boto3.client("iam")'
_HANDLER = "import {module}"
_FIRST_CALL = """
import json, sys
from time import process_time
from aws import clients
iam = clients.iam
if {within}: clients.iam = lambda: None
from enforce.handler import lambda_handler
clients.iam = iam
class Context:
    function_name, memory_limit_in_mb, aws_request_id = "enforce", 256, "request"
    invoked_function_arn = "arn:aws:lambda:us-east-1:111122223333:function:enforce"
    def get_remaining_time_in_millis(self): return 30_000
start = process_time()
answer = lambda_handler(json.loads(sys.argv[1]), Context())
print(process_time() - start)
assert not answer["batchItemFailures"], answer
"""
_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "POWERTOOLS_METRICS_NAMESPACE": "MfaEnforcer",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    "PYTHONDONTWRITEBYTECODE": "1",
    "POLICY_ARN": "arn:aws:iam::111122223333:policy/mfa-enforcer/mfa-control",
    "POLICY_VERSION": "v1",
    "GROUP_NAME": "mfa-control",
    "ENFORCE_BY": "user",
    "EXEMPT_TAG_KEY": "mfa-exempt",
    "EXEMPT_PATHS": "",
    "EXISTING_USERS": "report",
    "EXISTING_USERS_SINCE": "",
    "MAX_ATTACHMENTS_PER_DAY": "3",
    "CHANGE_DELAY_SECONDS": "120",
    "MARKS_TABLE": "marks",
    "RELEASE_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/111122223333/requests",
    "MAIL_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/111122223333/mails",
    "PEOPLE_TABLE": "people",
    "ENROLMENT_WINDOW_DAYS": "0",
    "REMINDER_TIME_ZONE": "UTC",
    "OPS_TOPIC_ARN": "arn:aws:sns:us-east-1:111122223333:ops",
    "DRY_RUN": "false",
}


def build(folder: Path) -> None:
    """Build the package as a deployment does."""
    command = ["sam", "build", "--template", str(TEMPLATE), "--build-dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=TEMPLATE.parent)  # noqa: S603  # no shell, our template


def zipped(folder: Path) -> int:
    """Return the bytes of the folder as a zip, which is how Lambda stores it."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder))
        return file.tell()


def unzipped(folder: Path) -> int:
    """Return the bytes of the files in the folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def handlers() -> dict[str, str]:
    """Return the module of each function's handler."""
    return {
        name: resource["Properties"]["Handler"].rpartition(".")[0]
        for name, resource in Template().resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def seconds(code: str, package: Path, *arguments: str, endpoint: str = "") -> float:
    """Run the code in a fresh Python that finds the package first, and boto3 as this one does; raises SystemExit."""
    environment = {**_ENVIRONMENT, "PATH": os.environ["PATH"], "PYTHONPATH": str(package)}
    if endpoint:
        environment["AWS_ENDPOINT_URL"] = endpoint
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)  # noqa: S603  # ourselves
    if done.returncode:
        raise SystemExit(done.stderr)
    return float(done.stdout.splitlines()[-1])


def starts(modules: dict[str, str], package: Path) -> dict[str, list[float]]:
    """Return the seconds of each start beyond Python's own, turn by turn; boto3 alone is under its name."""
    codes = {"boto3": _BOTO3, **{name: _HANDLER.format(module=module) for name, module in modules.items()}}
    measured: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(_RUNS):
        python = seconds(_CLOCK.format(code=_NOTHING), package)
        for name, code in codes.items():
            measured[name].append(seconds(_CLOCK.format(code=code), package) - python)
    return measured


def first_calls(package: Path) -> tuple[list[float], list[float]]:
    """Return the seconds of a worker's first new user, with the client made at import and made in the call."""
    recorded = json.loads((TEMPLATE.parent / "events" / "create_user_console.json").read_text())
    recorded["detail"]["eventTime"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    record = {"messageId": "m0", "body": json.dumps(recorded), "attributes": {"ApproximateReceiveCount": "1"}}
    event = json.dumps({"Records": [{**record, "eventSource": "aws:sqs"}]})
    codes = [_FIRST_CALL.format(within=within) for within in (False, True)]
    with answering() as endpoint:
        turns = [[seconds(code, package, event, endpoint=endpoint) for code in codes] for _ in range(_RUNS)]
    at_import, within = zip(*turns, strict=True)
    return list(at_import), list(within)


class _Done(BaseHTTPRequestHandler):
    """Answers every call to IAM with success."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b"<Response><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></Response>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def answering() -> Iterator[str]:
    """Serve answers on a port of this machine as long as the block runs; yield the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Done) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def main() -> None:
    """Build, measure, print."""
    modules = handlers()
    with tempfile.TemporaryDirectory() as temporary:
        build(Path(temporary))
        # All functions get the same package, so any of them is the package.
        package = Path(temporary) / next(iter(modules))
        bundled = sorted(path.name for path in package.iterdir() if path.is_dir() and "." not in path.name)
        size = f"{zipped(package) / 1e6:.1f} MB zipped, {unzipped(package) / 1e6:.1f} MB unzipped"
        measured = starts(modules, package)
        at_import, within = first_calls(package)
    alone = measured.pop("boto3")
    table = Table(title="Start of each handler with its first client, beside boto3 with one client")
    table.add_column("function", no_wrap=True)
    for column in ("seconds", "boto3 alone", "ratio", "from", "to"):
        table.add_column(column, justify="right")
    for function, ours in measured.items():
        ratios = sorted(start / other for start, other in zip(ours, alone, strict=True))
        cells = (median(ours), median(alone), median(ratios), ratios[0], ratios[-1])
        table.add_row(function, *(f"{cell:.2f}" for cell in cells))
    console = Console()
    console.print(f"The package: {size}; it contains {', '.join(bundled)}.")
    console.print(table)
    console.print(
        f"The first new user of a worker: {1000 * median(at_import):.0f} ms of processor time; "
        f"{1000 * median(within):.0f} ms if the client were made within the call."
    )


if __name__ == "__main__":
    main()
