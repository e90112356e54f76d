import { Resource, Tags, Token } from 'aws-cdk-lib';
import { CfnGroup } from 'aws-cdk-lib/aws-resourcegroups';
import type { Construct } from 'constructs';
import { TABLE_TAG } from '../runtime/protocol/wire.js';
import { type Known, refuseUnknown } from './known-props.js';
import { injected } from './property-injection.js';
import { refusal, shown } from './refusal.js';

/** Properties of a `LynkLockTables`. */
export interface LynkLockTablesProps {
  /**
   * The group's name.
   *
   * @default 'lynk-lock-tables'
   */
  readonly groupName?: string;
}

const KNOWN: Known<LynkLockTablesProps> = { groupName: true };

/**
 * The resource group of all lock tables of this account and Region, whichever stack or Python process has made
 * them: what `lynk list-tables` lists, for the console and for tools.
 *
 * @resource AWS::ResourceGroups::Group
 */
export class LynkLockTables extends Resource {
  /** Identifies this class to `PropertyInjectors`. */
  static readonly PROPERTY_INJECTION_ID: string = 'cdk-lynk.LynkLockTables';

  /**
   * The group's name.
   *
   * @attribute
   */
  readonly groupName: string;

  /**
   * The group's ARN.
   *
   * @attribute
   */
  readonly groupArn: string;

  /**
   * @param scope Where in the tree it is put.
   * @param id The id of the construct.
   * @param props What the group is called.
   * @throws ValidationError if `groupName` has characters that such a name may not have, or begins with "aws"
   */
  constructor(scope: Construct, id: string, props: LynkLockTablesProps = {}) {
    super(scope, id);
    const given = injected(scope, id, LynkLockTables.PROPERTY_INJECTION_ID, props);
    refuseUnknown(this, given, KNOWN, 'LynkLockTables');
    const name = given.groupName ?? 'lynk-lock-tables';
    if (!Token.isUnresolved(name) && !/^(?!aws)[A-Za-z0-9_.-]{1,300}$/i.test(name)) {
      const rule = 'has up to 300 letters, digits, "_", "-" and ".", and does not begin with "aws"';
      throw refusal(this, `\`groupName\` ${rule}, got ${shown(name)}`);
    }
    const group = new CfnGroup(this, 'Group', {
      name,
      description: 'Tables of distributed locks',
      resourceQuery: {
        type: 'TAG_FILTERS_1_0',
        query: {
          resourceTypeFilters: ['AWS::DynamoDB::Table'],
          tagFilters: [{ key: TABLE_TAG.key, values: [TABLE_TAG.value] }],
        },
      },
    });
    this.node.defaultChild = group;
    // Python's `lynk list-tables` takes whatever carries the tables' tag for a table, so this one says otherwise,
    // even if somebody has tagged a whole stack.
    Tags.of(group).add(TABLE_TAG.key, 'lock-tables');
    this.groupName = group.ref;
    this.groupArn = group.attrArn;
  }
}
