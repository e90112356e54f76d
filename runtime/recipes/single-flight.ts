import { limitOfTry, waitForHold, within } from '../acquire/acquire.js';
import { acquireRequest, type LockSettings } from '../acquire/acquire-request.js';
import type { LockClient } from '../acquire/lock-client.js';
import { resultFrom, resultNote, resultText, SharedResult } from '../acquire/shared-result.js';
import type { LockRef } from '../entry/lock-ref.js';
import { refuseReentry } from '../entry/scope.js';
import { LockOptionError } from '../errors.js';
import type { Hold } from '../hold/hold.js';
import { holdWhile, type Work } from '../hold/run-under.js';
import { SINGLE_FLIGHT_OPTIONS, type SingleFlightOptions } from '../options/options.js';
import { checkedWork, refuseUnknown, shown } from '../options/validate.js';

const DAY_SECONDS = 24 * 60 * 60;

/** One caller does the work for all that ask at once, as `singleFlight` of a factory says. */
export async function flySingly<T>(
  client: LockClient,
  name: string,
  options: SingleFlightOptions,
  work: Work<T>,
): Promise<T> {
  refuseUnknown(options, SINGLE_FLIGHT_OPTIONS, 'singleFlight');
  const { leaseSeconds, waitSeconds, ...call } = { ...options };
  const settings = client.lockSettings(name, { leaseSeconds, waitSeconds, fencing: false });
  return singleFlight(settings, call, checkedWork(work, 'singleFlight'));
}

/**
 * Resolves to a result that is at most `freshSeconds` old: another caller's, or that of `work`, which runs under the
 * lock while the other callers wait for it.
 */
async function singleFlight<T>(
  settings: LockSettings,
  options: Pick<SingleFlightOptions, 'freshSeconds' | 'signal' | 'context'>,
  work: Work<T>,
): Promise<T> {
  const { freshSeconds, ...call } = options;
  for (let limitMs: number | undefined; ; ) {
    const request = await acquireRequest(settings, call);
    const { ref } = request;
    refuseReentry(ref);
    checkedFresh(freshSeconds, ref.settings.clockToleranceSeconds);
    const nowMs = ref.manager.clock.monotonicMs();
    limitMs ??= nowMs + settings.waitSeconds * 1000;
    const sharedResult = new SharedResult(ref, freshSeconds);
    const leftSeconds = (limitMs - nowMs) / 1000;
    const hasWaited = leftSeconds <= 0 && settings.waitSeconds > 0;
    const limit = hasWaited ? within(settings.waitSeconds) : limitOfTry(leftSeconds);
    const hold = await waitForHold({ ...request, sharedResult }, leftSeconds, limit);
    if (hold) return holdWhile(hold, () => workAndLeave(hold, { ref, sharedResult, freshSeconds }, work));
    const { served } = sharedResult;
    if (served && sharedResult.isFresh(served)) return resultFrom(served.text) as T;
    // Otherwise it has grown old on its way here, as in a process that was frozen.
  }
}

async function workAndLeave<T>(
  hold: Hold,
  { ref, sharedResult, freshSeconds }: { ref: LockRef; sharedResult: SharedResult; freshSeconds: number },
  work: Work<T>,
): Promise<T> {
  const value = await work(hold);
  const madeAtMs = ref.serverFloorMs();
  const text = resultText(ref.label, value);
  // If the lock was lost meanwhile, this caller gets a LockLostError, and nobody shares the result.
  if (!hold.isHeld) return resultFrom(text) as T;
  sharedResult.made(text);
  // Without DynamoDB's time nobody could tell its age. If the write is not confirmed, the release reports it.
  if (madeAtMs !== undefined) {
    hold.keepTaken(freshSeconds, resultNote(madeAtMs, text));
    await hold.release().catch(() => {});
  }
  return resultFrom(text) as T;
}

function checkedFresh(freshSeconds: unknown, clockToleranceSeconds: number): void {
  if (clockToleranceSeconds === Infinity) {
    throw new LockOptionError(
      'singleFlight tells a result’s age by DynamoDB’s clock, as far as clockToleranceSeconds trusts it, which is ' +
        'Infinity; use a factory with a finite one',
    );
  }
  const isFresh =
    typeof freshSeconds === 'number' && freshSeconds > clockToleranceSeconds && freshSeconds <= DAY_SECONDS;
  if (isFresh) return;
  throw new LockOptionError(
    `freshSeconds is a number of seconds up to ${DAY_SECONDS}, more than the ${clockToleranceSeconds} of ` +
      `clockToleranceSeconds, by which a result may be older than it seems; got ${shown(freshSeconds)}`,
  );
}
