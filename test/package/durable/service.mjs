import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DurableExecutionClientError, withDurableExecution } from '@aws/durable-execution-sdk-js';

/** After so many invocations an execution that does not end is given up. */
const MOST_INVOCATIONS = 200;
const INVOCATION_MS = 60_000;
const ENDED = ['SUCCEEDED', 'FAILED', 'TIMED_OUT'];

/**
 * Runs one durable execution as the service does, with the real SDK in it: keeps its operations, invokes its handler,
 * and suspends it in real time. It may drop an invocation at any checkpoint, and invoke the handler again: the dropped
 * one runs on as a zombie, and its checkpoints are refused.
 */
export class LocalExecution {
  arn = `arn:aws:lambda:eu-west-1:123456789012:function:f:1/durable-execution/${randomUUID()}/${randomUUID()}`;
  /** Each is as the service's API shows it. */
  operations = new Map();
  invocations = 0;
  /** Requests to store something, also those that were not stored. */
  checkpoints = 0;
  #changes = 0;
  #changedAt = new Map();
  #current;
  #wakers = [];

  /**
   * @param handler of the event and the execution's context
   * @param options `drop` is asked at each checkpoint, with its number, and says `before` or `after` if the invocation
   *   is dropped, before it is stored or after; `restartMs` is the time until the next invocation begins
   */
  constructor(handler, { drop = () => undefined, restartMs = () => 0, payload = {} } = {}) {
    Object.assign(this, { handler, drop, restartMs });
    const now = new Date();
    const details = { InputPayload: JSON.stringify(payload) };
    this.#change({
      Id: 'execution',
      Type: 'EXECUTION',
      Status: 'STARTED',
      StartTimestamp: now,
      ExecutionDetails: details,
    });
  }

  /** @returns what the last invocation answered: `Status`, and `Result` or `Error` */
  async run() {
    while (this.invocations < MOST_INVOCATIONS) {
      this.invocations += 1;
      const answer = await this.#invoke();
      if (answer === undefined) await sleep(this.restartMs());
      else if (answer.Status === 'PENDING') await this.#untilSomethingChanges(answer.seen);
      else return { ...answer, Result: answer.Result === undefined ? undefined : JSON.parse(answer.Result) };
    }
    throw new Error(`not ended after ${MOST_INVOCATIONS} invocations`);
  }

  /** Drops the invocation that runs now; returns whether there is one. */
  dropNow() {
    this.#current?.drop();
    return this.#current !== undefined;
  }

  /** Ends a callback, as those outside do. */
  succeed(id, result) {
    const callback = [...this.operations.values()].find(({ CallbackDetails }) => CallbackDetails?.CallbackId === id);
    if (callback.Status !== 'STARTED') return;
    this.#change({ ...callback, Status: 'SUCCEEDED', CallbackDetails: { CallbackId: id, Result: result } });
  }

  async #invoke() {
    const invocation = { seen: this.#changes, token: randomUUID(), isDropped: false };
    const dropped = new Promise((resolve) => {
      invocation.drop = () => {
        invocation.isDropped = true;
        resolve(undefined);
      };
    });
    this.#current = invocation;
    const durableExecutionClient = {
      checkpoint: (request) => this.#checkpoint(invocation, request),
      getExecutionState: async () => ({ Operations: [], NextMarker: '' }),
    };
    const began = Date.now();
    const context = {
      awsRequestId: randomUUID(),
      getRemainingTimeInMillis: () => INVOCATION_MS - (Date.now() - began),
    };
    this.#tick();
    const event = {
      DurableExecutionArn: this.arn,
      CheckpointToken: invocation.token,
      InitialExecutionState: { Operations: structuredClone([...this.operations.values()]), NextMarker: '' },
    };
    // One that throws is invoked again, as one that was dropped.
    const ended = withDurableExecution(this.handler, { durableExecutionClient })(event, context).catch(() => undefined);
    const answer = await Promise.race([ended, dropped]);
    if (this.#current === invocation) this.#current = undefined;
    invocation.isDropped = true;
    return answer && { ...answer, seen: invocation.seen };
  }

  async #checkpoint(invocation, { CheckpointToken, Updates = [] }) {
    // As long as a request takes.
    await sleep(2);
    const refuse = () => {
      throw new DurableExecutionClientError('Invalid Checkpoint Token');
    };
    if (invocation.isDropped || CheckpointToken !== invocation.token) refuse();
    let dropped;
    if (Updates.length > 0) {
      this.checkpoints += 1;
      dropped = this.drop(this.checkpoints, Updates);
    }
    if (dropped !== 'before') for (const update of Updates) this.#apply(update);
    if (dropped) {
      invocation.drop();
      refuse();
    }
    this.#tick();
    invocation.token = randomUUID();
    const changed = [...this.operations.values()].filter(({ Id }) => this.#changedAt.get(Id) > invocation.seen);
    invocation.seen = this.#changes;
    return {
      CheckpointToken: invocation.token,
      NewExecutionState: { Operations: structuredClone(changed), NextMarker: '' },
    };
  }

  #change(operation) {
    this.#changes += 1;
    this.#changedAt.set(operation.Id, this.#changes);
    this.operations.set(operation.Id, operation);
    for (const wake of this.#wakers.splice(0)) wake();
  }

  #apply(update) {
    const { Id, ParentId, Name, Type, SubType, Action, Payload, Error: error } = update;
    const before = this.operations.get(Id);
    const base = before ?? { Id, ParentId, Name, Type, SubType, StartTimestamp: new Date() };
    const later = (seconds) => new Date(Date.now() + seconds * 1000);
    if (before && ENDED.includes(before.Status)) throw new Error(`${Name} has ended already`);
    if (Action === 'START') {
      const started = { ...base, Status: 'STARTED' };
      const { Attempt = 0 } = before?.StepDetails ?? {};
      if (Type === 'STEP') started.StepDetails = { Attempt };
      if (Type === 'WAIT') started.WaitDetails = { ScheduledEndTimestamp: later(update.WaitOptions.WaitSeconds) };
      if (Type === 'CALLBACK') started.CallbackDetails = { CallbackId: randomUUID() };
      this.#change(started);
      return;
    }
    const details = { STEP: 'StepDetails', CONTEXT: 'ContextDetails' }[Type];
    const kept = { ...before?.[details] };
    if (Action === 'RETRY') {
      const { NextAttemptDelaySeconds } = update.StepOptions;
      const Attempt = (kept.Attempt ?? 0) + 1;
      const retry = { Attempt, Error: error, Result: Payload, NextAttemptTimestamp: later(NextAttemptDelaySeconds) };
      this.#change({ ...base, Status: 'PENDING', [details]: retry });
      return;
    }
    const { ReplayChildren } = update.ContextOptions ?? {};
    const Status = { SUCCEED: 'SUCCEEDED', FAIL: 'FAILED' }[Action];
    this.#change({ ...base, Status, [details]: { ...kept, Result: Payload, Error: error, ReplayChildren } });
  }

  /** What is due by now. */
  #tick() {
    const now = Date.now();
    for (const operation of [...this.operations.values()]) {
      const due = dueMs(operation);
      if (due === undefined || due > now) continue;
      this.#change({ ...operation, Status: operation.Type === 'WAIT' ? 'SUCCEEDED' : 'READY' });
    }
  }

  async #untilSomethingChanges(seen) {
    this.#tick();
    if (this.#changes > seen) return;
    const dues = [...this.operations.values()].map(dueMs).filter((due) => due !== undefined);
    const changed = new Promise((resolve) => this.#wakers.push(resolve));
    const due = dues.length > 0 ? sleep(Math.max(0, Math.min(...dues) - Date.now()) + 1) : new Promise(() => {});
    await Promise.race([changed, due]);
  }
}

function dueMs({ Type, Status, WaitDetails, StepDetails }) {
  if (Type === 'WAIT' && Status === 'STARTED') return WaitDetails.ScheduledEndTimestamp.getTime();
  if (Type === 'STEP' && Status === 'PENDING') return StepDetails.NextAttemptTimestamp.getTime();
  return undefined;
}
