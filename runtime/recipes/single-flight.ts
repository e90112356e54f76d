import { rounded, takeHold, waitForHold } from '../acquire/acquire.js';
import { askFor, type LockSettings, limitOfOne, waitSecondsWithin } from '../acquire/asking.js';
import type { Locks } from '../acquire/lock-client.js';
import { Flight, resultFrom, resultNote, resultText } from '../acquire/shared-result.js';
import type { LockTarget } from '../entry/lock-ref.js';
import { refuseReentry } from '../entry/scope.js';
import { LockOptionError } from '../errors.js';
import type { Hold } from '../hold/hold.js';
import { holdWhile, type Work } from '../hold/run-under.js';
import { SINGLE_FLIGHT_OPTIONS, type SingleFlightOptions } from '../options/options.js';
import { checkedWork, refuseUnknown, shown } from '../options/validate.js';

const DAY_SECONDS = 24 * 60 * 60;

/** Has one do the work for all who ask, as `singleFlight` of a factory says. */
export async function flySingly<T>(
  locks: Locks,
  name: string,
  options: SingleFlightOptions,
  work: Work<T>,
): Promise<T> {
  refuseUnknown(options, SINGLE_FLIGHT_OPTIONS, 'singleFlight');
  const { leaseSeconds, waitSeconds, ...call } = { ...options };
  const settings = locks.lockSettings(name, { leaseSeconds, waitSeconds, fencing: false });
  return singleFlight(settings, call, checkedWork(work, 'singleFlight'));
}

/**
 * Resolves to a result that is at most `freshSeconds` old: another's, or that of `work`, which runs under the
 * lock while all others who ask wait for it.
 */
async function singleFlight<T>(
  settings: LockSettings,
  options: Pick<SingleFlightOptions, 'freshSeconds' | 'signal' | 'context'>,
  work: Work<T>,
): Promise<T> {
  const { freshSeconds, ...call } = options;
  for (let limitMs: number | undefined; ; ) {
    const ask = await askFor(settings, call);
    const { target } = ask;
    refuseReentry(target);
    checkedFresh(freshSeconds, target.settings.clockToleranceSeconds);
    const nowMs = target.process.clock.monotonicMs();
    limitMs ??= nowMs + settings.waitSeconds * 1000;
    const flight = new Flight(target, freshSeconds);
    const flying = { ...ask, flight };
    const leftSeconds = (limitMs - nowMs) / 1000;
    const waitSeconds = waitSecondsWithin(leftSeconds, ask);
    const hasWaited = leftSeconds <= 0 && settings.waitSeconds > 0;
    const inVain = hasWaited ? `within ${rounded(settings.waitSeconds)} s` : limitOfOne(leftSeconds);
    const hold = await (waitSeconds > 0 ? waitForHold(flying, waitSeconds) : takeHold(flying, inVain));
    if (hold) return holdWhile(hold, () => workAndLeave(hold, { target, flight, freshSeconds }, work));
    const { served } = flight;
    if (served && flight.isFresh(served)) return resultFrom(served.text) as T;
    // Else it has grown old on its way here, as in a process that was frozen.
  }
}

async function workAndLeave<T>(
  hold: Hold,
  { target, flight, freshSeconds }: { target: LockTarget; flight: Flight; freshSeconds: number },
  work: Work<T>,
): Promise<T> {
  const value = await work(hold);
  const madeAtMs = target.serverFloorMs();
  const text = resultText(target.label, value);
  // What was lost meanwhile is told to whoever worked, and shared with nobody.
  if (!hold.isHeld) return resultFrom(text) as T;
  flight.made(text);
  // Without DynamoDB's time nobody could tell its age. Whether the leave was confirmed is for the release to say.
  if (madeAtMs !== undefined) await hold.leave(freshSeconds, resultNote(madeAtMs, text)).catch(() => {});
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
