import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** Who believes at the moment that they hold which lock. All of this process. */
export class Beliefs {
  overlaps = [];
  works = 0;
  #inside = new Set();
  #others = new Map();

  /**
   * Works for a while under the hold, and looks all the time whether somebody else believes as well.
   * @param acquisition whose steps follow each other, without another holder in between
   */
  async work(hold, acquisition, ms) {
    const me = { hold, who: `${acquisition}, work ${++this.works}` };
    this.#inside.add(me);
    const until = performance.now() + ms;
    try {
      if (hold.isHeld) this.#noteOrder(hold.name, acquisition);
      do {
        this.#look(me);
        await sleep(10);
      } while (performance.now() < until && hold.isHeld);
      this.#look(me);
    } finally {
      this.#inside.delete(me);
    }
  }

  /** Once another has held the lock, none of an acquisition's steps begins any more. */
  #noteOrder(lock, who) {
    const { last, over } = this.#others.get(lock) ?? { last: who, over: new Set() };
    if (last !== who) over.add(last);
    if (over.has(who)) this.overlaps.push(`${lock}: ${who} goes on after ${last}`);
    this.#others.set(lock, { last: who, over });
  }

  #look(me) {
    if (!me.hold.isHeld) return;
    for (const other of this.#inside) {
      if (other === me || other.hold.name !== me.hold.name || !other.hold.isHeld) continue;
      this.overlaps.push(`${me.hold.name}: ${me.who} beside ${other.who}`);
    }
  }
}

/** A client whose answers get lost now and then, and whose requests come late, even after they were given up. */
export function faultyClient(random, { lost, late }) {
  const client = new DynamoDBClient({ maxAttempts: 1 });
  const spoil = (next) => async (request) => {
    const chance = random();
    if (chance < late) {
      setTimeout(() => next(request).catch(() => undefined), random() * 3000);
      throw Object.assign(new Error('nothing was heard'), { name: 'TimeoutError' });
    }
    const answer = await next(request);
    if (chance < late + lost) throw Object.assign(new Error('the answer was lost'), { name: 'TimeoutError' });
    return answer;
  };
  client.middlewareStack.add(spoil, { step: 'deserialize', priority: 'high' });
  return client;
}

/** Uniform in [0, 1), and the same for the same seed. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
