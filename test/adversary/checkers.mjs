import { stalledWithin } from './time.mjs';

/** What a loaded machine may add to a time limit, beside the times at which a process was seen to stand still. */
const SLACK_MS = 2_000;
/** A grant is written down only when the work begins, a little after it. */
const GRANT_MS = 300;

/** What docs/protocol.md promises, asked of the journals of all processes and of what the server committed. */
export function violationsOf({ plan, journal, commits, stalls }) {
  const holds = holdsOf(journal);
  return [
    ...exclusion(holds),
    ...permits(holds, Math.max(...plan.workers.map((worker) => worker.permits))),
    ...tokens(holds),
    ...guards(holds, commits),
    ...writes(journal, commits),
    ...leastTimes(holds, journal),
    ...limits(journal, stalls),
    ...journal
      .filter(({ event }) => event === 'fault')
      .map(({ checker, what, label }) => violation(checker, `${label}: ${what}`)),
  ];
}

const violation = (checker, what) => ({ checker, what });
const shown = (ms) => ms.toFixed(0);

/** Each hold: when it was granted, and the latest time at which it certainly believed, or would have if asked. */
function holdsOf(journal) {
  const holds = new Map();
  for (const { event, id, name, atMs, untilMs, ...more } of journal) {
    if (event === 'granted') holds.set(id, { id, name, grantedMs: atMs, untilMs: atMs, endsMs: Infinity, ...more });
    const hold = holds.get(id);
    if (!hold) continue;
    if (event === 'believes') hold.untilMs = Math.max(hold.untilMs, untilMs);
    if (event === 'stopped' || event === 'ending') hold.endsMs = Math.min(hold.endsMs, atMs);
  }
  const all = [...holds.values()];
  for (const hold of all) hold.untilMs = Math.min(hold.untilMs, hold.endsMs);
  return all.sort((a, b) => a.grantedMs - b.grantedMs);
}

function byName(holds) {
  const names = new Map();
  for (const hold of holds) names.set(hold.name, [...(names.get(hold.name) ?? []), hold]);
  return [...names.values()];
}

/** No hold is granted while another one believes, or would, if its process asked it. */
function* exclusion(holds) {
  for (const ofName of byName(holds)) {
    let last;
    for (const hold of ofName) {
      if (last && hold.grantedMs < last.untilMs) {
        const both = Math.min(last.untilMs, Math.max(hold.untilMs, hold.grantedMs)) - hold.grantedMs;
        yield violation(
          'exclusion',
          `${hold.name}: ${hold.id} was granted at ${shown(hold.grantedMs)} while ${last.id} believes until ` +
            `${shown(last.untilMs)}; both for ${shown(both)} ms`,
        );
      }
      if (!last || hold.untilMs > last.untilMs) last = hold;
    }
  }
}

/** No more permits are believed in at once than the caller with the most asks for. */
function* permits(holds, most) {
  const held = holds.filter(({ permitOf }) => permitOf);
  for (const hold of held) {
    const { grantedMs: at } = hold;
    const together = held.filter((other) => other.grantedMs <= at && other.untilMs > at);
    if (together.length > most)
      yield violation('permits', `${together.map(({ id }) => id)} hold one of ${most} permits`);
  }
}

/** Later holds have greater tokens. */
function* tokens(holds) {
  for (const ofName of byName(holds.filter(({ token }) => token !== undefined))) {
    for (const [index, hold] of ofName.entries()) {
      const former = ofName[index - 1];
      if (former && BigInt(former.token) >= BigInt(hold.token)) {
        yield violation('tokens', `${hold.name}: ${former.id} has ${former.token}, then ${hold.id} has ${hold.token}`);
      }
    }
  }
}

/**
 * No guarded write of a hold commits once a later hold of its lock was granted. Without fencing, a late copy of the
 * hold's acquire may bring its entry back after that one's release (docs/fencing.md).
 */
function* guards(holds, commits) {
  const known = new Map(holds.map((hold) => [hold.id, hold]));
  for (const { table, item, atMs } of commits) {
    if (table !== 'things') continue;
    const writer = known.get(item.hold.S);
    const isLater = ({ name, grantedMs, untilMs }) =>
      name === item.id.S && grantedMs > writer.grantedMs && grantedMs < atMs && (writer.token || atMs < untilMs);
    const later = holds.find(isLater);
    if (later) {
      yield violation(
        'guards',
        `${item.write.S} of ${writer.id} committed at ${shown(atMs)}, after ${later.id} was granted`,
      );
    }
  }
}

/** A guarded write that was confirmed is there. */
function* writes(journal, commits) {
  const written = new Set(commits.filter(({ table }) => table === 'things').map(({ item }) => item.write.S));
  for (const { event, id, write } of journal) {
    if (event === 'wrote' && !written.has(write))
      yield violation('guards', `${write} of ${id} was confirmed, but not committed`);
  }
}

/** After a release that was confirmed, a lock stays taken for as long as its holder wanted. */
function* leastTimes(holds, journal) {
  const releases = journal.filter(({ event }) => event === 'released');
  for (const hold of holds.filter(({ lockAtLeastSeconds }) => lockAtLeastSeconds > 0)) {
    const next = holds.find(({ name, grantedMs }) => name === hold.name && grantedMs > hold.grantedMs);
    if (!next || hold.endsMs === Infinity) continue;
    const isReleased = releases.some(
      ({ label, name, atMs }) =>
        label === hold.label && name === hold.name && atMs >= hold.endsMs && atMs < next.grantedMs,
    );
    const keptMs = next.grantedMs - hold.grantedMs;
    if (isReleased && keptMs < hold.lockAtLeastSeconds * 1000 - GRANT_MS) {
      yield violation(
        'least-time',
        `${hold.name}: ${next.id} was granted ${shown(keptMs)} ms after ${hold.id}, not ${hold.lockAtLeastSeconds} s`,
      );
    }
  }
}

/** Calls end within their limits. The server's own stand-stills count for nobody. */
function* limits(journal, stalls) {
  for (const { event, label, what, fromMs, atMs, tookMs, limitMs } of journal) {
    if (event !== 'took') continue;
    const netMs = tookMs - stalledWithin(stalls, fromMs, atMs);
    if (netMs > limitMs + SLACK_MS)
      yield violation('limits', `${label}: ${what} took ${shown(netMs)} ms; its limit is ${limitMs} ms`);
  }
}
