/** Words of up to this length are recognised with one mistake, longer ones with two. */
const SHORT = 4;

/** `; did you mean …?` if a mistyped word is close to one of these; otherwise nothing. */
export function didYouMean(mistyped: string, words: readonly string[], before = ''): string {
  const most = mistyped.length <= SHORT ? 1 : 2;
  const close = words.map((word) => ({ word, mistakes: mistakesIn(mistyped, word) }));
  const [best] = close.filter(({ mistakes }) => mistakes <= most).sort((one, other) => one.mistakes - other.mistakes);
  return best ? `; did you mean ${before}${best.word}?` : '';
}

/**
 * How many letters are missing, too many, wrong, or swapped with their neighbour. Node.js has no function for it that
 * we may use, and a package would be installed by everybody who installs this one.
 */
function mistakesIn(typed: string, meant: string): number {
  const counts: number[][] = [];
  const at = (i: number, j: number): number => counts[i]?.[j] ?? 0;
  for (let i = 0; i <= typed.length; i += 1) {
    counts.push([]);
    for (let j = 0; j <= meant.length; j += 1) {
      const wrong = typed[i - 1] === meant[j - 1] ? 0 : 1;
      const ways = i === 0 || j === 0 ? [i + j] : [at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + wrong];
      const isSwapped = i > 1 && j > 1 && typed[i - 1] === meant[j - 2] && typed[i - 2] === meant[j - 1];
      if (isSwapped) ways.push(at(i - 2, j - 2) + 1);
      counts[i]?.push(Math.min(...ways));
    }
  }
  return at(typed.length, meant.length);
}
