import { Stack, type StackProps } from 'aws-cdk-lib';
import { OpenIdConnectProvider, PolicyStatement, Role, WebIdentityPrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { LynkLockTable } from '../../lib/index.js';

const GITHUB = 'token.actions.githubusercontent.com';

/** The table that `deploy.yml` locks in, and the role of its runners: they may take deployments' locks, and deploy. */
export class DeployLockStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { readonly repository: string }) {
    super(scope, id, props);
    const provider = OpenIdConnectProvider.fromOpenIdConnectProviderArn(
      this,
      'GitHub',
      `arn:${this.partition}:iam::${this.account}:oidc-provider/${GITHUB}`,
    );
    const assumedBy = new WebIdentityPrincipal(provider.openIdConnectProviderArn, {
      StringEquals: { [`${GITHUB}:aud`]: 'sts.amazonaws.com' },
      StringLike: { [`${GITHUB}:sub`]: `repo:${props.repository}:ref:refs/heads/main` },
    });
    const deployer = new Role(this, 'Deployer', { roleName: 'deployer', assumedBy });
    // `cdk deploy` works in the roles that `cdk bootstrap` has made.
    const resources = [`arn:${this.partition}:iam::${this.account}:role/cdk-*`];
    deployer.addToPolicy(new PolicyStatement({ actions: ['sts:AssumeRole'], resources }));
    const locks = new LynkLockTable(this, 'Locks', { tableName: 'ci-locks' });
    locks.grantLock(deployer, { names: ['deploy/*'] });
  }
}
