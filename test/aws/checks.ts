import { clockFinding, type Differences, differences } from './dates.js';
import type { Finding } from './finding.js';
import type { FrontEnd } from './functions/task.js';
import { ENTRIES } from './names.js';
import type { Stage } from './stage.js';

/** Of each entry's function at once, and how often each of them counts up. */
const SANDBOXES = 3;
const TIMES = 5;
/** Without the lock: for longer than their starts differ by, so that they do meet. */
const TIMES_WITHOUT = 40;
/** A lease of 5 s, the tolerance of 3 s, the next poll; and much room for a cold start. */
const TAKEOVER_LIMIT_SECONDS = 30;
/** Of one invocation. */
const DATES_AT_ONCE = 1000;

export async function contention(stage: Stage): Promise<Finding> {
  const name = 'invocations of three functions count under one lock, and no update is lost';
  const sandboxes = Array.from({ length: SANDBOXES });
  const alone = { counter: 'without', times: TIMES_WITHOUT };
  await Promise.all(sandboxes.map(() => stage.report('contender', alone)));
  const control = { counted: await stage.count('without'), of: SANDBOXES * TIMES_WITHOUT };

  const task = { lock: 'contention', counter: 'with', times: TIMES };
  const answers = await Promise.all(
    ENTRIES.flatMap((kind) => sandboxes.map(async () => ({ kind, answer: await stage.ask(kind, task) }))),
  );
  // Its time was over before its turn: it has counted nothing.
  const granted = answers.filter(({ answer }) => !isNotGranted(answer));
  const failed = granted.find(({ answer }) => typeof answer === 'string');
  if (failed) return { name, outcome: 'failed', said: `${failed.kind}: ${failed.answer}` };
  const kinds = new Set(granted.map(({ kind }) => kind)).size;
  return contentionFinding(name, control, { counted: await stage.count('with'), of: granted.length * TIMES, kinds });
}

function isNotGranted(answer: object | string): boolean {
  return typeof answer === 'string' && answer.includes('"LockNotGrantedError"');
}

interface Counted {
  readonly counted: number;
  readonly of: number;
}

export function contentionFinding(
  name: string,
  without: Counted,
  locked: Counted & { readonly kinds: number },
): Finding {
  const { counted, of, kinds } = locked;
  const said = `${counted} of ${of} with the lock, by ${kinds} functions; without it, ${without.counted} of ${without.of}`;
  if (counted !== of) return { name, outcome: 'failed', said };
  // If nobody was in anybody's way, the lock had nothing to do.
  const isChecked = without.counted < without.of && kinds === ENTRIES.length;
  return { name, outcome: isChecked ? 'passed' : 'not checked', said };
}

export async function timeOut(stage: Stage): Promise<Finding> {
  const name = 'a function that Lambda ends at its time-out loses its lock to the one that waits, and not before';
  const order: string[] = [];
  const killed = stage.ask('freezer', { lock: 'time-out', stay: 'until time-out' }).then((answer) => {
    order.push('time-out');
    return { answer, atMs: performance.now() };
  });
  const taken = async () => {
    await stage.heldBy('freezer', 'time-out');
    await stage.report('contender', { lock: 'time-out' });
    order.push('takeover');
    return performance.now();
  };
  const [{ answer, atMs }, takenMs] = await Promise.all([killed, taken()]);
  const seconds = (takenMs - atMs) / 1000;
  const said = `taken over ${seconds.toFixed(1)} s after Lambda's answer; Lambda said: ${String(answer).slice(0, 120)}`;
  const wasKilled = typeof answer === 'string' && /timed ?out/i.test(answer);
  const isRight = wasKilled && order.join() === 'time-out,takeover' && seconds < TAKEOVER_LIMIT_SECONDS;
  return { name, outcome: isRight ? 'passed' : 'failed', said };
}

export async function frozen(stage: Stage): Promise<Finding> {
  const name =
    'a lock that a sandbox keeps between invocations is taken over while it is frozen; thawed, it waits its turn';
  const keep = { lock: 'frozen', stay: 'between invocations' } as const;
  const first = await stage.report('freezer', keep);
  const order: string[] = [];
  const other = stage.report('contender', { lock: 'frozen', staySeconds: 4 }).then(() => order.push('contender'));
  const thawed = async () => {
    await stage.heldBy('contender', 'frozen');
    const report = await stage.report('freezer', keep);
    order.push('freezer');
    return report;
  };
  const [second] = await Promise.all([thawed(), other]);
  const isSame = first.sandbox === second.sandbox;
  const said = `first the ${order.join(', then the ')}${isSame ? '' : '; but Lambda had started another sandbox'}`;
  if (order.join() !== 'contender,freezer') return { name, outcome: 'failed', said };
  return { name, outcome: isSame ? 'passed' : 'not checked', said };
}

export async function grant(stage: Stage): Promise<Finding> {
  const allowed = await stage.ask('narrow', { lock: 'granted/1' });
  const denied = await stage.ask('narrow', { lock: 'denied/1' });
  return grantFinding(allowed, denied, stage.isAws);
}

/** @param denied what the function answered for a lock that it was not granted */
export function grantFinding(allowed: object | string, denied: object | string, isAws: boolean): Finding {
  const name = 'a grant for granted/* allows granted/1, and denies denied/1';
  if (typeof allowed === 'string') return { name, outcome: 'failed', said: `granted/1: ${allowed}` };
  if (typeof denied !== 'string') {
    // Many a stand-in lets everything through.
    const said = `denied/1 was let through${isAws ? '' : ', by a stand-in'}`;
    return { name, outcome: isAws ? 'failed' : 'not checked', said };
  }
  const isDenied = /permission dynamodb:UpdateItem is missing/.test(denied);
  const who = isAws ? '' : 'by a stand-in that evaluates the deployed policies, not by IAM; ';
  return { name, outcome: isDenied ? 'passed' : 'failed', said: `${who}denied/1: ${denied.slice(0, 200)}` };
}

export async function clocks(stage: Stage, requests: number): Promise<{ finding: Finding; found: Differences }> {
  const all: FrontEnd[] = [];
  for (let left = requests; left > 0; left -= DATES_AT_ONCE) {
    const { dates = [] } = await stage.report('contender', { dates: Math.min(left, DATES_AT_ONCE) });
    all.push(...dates);
  }
  const found = differences(all);
  return { finding: clockFinding(found, stage.isAws), found };
}
