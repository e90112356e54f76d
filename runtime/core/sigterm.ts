/** What is given back when the process is told to end. */
export interface Kept {
  /** Gives it back. Never rejects. */
  end(): Promise<void>;
}

/** How long giving back may take in all, whatever the leases: whoever sent the signal kills before long. */
const GIVE_BACK_MS = 5000;

const kept = new Set<Kept>();
let isGivingBack = false;

/** From now on it is given back on SIGTERM. Lambda sends that only where an extension is registered. */
export function giveBackOnSigterm(one: Kept): void {
  kept.add(one);
  if (!process.listeners('SIGTERM').includes(onSigterm)) process.on('SIGTERM', onSigterm);
}

/** It is given back already, or lost. */
export function keepNoMore(one: Kept): void {
  kept.delete(one);
}

function onSigterm(): void {
  // A second signal is not to cut off what the first one began: while this listener is there, it ends nothing.
  if (isGivingBack) return;
  isGivingBack = true;
  void withinLimit(giveBackAll()).then(() => {
    isGivingBack = false;
    // Whoever listens keeps the process from ending, as it would have: where nobody else does, it ends now.
    const isAlone = process.listeners('SIGTERM').every((listener) => listener === onSigterm);
    if (isAlone || kept.size === 0) process.off('SIGTERM', onSigterm);
    if (isAlone) process.kill(process.pid, 'SIGTERM');
  });
}

async function giveBackAll(): Promise<void> {
  // Twice: the second time what the next use in turn has taken anew meanwhile.
  for (let round = 0; round < 2; round += 1) await Promise.all([...kept].map((one) => one.end()));
}

/** Resolves with it, or when the time for it is over. Until then the process stays. */
function withinLimit(given: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GIVE_BACK_MS);
    void given.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
