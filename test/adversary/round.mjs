import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { violationsOf } from './checkers.mjs';
import { randomFrom } from './random.mjs';
import { Misfortune } from './server/misfortune.mjs';
import { Server } from './server/server.mjs';
import { sleep, trueMs, watchStalls } from './time.mjs';

/** Operations that were begun while things went wrong end within this time: their waits, and what their requests take. */
const SETTLE_MS = 15_000;
/** A process that is done ends within this time: nothing of the package's keeps it alive. */
const EXIT_MS = 4_000;
/** A single attempt gets a dead holder's lock so long after its lease (docs/proof.md, claim 4). */
const ONE_SHOT_MS = 6_000;

/** One round of a plan: disturbed operations, then a calm in which waiters get in, then the checkers' verdict. */
export class Round {
  faults = [];
  workers = [];
  children = new Set();
  timers = new Set();
  isOver = false;

  /** @param program the workers' program, beside the package that they import */
  constructor(plan, program) {
    this.plan = plan;
    this.program = program;
    this.folder = mkdtempSync(join(tmpdir(), 'adversary-'));
    this.random = randomFrom(plan.seed ^ 0x0ff);
    const { stalls } = watchStalls();
    this.stalls = stalls;
    process.once('exit', this.endAll);
  }

  /** Resolves to the violations, and what was done. */
  async run() {
    const { plan } = this;
    const misfortune = new Misfortune(plan);
    this.server = new Server(misfortune);
    try {
      this.ports = [];
      for (let index = 0; index <= plan.workers.length; index += 1) this.ports.push(await this.server.listen());
      this.workers = plan.workers.map((_, index) => this.start(index, 0));
      await this.allSay(this.workers, 'ready', SETTLE_MS, 'the processes did not start');
      misfortune.begin();
      for (const { child } of this.workers) child.send({ kind: 'begin' });
      for (const signal of plan.signals) this.at(signal.atMs, () => this.send(signal));
      await sleep(plan.chaosMs);
      this.isOver = true;
      this.server.calm();
      if (plan.endsOneShot) await this.endOneShot();
      else await this.endCalmly();
    } finally {
      for (const timer of this.timers) clearTimeout(timer);
      this.endAll();
      process.off('exit', this.endAll);
      this.server.close();
    }
    const journal = this.journal();
    const { commits } = this.server.database;
    const violations = [...this.faults, ...violationsOf({ plan, journal, commits, stalls: this.stalls })];
    return { violations, journal, requests: this.server.log, commits };
  }

  /** After a round without violations. Otherwise the journals stay. */
  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }

  endAll = () => {
    for (const child of this.children) child.kill('SIGKILL');
  };

  at(atMs, what) {
    const timer = setTimeout(what, atMs);
    this.timers.add(timer);
  }

  start(index, incarnation) {
    const { plan, folder } = this;
    const label = incarnation < 0 ? 'fresh' : `w${index}.${incarnation}`;
    const endpoint = `http://127.0.0.1:${this.ports[index]}`;
    const journalFile = join(folder, `${label}.jsonl`);
    const given = { label, plan, index: Math.min(index, plan.workers.length - 1), incarnation, endpoint, journalFile };
    const env = {
      ...process.env,
      ADVERSARY_WORKER: JSON.stringify(given),
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'adversary',
      AWS_SECRET_ACCESS_KEY: 'adversary',
    };
    const child = fork(this.program, {
      env,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: ['--no-warnings'],
    });
    this.children.add(child);
    const worker = { index, incarnation, child, said: new Set(), listeners: [] };
    child.on('message', (message) => {
      if (message.kind === 'text') this.deliver(message);
      worker.said.add(message.kind);
      for (const listen of worker.listeners) listen();
    });
    child.on('error', () => {});
    child.on('exit', () => {
      this.children.delete(child);
      worker.isGone = true;
      for (const listen of worker.listeners) listen();
    });
    return worker;
  }

  /** A signal of the plan's to a worker. One that is killed starts afresh a little later. */
  send({ worker: index, kind, forMs, restartMs }) {
    const worker = this.workers[index];
    if (this.isOver || worker.isGone) return;
    worker.child.kill(kind === 'kill' ? 'SIGKILL' : 'SIGSTOP');
    if (kind === 'stop') this.at(forMs, () => worker.child.kill('SIGCONT'));
    else {
      this.at(restartMs, () => {
        if (!this.isOver) this.restart(index, worker.incarnation + 1);
      });
    }
  }

  restart(index, incarnation) {
    const worker = this.start(index, incarnation);
    worker.listeners.push(() => {
      if (worker.said.delete('ready') && !worker.isGone) worker.child.send({ kind: 'begin' }, () => {});
    });
    this.workers[index] = worker;
  }

  /** Hands a text over, to one worker or to several; some get it late, some not at all, some are killed meanwhile. */
  deliver(message) {
    const { random } = this;
    for (let receivers = random.whole(0, 3); receivers > 0; receivers -= 1) {
      this.at(random.pick([0, 300, 1_000]), () => {
        const { child, isGone } = random.pick(this.workers);
        if (!isGone && child.connected) child.send(message, () => {});
      });
    }
  }

  /** All operations settle, whoever waits gets in, and the processes end by themselves. */
  async endCalmly() {
    const living = this.workers.filter(({ isGone }) => !isGone);
    for (const { child } of living) child.kill('SIGCONT');
    for (const { child } of living) child.send({ kind: 'finish' }, () => {});
    await this.allSay(living, 'idle', SETTLE_MS, 'operations did not settle');
    const waitSeconds = Math.max(...this.plan.names.map(({ leaseSeconds }) => leaseSeconds)) * 2 + 8;
    for (const [place, { child }] of living.entries()) {
      const isTheirs = (_, index) => [0, 1].some((next) => (index + next) % living.length === place);
      const names = this.plan.names.map(({ name }) => name).filter(isTheirs);
      child.send({ kind: 'getIn', names, waitSeconds }, () => {});
    }
    await this.allSay(living, 'gotIn', waitSeconds * 1000 + SETTLE_MS, 'waiters did not settle');
    await this.leave(living);
  }

  /** All processes are killed. A fresh one, which has seen nothing, asks once for each lock. */
  async endOneShot() {
    for (const { child } of this.workers) child.kill('SIGKILL');
    const lease = (commit) => Number(commit.item?.leaseDuration?.N ?? 0) * 1000;
    await sleep(200);
    const freeMs = Math.max(...this.server.database.commits.map((commit) => commit.atMs + lease(commit)));
    await sleep(Math.max(0, freeMs + ONE_SHOT_MS - trueMs()));
    const fresh = this.start(this.plan.workers.length, -1);
    await this.allSay([fresh], 'ready', SETTLE_MS, 'the fresh process did not start');
    fresh.child.send({ kind: 'begin' });
    fresh.child.send({ kind: 'getIn', names: this.plan.names.map(({ name }) => name), waitSeconds: 0 });
    await this.allSay([fresh], 'gotIn', 3 * SETTLE_MS, 'single attempts did not settle');
    await this.leave([fresh]);
  }

  async leave(workers) {
    for (const { child, isGone } of workers) if (!isGone) child.send({ kind: 'leave' }, () => {});
    const gone = () => workers.every(({ isGone }) => isGone);
    await until(workers, gone, EXIT_MS + 2_000);
    if (!gone()) this.faults.push(violation('leak', `a process that was done did not end within ${EXIT_MS} ms`));
  }

  async allSay(workers, kind, limitMs, otherwise) {
    const all = () => workers.every(({ said, isGone }) => isGone || said.has(kind));
    await until(workers, all, limitMs);
    if (!all()) this.faults.push(violation('liveness', `${otherwise} within ${limitMs} ms`));
    for (const { isGone, index, incarnation } of workers) {
      if (isGone) this.faults.push(violation('process', `w${index}.${incarnation} ended by itself`));
    }
  }

  /** What all processes wrote down, in the order of true time. The last line of one that was killed may be half. */
  journal() {
    const lines = readdirSync(this.folder).flatMap((file) => readFileSync(join(this.folder, file), 'utf8').split('\n'));
    return lines.flatMap((line) => parsed(line)).sort((a, b) => a.atMs - b.atMs);
  }
}

const violation = (checker, what) => ({ checker, what });

function parsed(line) {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}

function until(workers, condition, limitMs) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limitMs);
    const look = () => {
      if (!condition()) return;
      clearTimeout(timer);
      resolve();
    };
    for (const worker of workers) worker.listeners.push(look);
    look();
  });
}
