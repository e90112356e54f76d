import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type LockFactory, LockLostError, LockUnavailableError } from '../../runtime/index.js';
import type { SeenRequest } from '../server/fault-proxy.js';
import { clientSettings } from '../server/index.js';
import { gate, Rig, until } from './rig.js';

/** A thousand together. A heartbeat takes half a lease to come, and many at once keep the machine busy. */
const REFRESH_RACES = 800;
const HEARTBEAT_RACES = 200;
/** Long enough that no pause of a busy machine makes for a true loss. */
const REFRESHED_LEASE_SECONDS = 60;
const BEATING_LEASE_SECONDS = 20;

const warn = jest.fn();
let rig: Rig;
let client: DynamoDBClient;
let factory: LockFactory;
/**
 * Locks a request for which got no answer, as in a pause of a busy machine. Their entry may stay: of a release that
 * never arrived, or of an acquire that was carried out once more after it.
 */
const disturbed = new Set<string>();
/** What to do when a refresh of this lock is on its way. */
const onRefresh = new Map<string, () => void>();

beforeAll(async () => {
  rig = await Rig.start();
  // Spoiled here and not by the proxy, which would double the work.
  client = new DynamoDBClient(clientSettings(rig.server.endpoint));
  client.middlewareStack.add(
    (next) => async (args) => {
      const { ConditionExpression, Key } = args.input as SeenRequest['input'];
      if (ConditionExpression?.includes('< :version')) onRefresh.get(Key?.lockKey?.S ?? '')?.();
      // So that either request overtakes the other now and then.
      await sleep(Math.random() * 4);
      return next(args);
    },
    { step: 'build' },
  );
  client.middlewareStack.add(
    (next) => async (args) => {
      const { Key } = args.input as SeenRequest['input'];
      return next(args).catch((error: unknown) => {
        if ((error as Error).name !== 'ConditionalCheckFailedException') disturbed.add(Key?.lockKey?.S ?? '');
        throw error;
      });
    },
    // Once an attempt.
    { step: 'finalizeRequest', priority: 'low' },
  );
  factory = rig.factory({ client, logger: { warn, debug: () => {} } });
});
afterAll(async () => {
  client.destroy();
  await rig.stop();
});

/** Runs that many races, in lanes that each use one lock, again and again: an entry left behind would stop it. */
async function inLanes(
  { lanes, races, startingOverMs }: { lanes: number; races: number; startingOverMs: number },
  race: (lane: number) => Promise<void>,
): Promise<void> {
  let started = 0;
  const run = async (lane: number): Promise<void> => {
    await sleep((lane / lanes) * startingOverMs);
    while (started < races) {
      started += 1;
      await race(lane);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
}

/** In a pause of a busy machine a release goes on unheard, behind its caller's back. */
function ifUnheard(error: unknown): void {
  if (!(error instanceof LockUnavailableError)) throw error;
}

/** Against refreshes that were asked for. */
async function raceRefreshes(onProgress: (races: number) => void): Promise<void> {
  const outcomes = { confirmed: 0, released: 0, unheard: 0 };
  let raceTookMs = 10;

  await inLanes({ lanes: 5, races: REFRESH_RACES, startingOverMs: 0 }, async (lane) => {
    const held = await factory.createLock(`refresh/${lane}`, { leaseSeconds: REFRESHED_LEASE_SECONDS }).acquire();
    const startedAt = performance.now();
    const refreshing = held.refresh().then(
      () => 'confirmed' as const,
      (error: unknown) => {
        // Not a loss: its owner gave it back.
        if (error instanceof LockLostError && error.reason === 'released') return error.reason;
        ifUnheard(error);
        return 'unheard' as const;
      },
    );
    await sleep(Math.random() * raceTookMs);
    await held.release().catch(ifUnheard);
    expect(held.signal.aborted).toBe(false);
    outcomes[await refreshing] += 1;
    raceTookMs = performance.now() - startedAt;
    onProgress(outcomes.confirmed + outcomes.released + outcomes.unheard);
  });

  expect(outcomes.confirmed + outcomes.released + outcomes.unheard).toBe(REFRESH_RACES);
  // Either came first now and then, or there was no race.
  expect(Math.min(outcomes.confirmed, outcomes.released)).toBeGreaterThan(0);
}

/** Against refreshes of the heartbeat. */
async function raceHeartbeats(): Promise<void> {
  let raced = 0;

  // Started one after the other: heartbeats that came all at once would queue for a connection.
  const startingOverMs = BEATING_LEASE_SECONDS * 500;
  await inLanes({ lanes: HEARTBEAT_RACES, races: HEARTBEAT_RACES, startingOverMs }, async (lane) => {
    const held = await factory.createLock(`heartbeat/${lane}`, { leaseSeconds: BEATING_LEASE_SECONDS }).acquire();
    await new Promise<void>((inFlight) => onRefresh.set(held.name, inFlight));
    await held.release().catch(ifUnheard);
    expect(held.signal.aborted).toBe(false);
    raced += 1;
  });

  expect(raced).toBe(HEARTBEAT_RACES);
}

test('a release beside a refresh in flight, 1,000 times: nothing is lost, and no entry stays', async () => {
  // Heartbeats come in their own time, however slow the server is; one on the JVM has to warm up first.
  const isWarm = gate();
  const refreshes = raceRefreshes((races) => races >= REFRESH_RACES / 4 && isWarm.open());
  await Promise.all([refreshes, isWarm.opened.then(raceHeartbeats)]);

  expect(warn).not.toHaveBeenCalled();
  await until(async () => (await rig.lockNames()).every((name = '') => disturbed.has(name)));
});
