/** How the AWS SDK calls its notice about old versions of Node.js. It has nine lines. */
const NOTICE = 'NodeVersionSupportWarning';

/**
 * Keeps that notice of the AWS SDK from standing in front of an answer. Every other warning is printed. For programs
 * of ours only: a library leaves the warnings of a process alone.
 */
export function withoutSdkNotice(): void {
  const emit = process.emitWarning.bind(process) as (...args: readonly unknown[]) => void;
  process.emitWarning = (warning: string | Error, ...rest: readonly unknown[]): void => {
    if (!String(warning).startsWith(NOTICE)) emit(warning, ...rest);
  };
}
