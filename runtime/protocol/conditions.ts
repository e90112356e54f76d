/**
 * The condition of each write on the item that stands in the table (docs/protocol.md, section 2). The DynamoDB store
 * says the same in DynamoDB's condition language; one contract suite tests both.
 */

/** What the conditions read; undefined if no item stands. */
export type Standing =
  | {
      /** The version number, if it is a text. */
      readonly version: string | undefined;
      /** Its fencing token, if it has one. */
      readonly fencingToken?: bigint | undefined;
      /** Whether it is a kept, free entry: lease 0, and all of lynk's attributes in order. */
      readonly isFree: boolean;
    }
  | undefined;

/** Acquire: no item, a kept free one, or exactly the version that was assessed as expired. */
export function mayAcquire(standing: Standing, expiredVersion: string | undefined): boolean {
  if (!standing || standing.isFree) return true;
  return expiredVersion !== undefined && standing.version === expiredVersion;
}

/**
 * Refresh: our hold, and a later version. Without the order a delayed refresh would bring an old version back, and a
 * contender that watched that one for a lease would take over from a living holder. With fencing, also the hold's own
 * token: another one tells that somebody else held the lock meanwhile, and that a late copy of the hold's first write
 * brought its entry back.
 */
export function mayRefresh(standing: Standing, holdId: string, version: string, fencingToken?: bigint): boolean {
  if (fencingToken !== undefined && standing?.fencingToken !== fencingToken) return false;
  return standing?.version?.includes(holdId) === true && standing.version < version;
}

/** Release or tombstone: our hold at any version, as the answer to a refresh may be lost. Or exactly one version. */
export function mayRelease(standing: Standing, ours: string): boolean {
  return standing?.version?.includes(ours) === true;
}

/**
 * Acquire and adopt, with fencing: the token has to rise. So a late copy of an earlier write does not land on an entry
 * that others have held and freed since.
 */
export function mayFence(standing: Standing, fencingToken: bigint | undefined): boolean {
  if (fencingToken === undefined || standing?.fencingToken === undefined) return true;
  return standing.fencingToken < fencingToken;
}

/** Adopt: exactly the version given, so that a second delivery of the text finds nothing. */
export function mayAdopt(standing: Standing, givenVersion: string): boolean {
  return standing?.version === givenVersion;
}
