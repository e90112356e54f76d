/** What is made has this tag, with the run's id, and a name that begins with this. Nothing else is ever touched. */
export const RUN_TAG = 'cdk-lynk-test-run';
export const PREFIX = 'cdk-lynk-test-';

export function stackName(run: string): string {
  return `${PREFIX}${run}`;
}

/** The functions: their code, by another entry of the client each, and the locks that they are allowed to take. */
export const FUNCTIONS = {
  contender: { code: 'contender', timeoutSeconds: 120, names: ['ready', 'contention', 'time-out', 'frozen'] },
  light: { code: 'light', timeoutSeconds: 60, names: ['ready', 'contention'] },
  narrow: { code: 'narrow', timeoutSeconds: 60, names: ['ready', 'contention', 'granted/*'] },
  // It is there to be ended by Lambda, and so must not wait for long.
  freezer: { code: 'light', timeoutSeconds: 15, names: ['ready', 'time-out', 'frozen'] },
} as const;
export type FunctionKind = keyof typeof FUNCTIONS;
export const KINDS = Object.keys(FUNCTIONS) as FunctionKind[];
/** One for each entry of the client. */
export const ENTRIES = ['contender', 'light', 'narrow'] as const satisfies FunctionKind[];
