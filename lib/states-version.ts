/**
 * The version of a state machine's entry.
 *
 *     3f2a8c1e-5b7d-4c62-9a01-179550141500
 *     └────── hold (a UUIDv4's) ─────┘ └─ sent, in hundredths of a second since the epoch
 *
 * It is a hold, drawn once an acquisition, and the time at which it was sent. So each attempt writes a version of its
 * own, an attempt recognises what an earlier one has written though its answer got lost, and a late one never brings an
 * old version back. It is not of our client's form: for others it says nothing about its age, and they take over by
 * observation alone.
 */

/** As much of a hold as is in each of its versions: all but the last group of the UUID. */
export const HOLD_LENGTH = 24;

/** When such a version was sent, in milliseconds since the epoch; `undefined` for any other's. */
export function sentMsOf(version: string): number | undefined {
  const [, sent] = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-(\d{12})$/.exec(version) ?? [];
  return sent === undefined ? undefined : Number(sent) * 10;
}
