"""A process with locks of one of the libraries for Python, which does what its input asks for (library.ts).

Argument: its assignment, as JSON. lynk is used as it was published, but for time.sleep: a waiter sleeps for the
leaseDuration that it read, which boto3 makes a Decimal of, and since Python 3.10 time.sleep refuses that with a
TypeError, so that no waiter survives its first wait.
"""
import datetime
import json
import logging
import os
import sys
import threading
import time
import uuid

import boto3

plain_sleep = time.sleep
time.sleep = lambda seconds: plain_sleep(float(seconds))

assignment = json.loads(sys.argv[1])
table_name = assignment['table']
lease_seconds = assignment['leaseSeconds']
# As often as by default, which is four times a lease.
heartbeat_seconds = lease_seconds / 4.0
WAIT_SECONDS = 3600
# Nobody is told of what the libraries log; they all do it alike.
logging.disable(logging.CRITICAL)


class Lynk:
    def __init__(self):
        from lynk import get_session
        from lynk.exceptions import LockNotGrantedError
        self.refusal = LockNotGrantedError
        self.session = get_session(table_name, 'bench')
        self.making = threading.Lock()

    def prepare(self, name):
        # Making a lock takes boto3 a tenth of a second, and is not for two threads at once.
        with self.making:
            return self.session.create_lock(name)

    def acquire(self, lock):
        lock.acquire(lease_duration=lease_seconds, max_wait_seconds=WAIT_SECONDS)
        return lock.release

    def try_acquire(self, lock):
        lock.acquire(lease_duration=lease_seconds, max_wait_seconds=0)
        return lock.release


class DynamoDlm:
    def __init__(self):
        from dynamo_dlm import DynamoDbLock, LockNotAcquiredError
        self.refusal = LockNotAcquiredError
        self.new_lock = DynamoDbLock
        self.making = threading.Lock()

    def prepare(self, name):
        with self.making:
            return [self.new_lock(name, lease_seconds, table_name, wait_forever=wait) for wait in (True, False)]

    def acquire(self, pair):
        pair[0].acquire()
        return pair[0].release

    def try_acquire(self, pair):
        pair[1].acquire()
        return pair[1].release


class PythonDynamoDBLock:
    def __init__(self):
        from python_dynamodb_lock.python_dynamodb_lock import DynamoDBLockClient, DynamoDBLockError
        self.refusal = DynamoDBLockError
        self.client = DynamoDBLockClient(
            boto3.resource('dynamodb'),
            table_name=table_name,
            heartbeat_period=datetime.timedelta(seconds=heartbeat_seconds),
            safe_period=datetime.timedelta(seconds=lease_seconds * 0.75),
            lease_duration=datetime.timedelta(seconds=lease_seconds),
        )

    def prepare(self, name):
        return name

    def acquire(self, name):
        return self.client.acquire_lock(name, retry_timeout=datetime.timedelta(seconds=WAIT_SECONDS)).release

    def try_acquire(self, name):
        return self.client.acquire_lock(name, retry_timeout=datetime.timedelta(milliseconds=1)).release


library = {'lynk': Lynk, 'dynamo-dlm': DynamoDlm, 'python-dynamodb-lock': PythonDynamoDBLock}[assignment['variant']]()
floor_client = boto3.client('dynamodb')
prepared = {}
releases = {}


def lock_named(name):
    if name not in prepared:
        prepared[name] = library.prepare(name)
    return prepared[name]


def prepare(name):
    lock_named(name)
    return []


def acquire(name):
    releases[name] = library.acquire(lock_named(name))
    return []


def release(name):
    releases.pop(name)()
    return []


def try_acquire(name):
    try:
        releases[name] = library.try_acquire(lock_named(name))
        return [1]
    except library.refusal:
        return [0]


def milliseconds_since(started):
    return (time.monotonic() - started) * 1000


def cycles(count):
    lock = lock_named('cycle')
    started = time.monotonic()
    for _ in range(int(count)):
        library.acquire(lock)()
    return [milliseconds_since(started)]


def put_and_delete():
    guid = str(uuid.uuid4())
    key = {'lockKey': {'S': 'floor'}}
    item = dict(key, guid={'S': guid}, owner={'S': 'bench'}, lease={'N': str(lease_seconds * 1000)})
    name = assignment['floorTable']
    floor_client.put_item(TableName=name, Item=item, ConditionExpression='attribute_not_exists(lockKey)')
    floor_client.delete_item(
        TableName=name,
        Key=key,
        ConditionExpression='guid = :guid',
        ExpressionAttributeValues={':guid': {'S': guid}},
    )


def floor(count):
    started = time.monotonic()
    for _ in range(int(count)):
        put_and_delete()
    return [milliseconds_since(started)]


class Contention:
    def __init__(self, name, count, cycles, work_ms):
        self.locks = [library.prepare(name) for _ in range(count)]
        self.cycles = cycles
        self.work_ms = work_ms
        self.guard = threading.Lock()
        self.started = time.monotonic()
        self.done = self.hand_overs = self.inside = 0
        self.last = -1
        self.ends = []
        self.failure = None

    def live(self, caller):
        try:
            for _ in range(self.cycles):
                release = library.acquire(self.locks[caller])
                with self.guard:
                    self.inside += 1
                    if self.inside != 1:
                        raise RuntimeError('two callers hold one lock')
                    self.hand_overs += self.last != caller
                    self.last = caller
                time.sleep(self.work_ms / 1000.0)
                with self.guard:
                    self.inside -= 1
                release()
                with self.guard:
                    self.done += 1
            self.ends.append(milliseconds_since(self.started))
        except Exception as error:
            self.failure = error


def callers(name, count, cycles_each, work_ms, limit_ms):
    contention = Contention(name, int(count), int(cycles_each), float(work_ms))
    threads = [threading.Thread(target=contention.live, args=(caller,), daemon=True) for caller in range(int(count))]
    for thread in threads:
        thread.start()
    until = time.monotonic() + float(limit_ms) / 1000
    for thread in threads:
        thread.join(max(0, until - time.monotonic()))
    if contention.failure:
        raise contention.failure
    return [contention.done, contention.hand_overs] + contention.ends


COMMANDS = {
    'prepare': prepare,
    'acquire': acquire,
    'release': release,
    'try': try_acquire,
    'cycles': cycles,
    'floor': floor,
    'callers': callers,
}
saying = threading.Lock()


def say(*words):
    with saying:
        print(*words, flush=True)


def answer(number, command, *args):
    try:
        say(number, 'ok', *COMMANDS[command](*args))
    except Exception as error:
        say(number, 'error', type(error).__name__, str(error).replace('\n', ' '))


say(0, 'ok')
for line in iter(sys.stdin.readline, ''):
    threading.Thread(target=answer, args=line.split(), daemon=True).start()
# Whoever started it is gone; no refresher is to keep it alive.
os._exit(0)
