import { Wait, WaitTime } from 'aws-cdk-lib/aws-stepfunctions';
import { type AcquiringProps, acquireTask, fragmentOf, hasPatience, inVain } from './acquiring.js';
import { CONDITION_FAILED } from './entry-task.js';
import type { LockFragment } from './lock-fragment.js';
import { noPermit } from './lock-outcomes.js';
import { INPUT, isSo, type LockStateFactory } from './lock-state-factory.js';
import { anyPermit, lookAtPermitsRequest, pauseSeconds, seenPermitsKnowledge } from './permit-requests.js';
import { LONGEST_PAUSE_SECONDS } from './state-retries.js';

/** The number of polls of a caller that does not wait. Others may acquire a permit after a poll showed it free. */
const POLLS_OF_A_TRY = 5;

/**
 *     draw ──► pick ──► acquire ─────────────► time left ──► …
 *                        ▲   │ others hold it      │ no, and too late
 *         one can be had │   ▼                     ▼
 *                       look ──► wait on ──► release, and fail or skip
 *                        ▲         │ all are held
 *                        └─ pause ◄┘
 *
 * Waiting writes nothing, because a waiter has no entry of its own.
 */
export function acquiringPermit(states: LockStateFactory, props: AcquiringProps, permits: number): LockFragment {
  const { shared, scope } = states;
  const { variable } = shared;
  const { waitSeconds, releaseAndFail } = props;
  const outcome = noPermit(shared, waitSeconds, permits);
  const draw = states.draw(props.name);
  const pick = states.pass('pick', { assign: { [variable.slice(1)]: anyPermit(shared, permits) } });
  const acquire = acquireTask(states, props);
  acquire.addRetry({ errors: [CONDITION_FAILED], maxAttempts: 0 });
  acquire.retryInTransit(3);
  const look = states.task('look', {
    action: 'batchGetItem',
    request: () => lookAtPermitsRequest(shared, permits),
    assign: seenPermitsKnowledge(shared, permits),
  });
  look.retryInTransit(3);
  const waitOn = states.choice('wait on', outcome);
  const pause = Wait.jsonata(scope, 'pause', {
    stateName: states.stateName('pause'),
    time: WaitTime.seconds(pauseSeconds(shared, waitSeconds, LONGEST_PAUSE_SECONDS)),
  });

  draw.next(pick).next(acquire);
  acquire.addCatch(look, { errors: [CONDITION_FAILED], outputs: INPUT });
  acquire.addCatch(releaseAndFail);
  look.addCatch(releaseAndFail).next(waitOn);
  pause.next(look);
  const patience = hasPatience(states, waitSeconds);
  const mayTry = `$not(${variable}.isMalformed) and (${variable}.polls < ${POLLS_OF_A_TRY} or (${patience}))`;
  waitOn.when(isSo(`${variable}.canBeTaken and ${mayTry}`), acquire, { outputs: INPUT });
  waitOn.when(isSo(patience), pause, { outputs: INPUT });
  inVain(waitOn, states, props);
  return fragmentOf(states, props, { start: draw, acquire, outcome });
}
