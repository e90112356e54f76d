/** What a worker process is told to do, TypeScript or Python. */
export interface WorkerTask {
  /** Of this process: `w3.2` is the second one started in place 3. */
  readonly name: string;
  readonly seed: string;
  readonly table: string;
  readonly locks: readonly string[];
  /** Path of its journal. */
  readonly journal: string;
  readonly counterPort: number;
  /** Whether it ignores its deadline. TypeScript only. */
  readonly plantedBug: boolean;
}
