"""An AWS account: its name and the addresses of its console pages."""

from dataclasses import dataclass

# "How IAM users sign in to AWS" and "Signing in to your AWS GovCloud (US) account".
_SIGN_IN = {"aws": "signin.aws.amazon.com", "aws-us-gov": "signin.amazonaws-us-gov.com"}
_CONSOLE_HOST = {"aws": "console.aws.amazon.com", "aws-us-gov": "console.amazonaws-us-gov.com"}
_CONSOLE = {"aws": "us-east-1.console.aws.amazon.com", "aws-us-gov": "console.amazonaws-us-gov.com"}


@dataclass(frozen=True, slots=True)
class Account:
    """An account; `alias`, if it has one, replaces the number in its sign-in address."""

    partition: str
    number: str
    alias: str | None = None

    @property
    def name(self) -> str:
        """Return the alias and the number, or only the number."""
        return f"{self.alias} ({self.number})" if self.alias else self.number

    @property
    def sign_in_url(self) -> str:
        """Return the account's own sign-in page."""
        return f"https://{self.alias or self.number}.{_SIGN_IN[self.partition]}/console"

    @property
    def console_host(self) -> str:
        """Return the host that people can type themselves; it asks IAM users for the account's number."""
        return _CONSOLE_HOST[self.partition]

    @property
    def security_credentials_url(self) -> str:
        """Return the page where users see their own credentials and register devices."""
        return f"https://{_CONSOLE[self.partition]}/iam/home#/security_credentials"

    def user_arn(self, path: str, name: str) -> str:
        """Return a user's ARN, as it appears in AWS's error messages."""
        return f"arn:{self.partition}:iam::{self.number}:user{path}{name}"
