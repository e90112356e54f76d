import { randomFrom } from '../random.mjs';
import { trueMs } from '../time.mjs';

/** Probabilities in each weather; what is left out is 0. */
const WEATHER = {
  fair: {},
  slow: { late: 0.3, lateMs: 400, answer: 0.3, answerMs: 400, copy: 0.1 },
  repeating: { copy: 0.6, cutAfter: 0.1 },
  lossy: { cutBefore: 0.12, cutAfter: 0.15, half: 0.06, copy: 0.1 },
  late: { late: 0.12, lateMs: 5_000, cutAfter: 0.05, copy: 0.2, hang: 0.05 },
  refusing: { refuse: 0.12, refuseAfter: 0.12, throttle: 0.1, copy: 0.1 },
  stale: { stale: 0.8, behindMs: 4_000, copy: 0.1 },
  outage: { cutBefore: 0.9, hang: 0.1 },
};
const REFUSALS = ['html', 'html503', 'tooLarge', 'internal', 'denied', 'expired', 'empty'];

/** What happens to requests and answers, by the plan's weather. */
export class Misfortune {
  constructor(plan) {
    this.plan = plan;
    this.random = randomFrom(plan.seed ^ 0x5eed);
  }

  /** From now on the plan's weather counts. */
  begin() {
    this.beganMs = trueMs();
  }

  /** What becomes of one request: what delays it, stands in its way, repeats it, or stands in its answer's way. */
  fateOf(network, action) {
    const { random } = this;
    const odds = this.weatherOf(network);
    const isRead = action.includes('Get');
    const fate = {};
    if (random.chance(odds.late ?? 0)) fate.lateMs = random.between(20, odds.lateMs);
    if (random.chance(odds.answer ?? 0)) fate.answerMs = random.between(20, odds.answerMs);
    if (isRead && random.chance(odds.stale ?? 0)) fate.behindMs = random.between(0, odds.behindMs);
    if (!isRead && random.chance(Math.max(odds.copy ?? 0, this.plan.copies))) fate.copiesMs = this.copies();
    fate.before = random.weighted([
      [odds.cutBefore ?? 0, 'cut'],
      [odds.hang ?? 0, 'hang'],
      [odds.refuse ?? 0, random.pick(REFUSALS)],
      [odds.throttle ?? 0, 'throttled'],
      [1 - sum(odds, ['cutBefore', 'hang', 'refuse', 'throttle']), undefined],
    ]);
    fate.after = random.weighted([
      [odds.cutAfter ?? 0, 'cut'],
      [odds.half ?? 0, 'half'],
      [odds.refuseAfter ?? 0, random.pick(REFUSALS)],
      [1 - sum(odds, ['cutAfter', 'half', 'refuseAfter']), undefined],
    ]);
    return fate;
  }

  /** The `Date` of one answer: that of a front end, or of a proxy that keeps it for a while; or none. */
  date(network) {
    const { random, plan } = this;
    const { offsetsMs, cachedMs, missing, stripped } = plan.dates;
    if (stripped === network || random.chance(missing)) return undefined;
    const offsetMs = random.pick(offsetsMs) - (random.chance(0.3) ? random.between(0, cachedMs) : 0);
    return new Date(Date.now() + offsetMs).toUTCString();
  }

  copies() {
    const longest = this.random.pick([300, 1_500, 4_000, 8_000, 8_000]);
    return Array.from({ length: this.random.whole(1, 2) }, () => this.random.between(1, longest));
  }

  weatherOf(network) {
    const atMs = trueMs() - (this.beganMs ?? Infinity);
    const now = this.plan.weather.find((one) => one.network === network && atMs >= one.fromMs && atMs < one.toMs);
    return WEATHER[now?.kind ?? 'fair'];
  }
}

export const KINDS_OF_WEATHER = Object.keys(WEATHER);

function sum(odds, names) {
  return names.reduce((total, name) => total + (odds[name] ?? 0), 0);
}
