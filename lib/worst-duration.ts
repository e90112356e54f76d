import { Token } from 'aws-cdk-lib';

/**
 * Computes the longest time that steps of a state machine can take, from their Amazon States Language. A lock of a
 * state machine has no heartbeat, so its lease has to be longer than the steps.
 */

/** A state in the Amazon States Language, with only the fields that matter here. */
interface StateJson {
  readonly Type: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly Choices?: readonly { readonly Next?: string }[];
  readonly Catch?: readonly { readonly Next: string }[];
  readonly Retry?: readonly RetryJson[];
  readonly TimeoutSeconds?: unknown;
  readonly Seconds?: unknown;
  readonly Branches?: readonly GraphJson[];
}

interface RetryJson {
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
}

/** States, and the name of the first one. */
export interface GraphJson {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, StateJson>>;
}

/** The longest duration, or the reason why it is unknown. */
export interface WorstDuration {
  readonly seconds: number;
  /** The states of the longest path that take time, each with its duration. */
  readonly parts: readonly string[];
  /** The reason why the duration is unknown. If it is set, the other fields mean nothing. */
  readonly unknown?: string;
}

/** With this many retries, the pauses alone are longer than the longest lease. */
const MOST_PAUSES = 24 * 60 * 60;
const NOTHING: WorstDuration = { seconds: 0, parts: [] };

/** The duration of the longest path through these states. */
export function worstDurationOf(graph: GraphJson): WorstDuration {
  const known = new Map<string, WorstDuration>();
  const from = (name: string, before: readonly string[]): WorstDuration => {
    if (before.includes(name)) {
      const way = [...before.slice(before.indexOf(name)), name].map(quoted).join(' → ');
      return unknownBecause(`the steps can go round in circles (${way}), for any time`);
    }
    const former = known.get(name);
    if (former) return former;
    const state = graph.States[name];
    if (!state) return NOTHING;
    const rest = longestOf(followersOf(state).map((follower) => from(follower, [...before, name])));
    const found = sumOf(durationOf(name, state), rest);
    known.set(name, found);
    return found;
  };
  return from(graph.StartAt, []);
}

function followersOf({ Next, Default, Choices = [], Catch = [] }: StateJson): string[] {
  const all = [Next, Default, ...Choices.map((choice) => choice.Next), ...Catch.map((handler) => handler.Next)];
  return all.filter((name) => name !== undefined);
}

function durationOf(name: string, state: StateJson): WorstDuration {
  const token = tokenIn(state);
  if (token !== undefined) {
    return unknownBecause(`the ${token} of ${quoted(name)} is a token, known only later; give it as a known number`);
  }
  const once = onceOf(name, state);
  const { attempts, pauseSeconds } = retriesOf(state.Retry ?? []);
  if (once.unknown !== undefined || attempts === 1) return once;
  const part = `${quoted(name)}: ${attempts} attempts of ${once.seconds} s, and ${pauseSeconds} s between them`;
  return { seconds: attempts * once.seconds + pauseSeconds, parts: [part] };
}

/** The name of a prop of a state that is a token. A token looks like a number, but its value means nothing. */
function tokenIn({ TimeoutSeconds, Seconds, Retry = [] }: StateJson): string | undefined {
  const times: [string, unknown][] = [
    ['`taskTimeout`', TimeoutSeconds],
    ['`time`', Seconds],
  ];
  for (const { IntervalSeconds, MaxAttempts, BackoffRate, MaxDelaySeconds } of Retry) {
    times.push(['`interval`', IntervalSeconds], ['`maxAttempts`', MaxAttempts]);
    times.push(['`backoffRate`', BackoffRate], ['`maxDelay`', MaxDelaySeconds]);
  }
  return times.find(([, value]) => Token.isUnresolved(value))?.[0];
}

/** The duration of one attempt. */
function onceOf(name: string, state: StateJson): WorstDuration {
  switch (state.Type) {
    case 'Task':
      if (typeof state.TimeoutSeconds !== 'number') {
        return unknownBecause(
          `the task ${quoted(name)} has no \`taskTimeout\`, or one that only its input tells; give it one, such as ` +
            'Timeout.duration(Duration.minutes(1))',
        );
      }
      return { seconds: state.TimeoutSeconds, parts: [`${quoted(name)}: ${state.TimeoutSeconds} s`] };
    case 'Wait':
      if (typeof state.Seconds === 'number') {
        return { seconds: state.Seconds, parts: [`${quoted(name)}: ${state.Seconds} s`] };
      }
      return unknownBecause(`only its input tells how long ${quoted(name)} waits; give it a \`time\` in seconds`);
    case 'Parallel':
      return longestOf((state.Branches ?? []).map(worstDurationOf));
    case 'Map':
      return unknownBecause(
        `the map ${quoted(name)} takes as long as it has items; protect what it does with one item, or put it into a ` +
          'state machine of its own, started by a task with a `taskTimeout`',
      );
    default:
      return NOTHING;
  }
}

/** The most attempts, and the pauses between them: every retrier is used up. */
function retriesOf(retriers: readonly RetryJson[]): { readonly attempts: number; readonly pauseSeconds: number } {
  let attempts = 1;
  let pauseSeconds = 0;
  for (const { IntervalSeconds = 1, MaxAttempts = 3, BackoffRate = 2, MaxDelaySeconds = Infinity } of retriers) {
    attempts += MaxAttempts;
    // The count is limited: of millions of retries, the first ones already take too long.
    for (let retry = 0; retry < Math.min(MaxAttempts, MOST_PAUSES); retry++) {
      pauseSeconds += Math.min(IntervalSeconds * BackoffRate ** retry, MaxDelaySeconds);
    }
  }
  return { attempts, pauseSeconds: Math.ceil(pauseSeconds) };
}

function sumOf(one: WorstDuration, other: WorstDuration): WorstDuration {
  if (one.unknown !== undefined) return one;
  if (other.unknown !== undefined) return other;
  return { seconds: one.seconds + other.seconds, parts: [...one.parts, ...other.parts] };
}

function longestOf(durations: readonly WorstDuration[]): WorstDuration {
  return durations.find(({ unknown }) => unknown !== undefined) ?? longestKnownOf(durations);
}

function longestKnownOf(durations: readonly WorstDuration[]): WorstDuration {
  return durations.reduce((longest, one) => (one.seconds > longest.seconds ? one : longest), NOTHING);
}

function unknownBecause(unknown: string): WorstDuration {
  return { ...NOTHING, unknown };
}

function quoted(name: string): string {
  return JSON.stringify(name);
}
