/** Milliseconds of the machine's monotonic clock: the same in all processes, and out of reach of what workers do to theirs. */
export const trueMs = () => Number(process.hrtime.bigint()) / 1e6;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Notes when the event loop of this process stood still: under load, in a freeze, stopped by a signal. */
export function watchStalls() {
  const stalls = [];
  let last = trueMs();
  setInterval(() => {
    const now = trueMs();
    if (now - last > 60) stalls.push({ from: last, to: now });
    last = now;
  }, 20).unref();
  return { stalls, stalledSince: (from) => stalledWithin(stalls, from, Infinity) + Math.max(0, trueMs() - last - 60) };
}

export function stalledWithin(stalls, from, to) {
  let sum = 0;
  for (const stall of stalls) sum += Math.max(0, Math.min(stall.to, to) - Math.max(stall.from, from));
  return sum;
}
