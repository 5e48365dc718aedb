"""moto.server, isolated as AWS is, and without memory of everything that ever was. tools/with-moto starts it.

moto 5.2.5 is written for tests with one client. With many clients and much data

- it keeps every instance of every model for ever, for its dashboard: memory grows with each request;
- TransactWriteItems copies the whole table for each of its items, and one that is cancelled puts the copy back: what
  other clients have written meanwhile, and were told is written, is gone;
- a condition is looked at and an item written without a lock: two clients can both find that the condition holds;
- DeleteMessage of SQS puts a new list in the place of the messages: a message that arrives meanwhile is gone;
- ReceiveMessage of SQS asks several times for each message in the queue what time it is, which takes most of its time.

Here no instance is kept, requests to DynamoDB go one at a time, a transaction works on copies of the items that it
names, a queue is locked, and SQS has a faster clock. tests/aws/moto_server.rs tests what DynamoDB has to be like.

Requests that go one at a time never meet, but DynamoDB cancels a transaction that meets another one at an item. So
every Nth transaction on a table is cancelled like that, if this is asked for: for all tables by
TRANSACTION_CONFLICT_EVERY=N, for one table by conflict-every-N in its name.

GET /moto-api/transactions gives what there was of transactions, by table, as JSON.
"""

import copy
import inspect
import json
import os
import re
import sys
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from functools import wraps
from importlib.metadata import version
from threading import RLock

PINNED = "5.2.5"
if version("moto") != PINNED:
    sys.exit(
        f"tools/moto_server.py patches moto {PINNED}, and {version('moto')} is installed. To raise the pin: read in the"
        " new version the functions that this file gives to `patch` and `expect`, drop the patches that are no longer"
        " needed, mend those that no longer fit, change PINNED, and run tests/aws/moto_server.rs."
    )

from moto.core.common_models import BaseModel
from moto.dynamodb.exceptions import TransactionCanceledException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler
from moto.moto_api._internal.urls import url_paths
from moto.server import main
from moto.sqs import models as sqs

CONFLICT_EVERY = int(os.environ.get("TRANSACTION_CONFLICT_EVERY", "0"))
CONFLICT_EVERY_IN_NAME = re.compile(r"conflict-every-(\d+)")


@dataclass
class Transactions:
    """What there was of transactions on one table."""

    requests: int = 0
    conflicts: int = 0
    items_copied: int = 0


transactions = defaultdict(Transactions)
items_copied = 0
dynamodb = RLock()


def expect(function, *names):
    """Ends the program unless this function of moto uses these names, on which a patch relies."""
    code = inspect.unwrap(function).__code__
    missing = set(names).difference(code.co_names, code.co_varnames)
    if missing:
        sys.exit(f"moto's {function.__qualname__} is not as tools/moto_server.py expects: it has no {sorted(missing)}")


def patch(owner, name, *names):
    """Puts the decorated function in the place of a method of moto, which becomes its first argument."""
    stock = vars(owner)[name]
    expect(stock, *names)

    def decorate(function):
        @wraps(stock)
        def patched(*args, **kwargs):
            return function(stock, *args, **kwargs)

        setattr(owner, name, patched)

    return decorate


@patch(BaseModel, "__new__", "instances_tracked", "append")
def new_instance(_stock, cls, *_args, **_kwargs):
    return object.__new__(cls)


@patch(DynamoHandler, "call_action", "body", "call_action")
def one_request_at_a_time(stock, handler):
    """From the parameters to the bytes of the answer."""
    with dynamodb:
        return stock(handler)


@patch(Item, "__deepcopy__", "attrs")
def count_copy(stock, item, memo):
    global items_copied
    items_copied += 1
    return stock(item, memo)


@patch(DynamoDBBackend, "transact_write_items", "transact_items", "tables", "deepcopy", "get_table", "errors")
def transact(stock, backend, transact_items):
    """moto's own transaction, in a backend that holds copies of the named items alone. They are put into the tables
    when it has succeeded, so there is nothing to undo when it has not."""
    named = []
    for kind, operation in (pair for item in transact_items for pair in item.items()):
        table = backend.get_table(operation["TableName"])
        if table.stream_shard is not None:
            raise NotImplementedError("tools/moto_server.py: a stream would be told of transactions that are cancelled")
        named.append((table, *backend.get_keys_value(table, operation["Item" if kind == "Put" else "Key"])))

    seen = transactions[named[0][0].name]
    seen.requests += 1
    if meets_another(named[0][0].name, seen.requests):
        seen.conflicts += 1
        conflict = ("TransactionConflict", "Transaction is ongoing for the item", None)
        raise TransactionCanceledException([conflict] + [(None, None, None)] * (len(named) - 1))

    copied_before = items_copied
    apart = copy.copy(backend)
    apart.tables = {}
    for table, *key in named:
        if table.name not in apart.tables:
            apart.tables[table.name] = copy.copy(table)
            apart.tables[table.name].items = defaultdict(dict)
        # A copy, since an update changes its item in place.
        put(apart.tables[table.name], key, copy.deepcopy(table.get_item(*key)))
    try:
        stock(apart, transact_items)
    finally:
        seen.items_copied += items_copied - copied_before
    for table, *key in named:
        put(table, key, apart.tables[table.name].get_item(*key))


expect(DynamoDBBackend.get_keys_value, "hash_key_attr", "range_key_attr")
expect(Table.get_item, "items", "hash_key", "range_key")
expect(Table.delete_item, "items", "hash_key", "range_key")
expect(TransactionCanceledException.__init__, "errors", "reasons")


def put(table, key, item):
    hash_key, range_key = key
    if item is None:
        table.delete_item(hash_key, range_key)
    elif range_key:
        table.items[hash_key][range_key] = item
    else:
        table.items[hash_key] = item


def meets_another(table_name, nth):
    in_name = CONFLICT_EVERY_IN_NAME.search(table_name)
    every = int(in_name[1]) if in_name else CONFLICT_EVERY
    return every > 0 and nth % every == 0


# A queue's own lock, which it takes for new messages already, and lets go of while it waits for one.
expect(sqs.Queue.__init__, "_messages_lock", "Condition")
expect(sqs.Queue.add_message, "_messages_lock")
expect(sqs.Queue.wait_for_messages, "_messages_lock", "wait_for")


@patch(sqs.Queue, "delete_message", "_messages")
def delete_message(stock, queue, *args, **kwargs):
    with queue._messages_lock:
        return stock(queue, *args, **kwargs)


@patch(sqs.SQSBackend, "receive_message", "get_queue", "wait_for_messages")
def receive_message(stock, backend, queue_name, *args, **kwargs):
    with backend.get_queue(queue_name)._messages_lock:
        return stock(backend, queue_name, *args, **kwargs)


@patch(sqs, "unix_time_millis", "unix_time")
def unix_time_millis(_stock):
    """Without the three datetimes that moto makes for it."""
    return time.time() * 1000


def transactions_as_json(_request, _full_url, _headers):
    with dynamodb:
        tables = {name: asdict(seen) for name, seen in transactions.items()}
    return 200, {"Content-Type": "application/json"}, json.dumps(tables)


url_paths["{0}/moto-api/transactions"] = transactions_as_json

main(sys.argv[1:])
