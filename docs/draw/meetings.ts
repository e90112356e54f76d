import type { WriteAnswer } from '../../runtime/core/store.js';
import type { FactorySettings } from '../../runtime/options/options.js';
import { type Participant, World } from '../../test/scenarios/world.js';
import { drawSequence, type Sequence, type Step } from './sequence.js';

const [A, B, TABLE, STORE] = ['process A', 'process B', "the lock's entry", 'what is protected'] as const;
const LEASE_SECONDS = 6;
const SAYS: Readonly<Record<string, string>> = {
  acquire: 'write: take it',
  refresh: 'write: refresh',
  release: 'write: release',
  leave: 'write: release, keep the token',
  read: 'read',
};

/** Two processes and one table: the real client in virtual time, with each request told. */
class Meeting {
  readonly world = new World();
  readonly steps: Step[] = [];
  private readonly sent: { readonly lane: string; readonly operation: string; readonly atMs: number }[] = [];

  constructor() {
    const { table } = this.world;
    for (const operation of ['acquire', 'refresh', 'release', 'leave', 'read'] as const) {
      const carryOut = table[operation].bind(table) as (...args: unknown[]) => Promise<WriteAnswer>;
      table[operation] = (async (...args: unknown[]) => {
        const answer = await carryOut(...args);
        this.answered(operation, answer);
        return answer;
      }) as never;
    }
  }

  process(lane: string, settings: FactorySettings = {}): Participant {
    const process = this.world.process(lane, { leaseSeconds: LEASE_SECONDS, ...settings });
    const { requests } = process;
    const push = requests.push.bind(requests);
    requests.push = (operation) => {
      this.sent.push({ lane, operation, atMs: this.world.time.nowMs });
      return push(operation);
    };
    return process;
  }

  note(at: string, note: string): void {
    this.steps.push({ atMs: this.world.time.nowMs, at, note });
  }

  sleep(seconds: number): Promise<void> {
    return this.world.time.sleep(seconds * 1000);
  }

  async run(seconds: number, ...lives: readonly Promise<unknown>[]): Promise<void> {
    await this.world.time.run(seconds * 1000);
    await Promise.all(lives);
  }

  private answered(operation: string, answer: WriteAnswer): void {
    const at = this.sent.findIndex((one) => one.operation === operation);
    const [request] = this.sent.splice(at, 1);
    if (!request) throw new Error(`nobody sent ${operation}`);
    const { lane: from, atMs } = request;
    const says = SAYS[operation] ?? operation;
    const step = { atMs, from, to: TABLE, says };
    if (operation === 'read') {
      this.steps.push({ ...step, answer: answer.entry ? 'held by the other' : 'free', refused: false });
    } else if (answer.written) {
      this.steps.push({ ...step, answer: 'done', refused: false });
    } else {
      const answers = operation === 'acquire' ? 'refused: it is held' : "refused: the entry is another's";
      this.steps.push({ ...step, answer: answers, refused: true });
    }
  }
}

/** Polls one after the other, with the same answer, are one arrow. */
function joined(steps: readonly Step[]): Step[] {
  const found: { readonly step: Step; count: number }[] = [];
  for (const step of steps) {
    const last = found.at(-1);
    if (last && isPoll(step) && isPoll(last.step) && step.from === last.step.from && step.answer === last.step.answer)
      last.count += 1;
    else found.push({ step, count: 1 });
  }
  return found.map(({ step, count }) =>
    isPoll(step) ? { ...step, says: count === 1 ? 'poll: read' : `polls: reads, ${count} times` } : step,
  );
}

function isPoll(step: Step): step is Extract<Step, { says: string }> {
  return 'says' in step && step.says === SAYS['read'];
}

/** A holder dies, and a contender that has waited takes over. */
export async function takeover(): Promise<Sequence> {
  const meeting = new Meeting();
  const [a, b] = [meeting.process(A), meeting.process(B)];
  const lifeOfA = async (): Promise<void> => {
    // Never thawed: as good as dead.
    void a.factory.withLock('nightly', () => meeting.sleep(1e6));
    await meeting.sleep(4);
    a.freeze(1e9);
    meeting.note(A, 'crashes: nobody refreshes');
  };
  const lifeOfB = async (): Promise<void> => {
    await meeting.sleep(1);
    await b.factory.withLock('nightly', { waitSeconds: 60 }, async () => {
      meeting.note(B, 'holds the lock');
      await meeting.sleep(1);
    });
  };
  await meeting.run(30, lifeOfA(), lifeOfB());
  return {
    title: 'A takeover after a crash',
    description: `Process A takes a lock with a lease of ${LEASE_SECONDS} seconds, refreshes it, and crashes. Process B polls, and takes the lock over when it has seen no refresh for a whole lease.`,
    names: [A, TABLE, B],
    steps: joined(meeting.steps),
  };
}

/** A contender waits until the holder releases the lock. */
export async function waiting(): Promise<Sequence> {
  const meeting = new Meeting();
  const [a, b] = [meeting.process(A), meeting.process(B)];
  const lifeOfA = (): Promise<void> => a.factory.withLock('nightly', () => meeting.sleep(2));
  const lifeOfB = async (): Promise<void> => {
    await meeting.sleep(0.5);
    await b.factory.withLock('nightly', { waitSeconds: 60 }, async () => {
      meeting.note(B, 'holds the lock');
      await meeting.sleep(1);
    });
  };
  await meeting.run(30, lifeOfA(), lifeOfB());
  return {
    title: 'Waiting for a lock',
    description:
      'Process B tries, is refused, and polls. After process A has released the lock, the next poll of B finds it free, and B takes it.',
    names: [A, TABLE, B],
    steps: joined(meeting.steps),
  };
}

/** A holder is frozen, another takes over, and the first one's write comes late. */
export async function lateHolder(): Promise<Sequence> {
  const meeting = new Meeting();
  const [a, b] = [meeting.process(A, { fencing: true }), meeting.process(B, { fencing: true })];
  let greatest = 0n;
  const write = (from: string, token: bigint): void => {
    const refused = token < greatest;
    if (!refused) greatest = token;
    const says = `write, with token …${String(token).slice(-5)}`;
    const answer = refused ? 'refused: it has seen a greater one' : 'done: the greatest so far';
    meeting.steps.push({ atMs: meeting.world.time.nowMs, from, to: STORE, says, answer, refused });
  };
  const lifeOfA = (): Promise<void> =>
    a.factory
      .withLock('nightly', async ({ fencingToken }) => {
        await meeting.sleep(1);
        meeting.note(A, 'is frozen');
        a.freeze(11_000);
        await meeting.sleep(11);
        meeting.note(A, 'goes on, and does not look at held.isHeld');
        write(A, fencingToken);
      })
      .catch(() => meeting.note(A, 'withLock rejects: LockLostError'));
  const lifeOfB = async (): Promise<void> => {
    await meeting.sleep(2);
    await b.factory.withLock('nightly', { waitSeconds: 60 }, async ({ fencingToken }) => {
      await meeting.sleep(1);
      write(B, fencingToken);
    });
  };
  await meeting.run(40, lifeOfA(), lifeOfB());
  return {
    title: 'A late holder, and a fencing token',
    description:
      'Process A is frozen while it holds the lock. Process B takes over, and writes with a greater token. The write of A comes late, with a smaller token, and is refused.',
    names: [A, TABLE, B, STORE],
    steps: joined(meeting.steps),
  };
}

export const drawTakeover = async (): Promise<string> => drawSequence(await takeover());
export const drawWaiting = async (): Promise<string> => drawSequence(await waiting());
export const drawLateHolder = async (): Promise<string> => drawSequence(await lateHolder());
