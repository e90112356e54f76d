/** What is read of Stryker's JSON report. */
export interface Report {
  /** By path. */
  readonly files: Readonly<Record<string, MutatedFile>>;
}

interface MutatedFile {
  readonly source: string;
  readonly mutants: readonly Mutant[];
}

/** One small change to the source, and whether a test noticed. */
export interface Mutant {
  readonly mutatorName: string;
  readonly location: Span;
  readonly replacement?: string;
  /** Of a time-out: how often the mutant was come by, where that was too often. */
  readonly statusReason?: string;
  readonly status:
    | 'Killed'
    | 'Timeout'
    | 'Survived'
    | 'NoCoverage'
    | 'RuntimeError'
    | 'CompileError'
    | 'Ignored'
    | 'Pending';
}

/** Lines and columns count from 1; the end is the first column that is not part of it. */
export interface Span {
  readonly start: { readonly line: number; readonly column: number };
  readonly end: { readonly line: number; readonly column: number };
}
