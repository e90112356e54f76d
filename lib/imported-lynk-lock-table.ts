import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import {
  clientDefaultsOf,
  KNOWN_DEFAULTS,
  type LynkClientDefaults,
  validateClientDefaults,
} from './client-defaults.js';
import { type Known, refuseUnknown } from './known-props.js';
import { LynkLockGrants } from './lock-grants.js';
import { LynkLockTableBase } from './lynk-lock-table-base.js';
import type { LynkLockTableAttributes } from './lynk-lock-table-props.js';
import { refusal, shown } from './refusal.js';
import { validateTableName } from './table-rules.js';

const KNOWN: Known<LynkLockTableAttributes> = {
  tableName: true,
  tableArn: true,
  encryptionKey: true,
  replicaRegions: true,
  ...KNOWN_DEFAULTS,
};

/** An imported lock table. */
export class ImportedLynkLockTable extends LynkLockTableBase {
  readonly tableName: string;
  readonly tableArn: string;
  readonly encryptionKey?: IKey;
  readonly replicaRegions: string[];
  readonly grants: LynkLockGrants;
  protected readonly clientDefaults: LynkClientDefaults;

  constructor(scope: Construct, id: string, attrs: LynkLockTableAttributes) {
    refuseUnknown(scope, attrs, KNOWN, 'fromLynkLockTableAttributes');
    const tableArn = arnOf(scope, attrs);
    super(scope, id, { environmentFromArn: tableArn });
    validateClientDefaults(this, attrs);
    this.tableArn = tableArn;
    this.tableName = attrs.tableName ?? nameIn(scope, tableArn);
    if (attrs.encryptionKey) this.encryptionKey = attrs.encryptionKey;
    this.clientDefaults = clientDefaultsOf(attrs);
    this.replicaRegions = attrs.replicaRegions ?? [];
    this.grants = new LynkLockGrants({
      table: this,
      replicaTableArns: this.replicaRegions.map((region) => this.replicaArn(region)),
      ...(this.encryptionKey && { encryptionKey: this.encryptionKey }),
    });
  }

  private replicaArn(region: string): string {
    const parts = this.stack.splitArn(this.tableArn, ArnFormat.SLASH_RESOURCE_NAME);
    return this.stack.formatArn({ ...parts, region });
  }
}

function arnOf(scope: Construct, { tableArn, tableName }: LynkLockTableAttributes): string {
  if (tableArn !== undefined && tableName !== undefined) {
    throw refusal(
      scope,
      `\`tableArn\` (${shown(tableArn)}) and \`tableName\` (${shown(tableName)}) are both given; one will do`,
    );
  }
  if (tableArn !== undefined) {
    const isArn = Token.isUnresolved(tableArn) || /^arn:[^:]+:dynamodb:[^:]+:[^:]+:table\/[^/]+$/.test(tableArn);
    if (isArn) return tableArn;
    const form = 'arn:<partition>:dynamodb:<region>:<account>:table/<name>';
    throw refusal(scope, `\`tableArn\` has the form ${form}, got ${shown(tableArn)}`);
  }
  if (tableName === undefined) throw refusal(scope, '`tableName` or `tableArn` has to be given, got neither');
  validateTableName(scope, tableName);
  return Stack.of(scope).formatArn({ service: 'dynamodb', resource: 'table', resourceName: tableName });
}

function nameIn(scope: Construct, tableArn: string): string {
  const { resourceName } = Stack.of(scope).splitArn(tableArn, ArnFormat.SLASH_RESOURCE_NAME);
  if (resourceName === undefined) throw refusal(scope, `\`tableArn\` names no table, got ${shown(tableArn)}`);
  return resourceName;
}
