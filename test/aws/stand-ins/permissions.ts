import type { IncomingHttpHeaders } from 'node:http';
import { isAllowed } from '../../deploy/policy-evaluator.js';
import type { Answer, Forward } from './cloud.js';

/** The access key of a sandbox names its function's role; any other key may do everything. */
export const ROLE_KEY = 'ROLE.';
const ACCOUNT = '123456789012';
const REGION = 'eu-west-1';

interface Wanted {
  readonly operation: string;
  readonly TableName: string;
  readonly key: Readonly<Record<string, { readonly S?: string }>>;
}

/** Asks an evaluator of policies, which is not IAM, whether the policies that moto has of a role let a request through. */
export class Permissions {
  private readonly decided = new Map<string, Promise<boolean>>();

  constructor(private readonly deployed: Forward) {}

  /** The answer to a request that is not allowed. */
  async refusalOf(headers: IncomingHttpHeaders, { operation, TableName, key }: Wanted): Promise<Answer | undefined> {
    const role = /Credential=ROLE\.([^/]+)\//.exec(headers.authorization ?? '')?.[1];
    if (role === undefined) return undefined;
    const tableArn = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${TableName}`;
    const name = String((key['lockKey'] ?? key['id'])?.S);
    // Items of the data table differ in every request, and its grant knows no names.
    const asked = [role, operation, TableName, key['lockKey'] ? name : ''].join(' ');
    const decided =
      this.decided.get(asked) ??
      this.policiesOf(role).then((policies) =>
        isAllowed(policies, { action: `dynamodb:${operation}`, tableArn, names: [name] }),
      );
    this.decided.set(asked, decided);
    if (await decided) return undefined;
    const message = `User: arn:aws:sts::${ACCOUNT}:assumed-role/${role} is not authorized to perform: dynamodb:${operation} on resource: ${tableArn} because no identity-based policy allows the dynamodb:${operation} action`;
    const body = { __type: 'com.amazon.coral.service#AccessDeniedException', Message: message };
    return {
      status: 400,
      headers: { 'content-type': 'application/x-amz-json-1.0', date: new Date().toUTCString() },
      body: Buffer.from(JSON.stringify(body)),
    };
  }

  private async policiesOf(role: string): Promise<object[]> {
    const ask = async (input: Record<string, string>): Promise<string> => {
      const body = Buffer.from(new URLSearchParams({ ...input, RoleName: role, Version: '2010-05-08' }).toString());
      const headers = {
        authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=none`,
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(body.length),
        host: 'iam.amazonaws.com',
      };
      return (await this.deployed({ method: 'POST', path: '/', headers, body })).body.toString();
    };
    const listed = await ask({ Action: 'ListRolePolicies' });
    const names = [...listed.matchAll(/<member>([^<]+)<\/member>/g)].map(([, name = '']) => name);
    if (names.length === 0) throw new Error(`the role ${role} has no policies: ${listed}`);
    return Promise.all(
      names.map(async (PolicyName) => {
        const answered = await ask({ Action: 'GetRolePolicy', PolicyName });
        const document = /<PolicyDocument>([^<]+)<\/PolicyDocument>/.exec(answered)?.[1];
        if (document === undefined) throw new Error(`no policy ${PolicyName}: ${answered}`);
        return JSON.parse(unescaped(document)) as object;
      }),
    );
  }
}

/** moto writes it as XML text; IAM encodes it for URLs as well. */
function unescaped(document: string): string {
  const text = document.replaceAll('&quot;', '"').replaceAll('&#34;', '"').replaceAll('&amp;', '&');
  return text.startsWith('{') ? text : decodeURIComponent(text);
}
