"""Puts into moto what the function expects of its AWS account: the secrets of examples/secrets.json, table and queue.

Run by tools/watch, under tools/with-moto. The secrets are for development and protect nothing: their names are those
that examples/policy.toml uses, the Graph ones belong to the apps of examples/users.json.
"""

import json
import os
from pathlib import Path

import boto3

MOTO = os.environ["MOTO_URL"]  # and no default: this must never write into a real account
SECRETS = Path(__file__).resolve().parent.parent / "examples" / "secrets.json"


def main():
    secrets = boto3.client("secretsmanager", endpoint_url=MOTO)
    for name, content in json.loads(SECRETS.read_text(encoding="utf-8")).items():
        secrets.create_secret(Name=name, SecretString=json.dumps(content))
        print(f"secret {name}")

    # As in template.yaml.
    table = os.environ["TABLE_NAME"]
    boto3.client("dynamodb", endpoint_url=MOTO).create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    print(f"table {table}")

    queue = boto3.client("sqs", endpoint_url=MOTO).create_queue(
        QueueName="reregister-mfa-wake", Attributes={"VisibilityTimeout": "180"}
    )
    print(f"queue {queue['QueueUrl']}")


if __name__ == "__main__":
    main()
