import { UnusableConnection } from '../store/connection.js';

/** Where requests go, and the region that they are signed for. */
export interface Endpoint {
  readonly url: URL;
  readonly region: string;
  /** What the environment names as the endpoint; empty if it names none. */
  readonly named: string;
}

/** The domains of regions: those of the default partition come last. */
const DOMAINS: readonly (readonly [regions: RegExp, domain: string, dualStackDomain: string])[] = [
  [/^cn-/, 'amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
  [/^eusc-/, 'amazonaws.eu', 'api.amazonwebservices.eu'],
  [/^us-iso-/, 'c2s.ic.gov', 'api.aws.ic.gov'],
  [/^us-isob-/, 'sc2s.sgov.gov', 'api.aws.scloud'],
  [/^eu-isoe-/, 'cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'],
  [/^us-isof-/, 'csp.hci.ic.gov', 'api.aws.hci.ic.gov'],
  [/^/, 'amazonaws.com', 'api.aws'],
];

/**
 * The endpoint that the environment asks for, by the variables of the AWS SDKs.
 * @throws UnusableConnection if it asks for none that exists
 */
export function endpointIn(environment: Readonly<Record<string, string | undefined>>): Endpoint {
  const {
    AWS_REGION: named = '',
    AWS_ENDPOINT_URL_DYNAMODB: own,
    AWS_ENDPOINT_URL: common,
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: ignored,
    AWS_USE_FIPS_ENDPOINT: fips,
    AWS_USE_DUALSTACK_ENDPOINT: dualStack,
  } = environment;
  if (named === '') throw new UnusableConnection('the AWS region is not set; set AWS_REGION');
  const region = named.replace(/^fips-|-fips$/, '');
  if (!/^[a-z\d-]{1,63}$/i.test(region)) throw new UnusableConnection(`the AWS region "${region}" cannot be one`);
  const isFips = fips === 'true' || region !== named;
  const isDualStack = dualStack === 'true';
  const custom = (ignored === 'true' ? undefined : own || common) || (region === 'local' ? LOCAL : undefined);
  if (custom === undefined)
    return { url: new URL(`https://${hostOf(region, isFips, isDualStack)}`), region, named: '' };
  if (isFips || isDualStack) {
    throw new UnusableConnection(
      `the endpoint ${custom} has no variant for FIPS or dual-stack; name none, or unset both`,
    );
  }
  return { url: new URL(custom), region: region === 'local' ? 'us-east-1' : region, named: custom };
}

const LOCAL = 'http://localhost:8000';

function hostOf(region: string, isFips: boolean, isDualStack: boolean): string {
  const [, domain, dualStackDomain] = DOMAINS.find(([regions]) => regions.test(region)) as (typeof DOMAINS)[number];
  // In GovCloud, the ordinary endpoint is the one for FIPS.
  const isApart = isFips && (isDualStack || !region.startsWith('us-gov-'));
  return `dynamodb${isApart ? '-fips' : ''}.${region}.${isDualStack ? dualStackDomain : domain}`;
}
