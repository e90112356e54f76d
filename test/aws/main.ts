/**
 * Tries the library on AWS itself, with your own credentials: deploys a stack of its own, checks, destroys it.
 *
 *     npm run test:aws -- --account 123456789012            the account that it may use; others are refused
 *     npm run test:aws -- --account … --region eu-west-1    by default the Region of your configuration
 *     npm run test:aws -- --account … --requests 10000      so many answers for the table of clocks
 *     npm run test:aws -- --clean                           destroys what runs of this machine have left
 *     npm run test:aws -- --clean --account …               ... or those of any machine
 */
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Account } from './account.js';
import { clean } from './clean.js';
import { Refusal } from './refusal.js';
import { tryAll } from './run.js';
import { type Place, placesOfRuns } from './run-record.js';

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      account: { type: 'string' },
      region: { type: 'string' },
      requests: { type: 'string', default: '10000' },
      clean: { type: 'boolean', default: false },
    },
  });
  const requests = Number(values.requests);
  if (!Number.isInteger(requests) || requests < 1) throw new Refusal('--requests is a whole number from 1 on');
  if (values.account !== undefined && !/^\d{12}$/.test(values.account)) {
    throw new Refusal('--account is a number of 12 digits');
  }
  // A run that was cut off has written down where it was.
  if (values.clean && values.account === undefined) return cleanAll(placesOfRuns());
  if (values.account === undefined) throw new Refusal('say which account it may use: --account 123456789012');
  const region = values.region ?? (await regionOfConfiguration());
  if (!region) throw new Refusal('say which Region: --region eu-west-1');
  const place = { account: values.account, region };
  return values.clean ? cleanAll([place]) : inPlace(place, (account) => tryAll(account, place.account, requests));
}

async function cleanAll(places: readonly Place[]): Promise<number> {
  if (places.length === 0) throw new Refusal('no run was cut off on this machine; else say --account and --region');
  let code = 0;
  for (const place of places) code = Math.max(code, await inPlace(place, (account) => clean(account, place.account)));
  return code;
}

/** @throws Refusal unless the credentials are of that account */
async function inPlace(place: Place, carryOut: (account: Account) => Promise<number>): Promise<number> {
  const account = new Account(place.region);
  try {
    if ((await account.id()) !== place.account) {
      throw new Refusal(`your credentials are of another account than ${place.account}`);
    }
    return await carryOut(account);
  } finally {
    account.close();
  }
}

async function regionOfConfiguration(): Promise<string | undefined> {
  const client = new DynamoDBClient();
  return client.config.region().catch(() => undefined);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Refusal ? `refused: ${error.message}` : error);
    process.exitCode = error instanceof Refusal ? 2 : 1;
  },
);
