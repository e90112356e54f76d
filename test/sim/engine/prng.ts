/**
 * The pseudo-random number generator of a schedule (sfc32). All randomness comes from one generator or its forks, so
 * the seed alone decides what happens.
 */
export class Prng {
  private a: number;
  private b: number;
  private c: number;
  private count = 1;

  constructor(seed: number) {
    this.a = seed | 0;
    this.b = Math.floor(seed / 2 ** 32) | 0;
    this.c = 0x9e3779b9;
    for (let round = 0; round < 12; round += 1) this.next();
  }

  /** Uniform in [0, 1). */
  fraction(): number {
    return this.next() / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.fraction();
  }

  /** A whole number, uniform in [low, high]. */
  whole(low: number, high: number): number {
    return low + Math.floor((high - low + 1) * this.fraction());
  }

  /** Log-uniform in [low, high): each order of magnitude is equally likely. */
  magnitude(low: number, high: number): number {
    return low * (high / low) ** this.fraction();
  }

  /** One of the choices, each equally likely. There has to be at least one. */
  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.fraction() * choices.length)] as T;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let index = 0; index < count; index += 1) bytes[index] = this.next() & 0xff;
    return bytes;
  }

  /** A separate generator for one part. Its draws do not change those of the other parts. */
  fork(): Prng {
    return new Prng(this.next() + this.next() * 2 ** 20);
  }

  private next(): number {
    const sum = (this.a + this.b + this.count) | 0;
    this.count = (this.count + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    this.c |= 0;
    return sum >>> 0;
  }
}
