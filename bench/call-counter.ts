import { Session } from 'node:inspector/promises';
import { pathToFileURL } from 'node:url';

/** How much of some files was run. */
export interface Counted {
  /** Files with a function that was called. */
  readonly files: number;
  /** Functions that were called. V8 counts the field initializers of a class as one function. */
  readonly functions: number;
  /** Calls of all these functions. */
  readonly calls: number;
}

/** Counts the calls of functions in the files of a folder, by V8's coverage. */
export class CallCounter {
  private readonly session = new Session();

  private constructor(private readonly root: string) {}

  /** Must be called before the files are imported. */
  static async of(folder: string): Promise<CallCounter> {
    const counter = new CallCounter(`${pathToFileURL(folder).href}/`);
    counter.session.connect();
    await counter.session.post('Profiler.enable');
    // Without `detailed`, a function would count again each time that it continues after an `await`.
    await counter.session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    return counter;
  }

  /** The counts since the last call of this method. */
  async take(): Promise<Counted> {
    const { result } = await this.session.post('Profiler.takePreciseCoverage');
    let files = 0;
    let functions = 0;
    let calls = 0;
    for (const script of result.filter(({ url }) => url.startsWith(this.root))) {
      const counts = script.functions.flatMap(({ functionName, ranges: [whole] }) => {
        // V8 reports a module's top level as a function without a name.
        if (!whole || (functionName === '' && whole.startOffset === 0)) return [];
        return whole.count > 0 ? [whole.count] : [];
      });
      if (counts.length > 0) files += 1;
      functions += counts.length;
      calls += counts.reduce((sum, count) => sum + count, 0);
    }
    return { files, functions, calls };
  }
}
