"""Prints which requests lynk sends for all that it does with a lock. The first argument names the table."""

import json
import sys

import lynk
from botocore.client import BaseClient
from lynk.exceptions import LockNotGrantedError

sent = set()
send = BaseClient._make_api_call


def recorded(client, operation, arguments):
    sent.add(operation)
    return send(client, operation, arguments)


BaseClient._make_api_call = recorded

session = lynk.get_session(sys.argv[1])
lock = session.create_lock("report/1", auto_refresh=False)
lock.acquire(lease_duration=20, max_wait_seconds=0)
lock.refresh()
try:
    session.create_lock("report/1").acquire(max_wait_seconds=0)
except LockNotGrantedError:
    pass
session.deserialize_lock(lock.serialize(), auto_refresh=False).release()
print(json.dumps(sorted(sent)))
