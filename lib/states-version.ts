/**
 * The version of a state machine's entry.
 *
 *     3f2a8c1e-5b7d-4c62-9a01-179550141500
 *     └────── hold (a UUIDv4's) ─────┘ └─ sent, in hundredths of a second since the epoch
 *
 * It consists of a hold, drawn once for each acquisition, and the time at which the request was sent. So each attempt
 * writes its own version. An attempt recognises the version of an earlier attempt whose answer was lost. A late attempt
 * never restores an old version. The client's versions have another form. A state machine's version does not tell other
 * processes its age, so they take over by observation alone.
 */

/** The length of the part of a hold that is in each of its versions: all but the last group of the UUID. */
export const HOLD_LENGTH = 24;

/** When a state machine's version was sent, in milliseconds since the epoch. `undefined` for any other version. */
export function sentMsOf(version: string): number | undefined {
  const [, sent] = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-(\d{12})$/.exec(version) ?? [];
  return sent === undefined ? undefined : Number(sent) * 10;
}
