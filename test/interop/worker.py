"""A process with locks of the real Python package lynk, which does what it is asked on its input (task.ts).

Arguments: table and host identifier. Runs with lynk 0.1.0 and 0.3.1, which differ in this: the former calls a
session a lock factory, can neither serialize nor deserialize, and leaves hostIdentifier alone in a refresh.

lynk is used as it was published, with two differences:

- time.sleep takes what lynk gives it. A waiter sleeps for the leaseDuration that it read, which boto3 makes a
  Decimal of, and since Python 3.10 time.sleep refuses that with a TypeError: no waiter survives its first wait.
- lynk's refresher is started here, not by lynk. lynk starts none for a lock that it deserialized, so such a
  lock would run out while it is in use; and it does not wait for a refresh under way before it releases or
  serializes, which then fails with a LockLostError now and then. It is the same class, with the same period.
"""
import json
import os
import random
import sys
import threading
import time

import boto3
from lynk.refresh import LockRefresherFactory

try:
    from lynk import get_session
except ImportError:
    from lynk import get_lock_factory as get_session

plain_sleep = time.sleep
time.sleep = lambda seconds: plain_sleep(float(seconds))

WAIT_SECONDS = 45
# As lynk's own lock does.
REFRESH_PERIOD_RATIO = 3.0 / 4.0
# lynk tells nobody how much of its lease is left; a careful user stops in time.
WRITE_SECONDS = 0.5

session = get_session(sys.argv[1], sys.argv[2])
locks = {}
refreshers = {}
failures = {}


def note_failure(failed):
    failures[failed.thread] = repr(failed.exc_value)


threading.excepthook = note_failure


def keep(name, lock, lease_seconds):
    refresher = LockRefresherFactory().create_lock_refresher(lock, lease_seconds * REFRESH_PERIOD_RATIO)
    refresher.daemon = True
    locks[name] = lock
    refreshers[name] = refresher
    refresher.start()


def let_go(name):
    refreshers[name].stop()
    refreshers[name].join()
    return locks[name]


def acquire(lock, leaseSeconds, waitSeconds):
    created = session.create_lock(lock, auto_refresh=False)
    created.acquire(lease_duration=leaseSeconds, max_wait_seconds=waitSeconds)
    keep(lock, created, leaseSeconds)


def release(lock):
    let_go(lock).release()


def why_not_held(lock):
    # A refresh that fails ends the refresher's thread: the only sign of a loss that lynk gives.
    if refreshers[lock].is_alive():
        return None
    return failures.get(refreshers[lock], 'its refresher was stopped')


def serialize(lock):
    return let_go(lock).serialize()


def deserialize(lock, text, leaseSeconds):
    keep(lock, session.deserialize_lock(text, auto_refresh=False), leaseSeconds)


def count(lock, leaseSeconds, counterTable, counter, sections, workMs, pauseMs):
    # Here lynk's refresher is started by lynk: no section lasts until a refresh.
    guard = session.create_lock(lock) if lock is not None else None
    table = boto3.resource('dynamodb').Table(counterTable)
    written = []
    for _ in range(sections):
        if guard:
            guard.acquire(lease_duration=leaseSeconds, max_wait_seconds=WAIT_SECONDS)
        held_since = time.monotonic()
        item = table.get_item(Key={'lockKey': counter}, ConsistentRead=True).get('Item', {})
        value = int(item.get('value', 0)) + 1
        time.sleep(workMs / 1000.0)
        if not guard or time.monotonic() - held_since < leaseSeconds - 2 * WRITE_SECONDS:
            table.put_item(Item={'lockKey': counter, 'value': value})
            written.append(value)
        if guard:
            guard.release()
        time.sleep(pauseMs / 1000.0 * random.uniform(0.5, 1.5))
    return written


ASKED = {
    'acquire': acquire,
    'release': release,
    'whyNotHeld': why_not_held,
    'serialize': serialize,
    'deserialize': deserialize,
    'count': count,
}


def say(said):
    sys.stdout.write(json.dumps(said) + '\n')
    sys.stdout.flush()


# Making the first connection takes boto3 long.
session.create_lock('unused')
say({'id': 0, 'value': None})
for line in iter(sys.stdin.readline, ''):
    question = json.loads(line)
    number = question.pop('id')
    try:
        say({'id': number, 'value': ASKED[question.pop('ask')](**question)})
    except Exception as error:
        say({'id': number, 'error': {'name': type(error).__name__, 'message': str(error)}})
# Whoever started it is gone; no refresher is to keep it alive.
os._exit(0)
