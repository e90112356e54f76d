/** What a check has found. `not checked` is none of the other two: a stand-in, or chance, left nothing to judge. */
export interface Finding {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'not checked';
  readonly said: string;
}
