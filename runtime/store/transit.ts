/**
 * Node's codes for a broken or refused connection, DNS, and an answer that is no HTTP; names of timeouts and aborts.
 */
const BROKEN =
  /(?:^| )(?:E(?!RR_|NOENT|ACCES|PERM|INVAL|ISDIR)[A-Z_]+ |HPE_|UND_|Z_|ERR_(?:SSL|HTTP|STREAM|SOCKET|TLS_HAND)|(?:Timeout|Abort)Error )/;
/** Codes of a certificate that is not trusted. The next connection would get the same one. */
const UNTRUSTED = /\w*(?:CERT|SELF_SIGNED|UNABLE_TO_|CRL_| INVALID_|HOSTNAME_|PATH_LENGTH_)\w*/;

/** The names and codes of an error and of its causes: the connection's error may be the innermost. */
function codesOf(error: unknown, depth = 4): string {
  if (typeof error !== 'object' || error === null || depth === 0) return '';
  const { name, code, cause, errors } = error as Partial<Record<'name' | 'code' | 'cause' | 'errors', unknown>>;
  const own = [name, code].filter((one) => typeof one === 'string');
  return [...own, ...[cause, errors].flat().map((one) => codesOf(one, depth - 1)), ''].join(' ');
}

/** Why no connection to the endpoint can succeed, and what can be done; undefined if one may succeed. */
export function endpointFault(error: unknown, message: string): string | undefined {
  const codes = codesOf(error);
  const untrusted = UNTRUSTED.exec(codes);
  if (untrusted) {
    return `its certificate is not trusted; NODE_EXTRA_CA_CERTS names authorities of your own (${untrusted[0]}: ${message})`;
  }
  if (/wrong.version.number/i.test(codes + message)) {
    return `its endpoint does not speak TLS; begin it with http:// (${message})`;
  }
  if (!codes.includes('ERR_INVALID_URL')) return undefined;
  const { input } = error as { readonly input?: unknown };
  return `its endpoint "${input}" is not a URL; begin it with http:// or https://`;
}

/** In `localhost:8000`, `localhost:` is the protocol of a URL. The SDK would send the request elsewhere. */
export function refuseWithoutProtocol(request: unknown): void {
  const { protocol = 'http:', path } = (request ?? {}) as { readonly protocol?: string; readonly path?: string };
  if (/^https?:$/.test(protocol)) return;
  throw Object.assign(new Error(), { code: 'ERR_INVALID_URL', input: protocol + path });
}

/** DynamoDB answers every request with JSON. An answer without a body, or with another type, comes from a middlebox. */
export function refuseForeignAnswer(headers: Readonly<Record<string, string>> | undefined): void {
  const { 'content-length': length, 'content-type': type = 'json' } = headers ?? {};
  if (length !== '0' && type.includes('json')) return;
  throw Object.assign(new Error(`an answer that is not DynamoDB's (content-type ${type}, content-length ${length})`), {
    code: 'EBADMSG',
    $retryable: {},
  });
}

/**
 * Whether an error arose in transit: no connection, no answer in time, or an answer that was cut off or comes from a
 * middlebox.
 */
export function isOfTransit(error: unknown): boolean {
  if (BROKEN.test(codesOf(error))) return true;
  const { name, $metadata, $response } = error as {
    readonly name?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $response?: { readonly statusCode?: number };
  };
  const status = $metadata?.httpStatusCode ?? $response?.statusCode;
  // An answer came. If it was good, a TypeError is a mistake in a program, and no failure in transit.
  return status !== undefined && (status >= 300 || !/^(?:Type|Reference)Error$/.test(`${name}`));
}
