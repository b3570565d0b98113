"""What is taken for a secret, and what only looks a little like one."""

from __future__ import annotations

import pytest

from pipeline_def.check.finding import masked_arguments
from pipeline_def.check.secret_patterns import is_secret, is_secret_name, is_secret_value

HEX = "0123456789abcdef"
#: Put together here, so that no scanner of this repository takes them for real.
SHAPES = [
    "AKIA" + "IOSFODNN7EXAMPLE",
    "-----BEGIN RSA PRIVATE" + " KEY-----",
    "ghp_" + "a1B2" * 9,
    "github_pat_" + "a1B2c3" * 4,
    "glpat-" + "a1B2" * 5,
    "xoxb-" + "1234567890-abc",
    "https://hooks.slack.com/" + "services/T00000000/B00000000/" + "X" * 24,
    "sk-" + "a1B2" * 6,
    "sk_live_" + "a1B2" * 6,
    "pul-" + (HEX * 3)[:40],
    "hf_" + "aBcD" * 8,
    "AIza" + "a" * 35,
    "pypi-" + "AgEI" * 13,
    "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxIn0xx.c2lnbmF0dXJl",
    "postgres://user:p4ss@host/db",
    "Basic dXNlcjpwYXNzd29yZA==",
    "Bearer a1b2c3d4e5f6",
    '{"auths": {"x": {"auth": "dXNlcjpwYXNz"}}}',
    "Server=db;User=u;Password=hunter2;",
    "DefaultEndpointsProtocol=https;AccountKey=abc123==",
    "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
    "redis://:hunter2secret@cache:6379/0",
    "npm_" + "a1B2" * 9,
    "SG." + "a1B2c3D4e5" * 2 + "f6." + "a1B2c3D4e5" * 4 + "abc",
    "dapi" + HEX * 2,
    "dapi" + HEX * 2 + "-2",
    "https://discord.com/" + "api/webhooks/123456789012345678/" + "aB1-" * 17,
    "https://discordapp.com/" + "api/webhooks/123456789012345678/" + "aB1_" * 17,
    "https://a.blob.core.windows.net/c?sv=2020-08-04&se=2030&sr=c&sig=" + "aB1dEf2h" * 4 + "%3D",
    "https://a.blob.core.windows.net/c?sig=" + "aB1dEf2h" * 4 + "&sv=2020-08-04",
    "https://a.blob.core.windows.net/c?sv=2020&" + "sig=abcDEF123%2Babc%3D",
    "Basic Om9ubHktYS1wYXNzd29yZA==",
    "Authorization: Basic dXNlcjpwYXNzd29yZDEyMw",
    "aws_secret=wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
]
HARMLESS = [
    "",
    "s3://model-training-dev-models-123456789012-eu-central-1/executions/latest/train",
    "arn:aws:iam::123456789012:role/service-role/AmazonSageMaker-ExecutionRole-20250101T000001",
    "123456789012.dkr.ecr.eu-central-1.amazonaws.com/features:" + HEX * 2,
    HEX + HEX + HEX[:8],
    "Basic statistics of the features, in text",
    "the bearer of the name",
    "Basic membership1",
    "Basic understanding2=",
    "redis://cache:6379/0",
    "http://[::1]:8080/a@b",
    "https://example.com:8443/users/me@example.com",
    "npm_config_registry",
    "SG.1",
    "sg-0123456789abcdef0",
    "dapi",
    "https://discord.com/channels/1/2",
    "https://example.com/?signature=none&sig=no",
    "https://example.com/a?design=abcdefgh12345678&x=y",
    "password=<from Secrets Manager>",
    "https://example.com/a?b=c",
    "<s>",
]


@pytest.mark.parametrize("text", SHAPES)
def test_a_secret_by_its_shape(text: str) -> None:
    assert is_secret_value(text)
    assert is_secret("x", text)


@pytest.mark.parametrize("text", HARMLESS)
def test_no_secret_by_its_shape(text: str) -> None:
    assert not is_secret_value(text)


@pytest.mark.parametrize(
    "name",
    [
        *("DB_PASSWORD", "dbPassword", "DB_PASS", "PASSPHRASE", "DB_PWD", "SERVICE_PW", "CLIENT_SECRET", "CREDENTIALS"),
        *("API_KEY", "ApiKey", "ACCESS_KEY_ID", "PRIVATE_KEY", "SIGNING_KEY", "ENCRYPTION_KEY", "HMAC_KEY"),
        *("PGPASS", "PGPASSWORD", "DB_CRED", "DB_CREDS", "SNOWFLAKE_PAT", "GITHUB_PAT", "githubPat"),
        *("ACCOUNT_KEY", "STORAGE_KEY", "MASTER_KEY", "DEPLOY_KEY", "SSH_KEY", "storageKey", "SSHKEY"),
        *("TOKEN", "TOKENS", "GITHUB_TOKEN", "AuthToken", "AUTH", "AUTHORIZATION", "CONNECTION_STRING"),
    ],
)
def test_a_secret_by_its_name(name: str) -> None:
    assert is_secret_name(name)
    assert is_secret(name, "correct horse")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_ARN", "prod/db"),
        ("SECRET_NAME", "prod/db"),
        ("PRIVATE_KEY_PATH", "/opt/key"),
        ("DB_PASSWORD", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db"),
        ("ENCRYPTION_KEY", "alias/models"),
        ("DB_PASSWORD", ""),
        ("MAX_TOKENS", "many"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("access_token", "600"),
        ("PASSWORD_LENGTH", "12"),
        ("USE_SECRETS", "true"),
        ("pad_token", "[PAD]"),
        ("eos_token", "</s>"),
        ("COMPASS", "north"),
        ("BYPASS", "yes"),
        ("DB_PASSWORD_PARAMETER", "/prod/db/password"),
        ("DB_PASSWORD", "/prod/db/password"),
        ("PASSWORD_SSM_PARAM", "/prod/db"),
        ("API_KEYS_PARAM", "/x/y"),
        ("SECRET_PARAMS", "/x/y"),
        ("DB_PASSWORD_SSM", "/prod/db"),
        ("AUTH", "none"),
        ("AUTH", "iam"),
        ("AUTH_TYPE", "basic"),
        ("SECRET_BACKEND", "vault"),
        ("SECRET_STORE", "vault"),
        ("CREDENTIAL_PROVIDER", "instance"),
        ("CREDENTIALS_MODE", "role"),
        ("CREDENTIAL_METHOD", "role"),
        ("PASSWORD_POLICY", "strict"),
        ("PLAN", "Basic membership1"),
        ("DATE_PATTERN", "day"),
        ("SACRED", "yes"),
        ("TOKENIZER_SECRETARY", "bert"),
        ("SPAT", "fish"),
        ("SORT_KEY", "date"),
        ("PARTITION_KEY", "Id"),
        ("AUTHOR", "somebody"),
    ],
)
def test_no_secret_by_its_name(name: str, value: str) -> None:
    assert not is_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD_PARAMETER", "postgres://user:" + "hunter2@host/db"),
        ("SECRET_PROVIDER", "AKIA" + "IOSFODNN7EXAMPLE"),
        ("AUTH", "user:hunter2"),
        ("AUTH", "hunter2"),
        ("AUTH_TOKEN", "basic"),
        ("DB_PASSWORD", "/hunter2"),
        ("DB_PASSWORD", "/aB3/xY9+qwe"),
        ("API_KEY", "/Zm9v/YmFy"),
    ],
)
def test_a_name_that_says_where_or_a_mode_excuses_no_secret(name: str, value: str) -> None:
    assert is_secret(name, value)


@pytest.mark.parametrize("name", ["DB_PASSWORD", "PIN_SECRET", "DB_PASS"])
def test_a_password_may_be_a_number(name: str) -> None:
    assert is_secret(name, "12345678")


def test_of_a_command_only_secrets_are_masked() -> None:
    secret = "a1B2" * 6
    shown = list(masked_arguments(["--epochs=3", f"--password={secret}", "train", "--password", secret, "-v"]))
    assert [shown[0], shown[2], shown[3], shown[5]] == ["--epochs=3", "train", "--password", "-v"]
    assert not any(secret in text for text in shown)
