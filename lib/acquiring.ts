import { Duration } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  Chain,
  type Choice,
  type INextable,
  JitterType,
  type QueryLanguage,
  type State,
} from 'aws-cdk-lib/aws-stepfunctions';
import { acquiredKnowledge, lookRequest, seenKnowledge } from './entry-requests.js';
import { CONDITION_FAILED, type EntryTask } from './entry-task.js';
import { LockFragment } from './lock-fragment.js';
import { notGranted } from './lock-outcomes.js';
import { INPUT, isSo, type LockStateFactory } from './lock-state-factory.js';
import { START_SECONDS } from './state-lease.js';
import { LONGEST_PAUSE_SECONDS, retriesWithin } from './state-retries.js';

/** How a lock is acquired, and which state follows if it is not. */
export interface AcquiringProps {
  readonly name: string;
  readonly waitSeconds: number;
  /** The request that acquires the lock. */
  readonly request: (language: QueryLanguage | undefined) => object;
  readonly policies: PolicyStatement[];
  /** Releases the lock and fails with the error in its input. */
  readonly releaseAndFail: State;
  /** The state that follows if others hold the lock. It gets the input of the first state. */
  readonly releaseAndSkip?: State;
}

/**
 *     draw ──► acquire ──────────────► time left ──► …
 *               ▲   │ others hold it       │ no, and too late
 *               │   ▼                      ▼
 *               │  look ──► wait on ──► release, and fail or skip
 *               └───────────────┘
 */
export function acquiring(states: LockStateFactory, props: AcquiringProps): LockFragment {
  const { shared } = states;
  const { waitSeconds, releaseAndFail } = props;
  const draw = states.draw(props.name);
  const acquire = acquireTask(states, props);
  acquire.addRetry({
    errors: [CONDITION_FAILED],
    interval: Duration.seconds(1),
    maxDelay: Duration.seconds(LONGEST_PAUSE_SECONDS),
    jitterStrategy: JitterType.FULL,
    maxAttempts: retriesWithin(waitSeconds),
  });
  acquire.retryInTransit(3);
  const look = states.task('look', {
    action: 'getItem',
    request: () => lookRequest(shared),
    assign: seenKnowledge(shared),
  });
  look.retryInTransit(3);
  const outcome = notGranted(shared, waitSeconds);
  const waitOn = states.choice('wait on', outcome);

  draw.next(acquire);
  acquire.addCatch(look, { errors: [CONDITION_FAILED], outputs: INPUT });
  acquire.addCatch(releaseAndFail);
  look.addCatch(releaseAndFail).next(waitOn);
  waitOn.when(isSo(hasPatience(states, waitSeconds)), acquire, { outputs: INPUT });
  inVain(waitOn, states, props);
  return fragmentOf(states, props, { start: draw, acquire, outcome });
}

export function acquireTask(states: LockStateFactory, { request, policies }: AcquiringProps): EntryTask {
  const assign = acquiredKnowledge(states.shared);
  return states.task('acquire', { action: 'updateItem', request, assign, policies });
}

/** Whether there is time left to wait, and the entry is well-formed. */
export function hasPatience({ shared: { variable } }: LockStateFactory, waitSeconds: number): string {
  const untilMs = `$toMillis(${variable}.waitsSince) + ${waitSeconds * 1000}`;
  return `$not(${variable}.isMalformed) and $millis() < ${untilMs}`;
}

/** Adds the default of a choice: to skip if that is possible, otherwise to fail. */
export function inVain(
  choice: Choice,
  { shared: { variable } }: LockStateFactory,
  { releaseAndFail, releaseAndSkip }: AcquiringProps,
): void {
  if (releaseAndSkip) choice.when(isSo(`$not(${variable}.isMalformed)`), releaseAndSkip, { outputs: INPUT });
  choice.otherwise(releaseAndFail);
}

/** The first state, the state that acquires the lock, and the failure if others hold it. */
interface Way {
  readonly start: State;
  readonly acquire: EntryTask;
  readonly outcome: Record<string, string>;
}

/** All states that acquire the lock, as one fragment. The next state follows once the lock is acquired. */
export function fragmentOf(states: LockStateFactory, props: AcquiringProps, way: Way): LockFragment {
  const { scope, shared } = states;
  const { start, acquire, outcome } = way;
  const timeLeft = states.choice('time left', outcome);
  acquire.next(timeLeft);
  const end: INextable = {
    next: (next) => {
      // The request that acquired the lock may be old, if its answer was lost or Step Functions paused. Then the lock
      // is acquired again before the first step, which works like a refresh.
      const isFresh = isSo(`$millis() - ${shared.variable}.sentMs <= ${START_SECONDS * 1000}`);
      timeLeft.when(isFresh, next, { outputs: INPUT });
      timeLeft.when(isSo(hasPatience(states, props.waitSeconds)), acquire, { outputs: INPUT });
      inVain(timeLeft, states, props);
      return Chain.sequence(timeLeft, next);
    },
  };
  return new LockFragment(scope, 'Acquiring', `${scope.node.id}: acquiring`, start, [end]);
}
