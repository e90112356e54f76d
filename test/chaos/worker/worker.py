"""A worker of the chaos suite on the real Python package lynk 0.3.1, with the task and journal of worker/main.ts.

What "Python believed" means. lynk has no deadline: once acquired, a lock says nothing until its refresher
fails, whose LockLostError ends a thread that nobody watches. A user who reads lynk's documentation knows that
an entry stands for its lease after each successful write, and for no longer. So the harness keeps the books
that lynk does not: it believes from the return of acquire() until one lease after the moment before the call
of the last put or update that DynamoDB confirmed; no margin is taken off. A refresh that raised (in transit or
LockLostError) adds nothing, and takes nothing away: what the last confirmed one promised still stands. The
worker checks these books at the same places where a TypeScript worker calls assertHeld().

So this judges lynk's protocol beside ours, in the hands of a careful user; it does not judge lynk's silence.

lynk itself is not touched, but for one thing: Python 3.11's time.sleep refuses the Decimal that boto3 makes
of a lease, so that no waiter on 3.11 survives its first wait. The harness's sleep takes float() of it, and
also wakes up when the worker is told to stop. Backends that keep the books, with short time limits for
requests, come in through lynk's own backend_bridge_factory.
"""
import json
import os
import random
import signal
import socket
import sys
import threading
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from lynk import get_session
from lynk.backends.dynamodb import DynamoDBBackend, DynamoDBVersionLeaseBridge
from lynk.exceptions import LockLostError, LockNotGrantedError
from lynk.utils import TimeUtils

# As in worker/main.ts.
WRITE_SECONDS = 0.1
LEASE_SECONDS = 2
WAIT_SECONDS = 10

stopping = threading.Event()


class Stopping(Exception):
    """The worker is told to stop while it waits for a lock."""


class NotBelieved(Exception):
    """A check failed: the lease of the last confirmed write is over."""


def now_us():
    return time.monotonic_ns() // 1000


def interruptible_sleep(_self, amount):
    if stopping.wait(float(amount)):
        raise Stopping()


TimeUtils.sleep = interruptible_sleep


class BookkeepingBackend(DynamoDBBackend):
    """Remembers when the last confirmed write was sent. One a lock object, as lynk asks its factory for one."""

    def __init__(self, table):
        super().__init__(table)
        self.confirmed_us = None

    def put(self, *args, **kwargs):
        sent_us = now_us()
        super().put(*args, **kwargs)
        self.confirmed_us = sent_us

    def update(self, *args, **kwargs):
        sent_us = now_us()
        super().update(*args, **kwargs)
        self.confirmed_us = sent_us


class Backends:
    """lynk's factory of backends; the connection is made once, because making one takes boto3 long."""

    def __init__(self):
        # The defaults wait for a minute, which is as long as the whole run.
        config = Config(connect_timeout=1, read_timeout=1.5)
        self.resource = boto3.session.Session().resource('dynamodb', config=config)
        self.last = None

    def create(self, table_name, session=None):
        self.last = BookkeepingBackend(self.resource.Table(table_name))
        return DynamoDBVersionLeaseBridge(self.resource), self.last


class Counter:
    """A connection to the counter keeper, never through the faulty network."""

    def __init__(self, port):
        self.stream = socket.create_connection(('127.0.0.1', port)).makefile('rw')

    def ask(self, **request):
        self.stream.write(json.dumps(request) + '\n')
        self.stream.flush()
        return json.loads(self.stream.readline())


class Worker:
    def __init__(self, task):
        self.task = task
        self.random = random.Random(task['seed'])
        self.journal = os.open(task['journal'], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.counter = Counter(task['counterPort'])
        self.backends = Backends()
        self.session = get_session(task['table'], task['name'], self.backends)
        self.sections = 0
        self.section = ''

    def write(self, event, at, **more):
        line = {'event': event, 'at': at, 'section': self.section, **more}
        os.write(self.journal, (json.dumps(line) + '\n').encode())

    def work(self):
        while not stopping.is_set():
            self.sections += 1
            self.section = '%s#%d' % (self.task['name'], self.sections)
            self.one_section(self.random.choice(self.task['locks']))
            stopping.wait(0.05 * 20 ** self.random.random())

    def one_section(self, name):
        lock = self.session.create_lock(name)
        backend = self.backends.last
        self.write('acquire', now_us(), lock=name)
        try:
            lock.acquire(lease_duration=LEASE_SECONDS, max_wait_seconds=WAIT_SECONDS)
        except LockNotGrantedError:
            self.write('refused', now_us(), inDoubt=False, why='LockNotGrantedError')
            return
        except (Stopping, BotoCoreError, ClientError) as error:
            self.write('refused', now_us(), inDoubt=True, why=repr(error))
            return
        try:
            self.work_under(name, backend)
            self.write('release', now_us())
        except NotBelieved:
            self.write('lost', now_us(), why='the lease of the last confirmed write is over')
        try:
            lock.release()
            self.write('released', now_us(), confirmed=True)
        except (LockLostError, BotoCoreError, ClientError):
            # lynk says "lost" also where its own refresh, or a retry of boto3, was in between.
            self.write('released', now_us(), confirmed=False)

    def work_under(self, name, backend):
        self.believe(backend, 0)
        value = self.counter.ask(ask='read', lock=name, section=self.section)['value']
        self.write('read', now_us(), value=value)
        long = self.random.random() < 0.15
        seconds = self.random.uniform(2, 5) if long else 0.05 * 30 ** self.random.random()
        end_us = now_us() + int(seconds * 1e6)
        while now_us() < end_us:
            self.believe(backend, 0)
            time.sleep(max(0, min(self.random.uniform(0.01, 0.2), (end_us - now_us()) / 1e6)))
        until = self.believe(backend, WRITE_SECONDS)
        answer = self.counter.ask(ask='write', lock=name, section=self.section, value=value + 1, until=until)
        self.write('wrote', now_us(), value=value + 1, accepted=answer['accepted'])
        self.believe(backend, 0)

    def believe(self, backend, for_seconds):
        until = backend.confirmed_us + LEASE_SECONDS * 1000000
        at = now_us()
        if at + for_seconds * 1e6 >= until:
            raise NotBelieved()
        self.write('held', at, until=until)
        return until


signal.signal(signal.SIGTERM, lambda *_: stopping.set())
Worker(json.loads(os.environ['CHAOS_TASK'])).work()
# A refresher whose lock was lost may still be asking DynamoDB; its answer concerns nobody.
sys.stdout.flush()
os._exit(0)
