import fc from 'fast-check';
import { LeaseState } from '../../../runtime/protocol/lease-state.js';
import { formatVersion, holdIdFrom, parseVersion, STAMP_LIMIT_MS } from '../../../runtime/protocol/version.js';

const HOLD = holdIdFrom(new Uint8Array(10).fill(7));
const LEASE_SECONDS = 10;
const WHOLE_MS = 10_000 - 350;
const STAMP = Date.UTC(2026, 0, 1);

const newLedger = (): LeaseState => new LeaseState(HOLD, LEASE_SECONDS);

describe('a drawn version', () => {
  test('carries the hold id and the stamp', () => {
    const version = newLedger().draw(0, STAMP + 0.75, true);

    expect(parseVersion(version)).toEqual({ stampMs: STAMP, timed: true, holdId: HOLD });
  });

  test('is greater than every earlier one, wherever the clock goes', () => {
    const clockReading = fc.oneof(fc.integer({ min: -1000, max: 2 ** 45 }), fc.constantFrom(0, STAMP_LIMIT_MS));
    const readings = fc.array(fc.tuple(clockReading, fc.boolean()), { minLength: 2 });
    fc.assert(
      fc.property(readings, (drawn) => {
        const lease = newLedger();
        // Nothing can follow the last stamp there is.
        const possible = drawn.filter(([stamp], index) => stamp < STAMP_LIMIT_MS - 1 || index === drawn.length - 1);
        const versions = possible.map(([stamp, timed], index) => lease.draw(index, stamp, timed));

        expect(versions.every((version, index) => version > (versions[index - 1] ?? ''))).toBe(true);
      }),
    );
  });

  test('rises by one where the clock stands or went back', () => {
    const lease = newLedger();
    const stamps = [STAMP, STAMP, STAMP - 5000, STAMP + 10].map((at) => parseVersion(lease.draw(0, at, true))?.stampMs);

    expect(stamps).toEqual([STAMP, STAMP + 1, STAMP + 2, STAMP + 10]);
  });

  test('begins with stamp 0 where the clock reads less', () => {
    expect(parseVersion(newLedger().draw(0, -5000, true))?.stampMs).toBe(0);
  });

  test('keeps the top bit once it was set', () => {
    const lease = newLedger();
    const timed = [true, false, true, true].map((wish) => parseVersion(lease.draw(0, STAMP, wish))?.timed);

    expect(timed).toEqual([true, false, false, false]);
  });
});

test('a hold has a fencing token only where it is asked for', () => {
  expect(newLedger().fencing).toBe(false);
  expect(new LeaseState(HOLD, LEASE_SECONDS, true)).toMatchObject({ fencing: true, fencingToken: undefined });
});

describe('a confirmed version', () => {
  test('moves the deadline to what it offers', () => {
    const lease = newLedger();
    expect(lease.deadlineMs).toBe(-Infinity);

    expect(lease.confirm(lease.draw(1000, STAMP, true), STAMP)).toBe(true);

    expect(lease.deadlineMs).toBe(1000 + WHOLE_MS);
    expect(lease.confirmedSentMs).toBe(1000);
  });

  test('counts from its own sending, not from that of a later attempt', () => {
    const lease = newLedger();
    const first = lease.draw(1000, STAMP, true);
    lease.draw(4000, STAMP + 3000, true);

    lease.confirm(first, STAMP);

    expect(lease.deadlineMs).toBe(1000 + WHOLE_MS);
  });

  test('offers less by what its stamp was behind the Date', () => {
    const lease = newLedger();

    lease.confirm(lease.draw(1000, STAMP, true), STAMP + 2000);

    expect(lease.deadlineMs).toBe(1000 + WHOLE_MS - 2000);
  });

  test('extends nothing where this hold never drew it', () => {
    const lease = newLedger();
    lease.confirm(lease.draw(1000, STAMP, true), STAMP);
    const unknown = formatVersion({ stampMs: STAMP + 5000, timed: true, holdId: HOLD });

    expect(lease.confirm(unknown, STAMP + 5000)).toBe(false);

    expect(lease.deadlineMs).toBe(1000 + WHOLE_MS);
    expect(lease.confirmedSentMs).toBe(1000);
  });

  test('never moves the deadline back', () => {
    const lease = newLedger();
    lease.confirm(lease.draw(1000, STAMP, true), STAMP);

    expect(lease.confirm(lease.draw(2000, STAMP + 1000, true), STAMP + 9000)).toBe(false);

    expect(lease.deadlineMs).toBe(1000 + WHOLE_MS);
    expect(lease.confirmedSentMs).toBe(2000);
  });

  test('with a plain stamp offers nothing where the answer had no Date, and all once it has the top bit', () => {
    const lease = newLedger();

    expect(lease.confirm(lease.draw(1000, STAMP, true), undefined)).toBe(false);
    expect(lease.deadlineMs).toBe(-Infinity);

    expect(lease.confirm(lease.draw(2000, STAMP + 1000, false), undefined)).toBe(true);
    expect(lease.deadlineMs).toBe(2000 + WHOLE_MS);
  });

  test('may be told of twice', () => {
    const lease = newLedger();
    const version = lease.draw(1000, STAMP, true);

    expect(lease.confirm(version, STAMP)).toBe(true);
    expect(lease.confirm(version, STAMP + 4000)).toBe(false);
    expect(lease.confirm(version, STAMP)).toBe(false);

    expect(lease.deadlineMs).toBe(1000 + WHOLE_MS);
  });

  test('offers its deadline once an answer has a Date, where an earlier answer had none', () => {
    const lease = newLedger();
    const version = lease.draw(1000, STAMP, true);

    expect(lease.confirm(version, undefined)).toBe(false);
    expect(lease.confirm(version, STAMP)).toBe(true);

    expect(lease.deadlineMs).toBe(1000 + WHOLE_MS);
  });

  test('leaves a later one as it is, and does away with the earlier ones, of which no answer speaks again', () => {
    const lease = newLedger();
    const [first, second, third] = [1000, 2000, 3000].map((at) => lease.draw(at, STAMP + at, true)) as [
      string,
      string,
      string,
    ];
    lease.confirm(second, undefined);

    expect(lease.confirm(first, STAMP + 1000)).toBe(false);
    expect(lease.deadlineMs).toBe(-Infinity);
    expect(lease.confirm(third, STAMP + 3000)).toBe(true);
  });

  test('leaves the latest of all deadlines offered, whichever answers arrive', () => {
    const attempts = fc.array(fc.record({ gapMs: fc.nat(3000), lagMs: fc.nat(3000), isAnswered: fc.boolean() }));
    fc.assert(
      fc.property(attempts, (made) => {
        const lease = newLedger();
        let [sentMs, latest] = [0, -Infinity];
        for (const { gapMs, lagMs, isAnswered } of made) {
          // Gaps beyond the lag, or the stamps would have to be pushed up.
          sentMs += 3001 + gapMs;
          const version = lease.draw(sentMs, STAMP + sentMs - lagMs, true);
          if (!isAnswered) continue;
          lease.confirm(version, STAMP + sentMs);
          latest = Math.max(latest, sentMs + WHOLE_MS - lagMs);
        }

        expect(lease.deadlineMs).toBe(latest);
      }),
    );
  });
});

describe('the latest token', () => {
  test('is the greatest that was asked for, until an answer told the hold’s own', () => {
    const lease = new LeaseState(HOLD, LEASE_SECONDS, true);
    lease.draw(0, STAMP, true);
    const told = [undefined, 5n, 3n, 8n, undefined].map((token) => {
      lease.asks(Infinity, token);
      return lease.latestToken;
    });
    expect(told).toEqual([undefined, 5n, 5n, 8n, 8n]);

    lease.fencingToken = 7n;
    expect(lease.latestToken).toBe(7n);
  });
});

describe('when TTL may delete the entry', () => {
  test('is what the confirmed version’s own write asked for', () => {
    const lease = newLedger();
    const first = lease.draw(0, STAMP, true);
    lease.asks(1234);
    const second = lease.draw(1, STAMP, true);
    lease.asks();

    lease.confirm(first, STAMP);
    expect(lease.expiresAtSeconds).toBe(1234);
    lease.confirm(second, STAMP);
    expect(lease.expiresAtSeconds).toBe(Infinity);
  });

  test('is nothing to take note of before a version was drawn', () => {
    const lease = newLedger();
    lease.asks(1234, 5n);

    expect(lease).toMatchObject({ latestToken: 5n, expiresAtSeconds: Infinity });
  });
});

describe('stamps are ahead', () => {
  test('of a time that is earlier than the latest', () => {
    const lease = newLedger();
    expect(lease.isAheadOf(0)).toBe(false);

    lease.draw(0, STAMP, true);

    expect([STAMP - 1, STAMP, STAMP + 1].map((timeMs) => lease.isAheadOf(timeMs))).toEqual([true, false, false]);
  });

  test('of nothing where contenders do not go by them', () => {
    const lease = newLedger();
    lease.draw(0, STAMP, false);

    expect(lease.isAheadOf(STAMP - 1)).toBe(false);
  });
});

describe('a hold that is renewed', () => {
  const OTHER = holdIdFrom(new Uint8Array(10).fill(8));

  test('begins anew under the other id, with whatever stamp, and knows what it was', () => {
    const lease = new LeaseState(HOLD, LEASE_SECONDS, true);
    const ahead = lease.draw(1000, STAMP + 60_000, true);
    lease.asks(Infinity, 5n);
    lease.confirm(ahead, STAMP + 60_000);

    lease.renew(OTHER);

    expect(lease).toMatchObject({ holdId: OTHER, deadlineMs: -Infinity, confirmedSentMs: -Infinity });
    expect([lease.confirmedVersion, lease.fencingToken, lease.isAheadOf(0)]).toEqual([undefined, undefined, false]);
    const { former } = lease;
    expect(former).toMatchObject({ holdId: HOLD, leaseSeconds: LEASE_SECONDS, fencing: true });
    expect(former).toMatchObject({ confirmedVersion: ahead, latestToken: 5n });
    expect(lease.confirm(ahead, STAMP)).toBe(false);
    expect(parseVersion(lease.draw(2000, STAMP, true))).toEqual({ stampMs: STAMP, timed: true, holdId: OTHER });
  });

  test('forgets what it was once an answer confirms what it is', () => {
    const lease = newLedger();
    lease.draw(1000, STAMP + 60_000, true);
    lease.renew(OTHER);
    const version = lease.draw(2000, STAMP, true);
    expect(lease.former).toBeDefined();

    expect(lease.confirm(version, STAMP)).toBe(true);

    expect(lease).toMatchObject({ former: undefined, deadlineMs: 2000 + WHOLE_MS, confirmedSentMs: 2000 });
  });
});
