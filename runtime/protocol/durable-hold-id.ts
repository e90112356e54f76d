import { parseVersion, type Version } from './version.js';

/**
 * The hold ids of one acquisition by a durable execution (docs/protocol.md, section 7). The execution holds the lock;
 * each piece of it that runs has a hold id of its own:
 *
 *     8b1e-9c4d-5f6a7 b8c 9d0e
 *     └─ acquisition┘ └┬┘ └─ tail: 16 random bits; zeros: nobody believes in it
 *        46 bits    ordinal: 12 bits, each is claimed once
 */

/** A step, a stretch and each of their repetitions takes one. An execution has 3,000 operations at most. */
const MOST_ORDINAL = 0xfff;
/** How many characters of a hold id name the acquisition, and the acquisition with an ordinal. */
const [ACQUISITION_LENGTH, PREFIX_LENGTH] = [15, 18];
/** Nobody believes in an entry with this tail. */
const NOBODYS_TAIL = '0000';

/** A version of the acquisition, taken apart. */
export interface Claim extends Version {
  readonly ordinal: number;
  /** Whether a run took the entry away from an earlier one: nobody believes in it. */
  readonly isEvicted: boolean;
}

/** A new acquisition, out of a random hold id. */
export function acquisitionFrom(randomHoldId: string): string {
  return randomHoldId.slice(0, ACQUISITION_LENGTH);
}

/** The hold id of one claim, whose tail is that of a random hold id. */
export function claimHoldId(acquisition: string, ordinal: number, randomHoldId: string): string {
  const tail = randomHoldId.slice(PREFIX_LENGTH);
  return ordinalPrefix(acquisition, ordinal) + (tail === NOBODYS_TAIL ? '0001' : tail);
}

/** The hold id that a run leaves in place of an earlier run's. */
export function evictedHoldId(acquisition: string, ordinal: number): string {
  return ordinalPrefix(acquisition, ordinal) + NOBODYS_TAIL;
}

/** The beginning of all hold ids with that ordinal. Its hyphens make sure that no other part of a version matches. */
export function ordinalPrefix(acquisition: string, ordinal: number): string {
  if (ordinal > MOST_ORDINAL) throw new RangeError(`an acquisition has ${MOST_ORDINAL} ordinals, got ${ordinal}`);
  return acquisition + ordinal.toString(16).padStart(PREFIX_LENGTH - ACQUISITION_LENGTH, '0');
}

/** Takes the version of an entry of this acquisition apart; undefined if it is another's. */
export function claimIn(acquisition: string, text: string): Claim | undefined {
  const version = parseVersion(text);
  if (!version?.holdId.startsWith(acquisition)) return undefined;
  const { holdId } = version;
  const ordinal = Number.parseInt(holdId.slice(ACQUISITION_LENGTH, PREFIX_LENGTH), 16);
  return { ...version, ordinal, isEvicted: holdId.endsWith(NOBODYS_TAIL) };
}
