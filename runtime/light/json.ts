type Members = Record<string, unknown>;

/** The body of a request: binary values become Base64, and members that are null are left out, as by the SDK. */
export function requestText(input: object): string {
  return JSON.stringify(input, function (this: Members, key, value) {
    // Not `value`: a Buffer has become an object there.
    const raw = this[key];
    if (ArrayBuffer.isView(raw)) return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64');
    return value === null && !Array.isArray(this) ? undefined : value;
  });
}

/** The body of an answer, in which binary values become bytes again. */
export function answerIn(text: string): Members {
  const answer: unknown = JSON.parse(text);
  if (typeof answer !== 'object' || answer === null) throw new SyntaxError(`an answer that is no object: ${text}`);
  return (/"BS?":/.test(text) ? withBytes(answer) : answer) as Members;
}

/**
 * An object with a text as `B`, or with an array as `BS`, can only be an attribute's value: in a map of attributes, each
 * member is an object.
 */
function withBytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBytes);
  if (typeof value !== 'object' || value === null) return value;
  const { B, BS } = value as Members;
  if (typeof B === 'string') return { B: bytesOf(B) };
  if (Array.isArray(BS)) return { BS: BS.map(bytesOf) };
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withBytes(member)]));
}

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}
