import { runSchedule } from './schedule.js';
import { useOf } from './use.js';

test('schedules see permits taken and refused, several locks held, and results made and handed out', async () => {
  const lines: string[] = [];
  for (let seed = 0; seed < 160; seed += 1) {
    if (useOf(seed) !== 'locks') await runSchedule(seed, { lines });
  }
  const seen = lines.join('\n');

  const wanted = [
    /ts\d +HOLDS job#0/,
    /ts\d +HOLDS job#2/,
    /py\d +HOLDS job#1/,
    /readMany job#0 job#1/,
    /hears LockNotGrantedError: semaphore "job" in table "locks" was not granted .* permits are held by/,
    /ts\d +HOLDS [abc] and [abc] and [abc]/,
    /hears LockNotGrantedError: lock .*locks were asked for, or none; \d that had been taken were given back/,
    /hears LockLostError: (?:lock "[abc]"|permit "job#\d" of semaphore)/,
    /leave job \S+ as .*: written/,
    /ts\d +is served with a result of [0-4]\.\d+ s/,
    /ts\d +is served with a result of [1-9]\d*\.\d+ s/,
  ];
  expect(wanted.filter((what) => !what.test(seen))).toEqual([]);
}, 300_000);
