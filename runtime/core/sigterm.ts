/** What is released when the process gets SIGTERM. */
export interface Kept {
  /** Releases it. Never rejects. */
  end(): Promise<void>;
}

/** Releasing may take this long in all. Whoever sent the signal kills the process soon after. */
const GIVE_BACK_MS = 5000;

const kept = new Set<Kept>();
let isGivingBack = false;

/** From now on it is released on SIGTERM. Lambda sends that only if an extension is registered. */
export function giveBackOnSigterm(one: Kept): void {
  kept.add(one);
  if (!process.listeners('SIGTERM').includes(onSigterm)) process.on('SIGTERM', onSigterm);
}

/** It is released already, or lost. */
export function keepNoMore(one: Kept): void {
  kept.delete(one);
}

function onSigterm(): void {
  // A second signal must not cut off what the first one began: while this listener is there, it ends nothing.
  if (isGivingBack) return;
  isGivingBack = true;
  void withinLimit(giveBackAll()).then(() => {
    isGivingBack = false;
    // A listener keeps the process from ending. If there is no other listener, the process ends now.
    const isAlone = process.listeners('SIGTERM').every((listener) => listener === onSigterm);
    if (isAlone || kept.size === 0) process.off('SIGTERM', onSigterm);
    if (isAlone) process.kill(process.pid, 'SIGTERM');
  });
}

async function giveBackAll(): Promise<void> {
  // Twice: meanwhile the next use in the queue may have taken a lock anew.
  for (let round = 0; round < 2; round += 1) await Promise.all([...kept].map((one) => one.end()));
}

/** Resolves with it, or when its time is over. Keeps the process alive until then. */
function withinLimit(given: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GIVE_BACK_MS);
    void given.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
