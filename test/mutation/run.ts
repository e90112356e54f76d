import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Stryker } from '@stryker-mutator/core';
import type { Part } from './parts.js';
import type { Report } from './report.js';

/** Sandbox and reports; ignored by git. */
const FOLDER = '.cache/mutation';

/** Mutates the part's source, and writes Stryker's report. */
export async function mutate(part: Part, files = part.files): Promise<Report> {
  const report = join(FOLDER, `${part.name.replaceAll(' ', '-')}.json`);
  const options: ConstructorParameters<typeof Stryker>[0] = {
    mutate: [...files],
    plugins: ['@stryker-mutator/jest-runner'],
    testRunner: 'jest',
    jest: { config: jestConfig(part), enableFindRelatedTests: false },
    coverageAnalysis: 'perTest',
    concurrency: 2,
    // Generous, as a loaded machine is slow. A test that waits for ever fails before that.
    timeoutMS: 30_000,
    timeoutFactor: 1.5,
    ignorePatterns: ['**', '!runtime/**', '!test/**', '!package.json'],
    tempDirName: join(FOLDER, 'sandbox'),
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: report },
    thresholds: { high: 100, low: 0, break: null },
  };
  rmSync(report, { force: true });
  await new Stryker(options).runMutationTest();
  return JSON.parse(readFileSync(report, 'utf8')) as Report;
}

/** As the other tests', but for one file that is all of them. */
function jestConfig({ suites, withoutSdk = false }: Part): object {
  const { transform, moduleNameMapper } = JSON.parse(readFileSync('jest.config.json', 'utf8')) as Record<
    string,
    object
  >;
  return {
    roots: ['<rootDir>/test/mutation'],
    testMatch: ['**/test/mutation/all.ts'],
    testEnvironment: resolve('test/mutation/first-failure.cjs'),
    globals: { suites },
    testTimeout: 20_000,
    transform,
    moduleNameMapper: {
      ...moduleNameMapper,
      ...(withoutSdk && { '^@aws-sdk/client-dynamodb$': '<rootDir>/test/mutation/light-sdk.ts' }),
    },
  };
}
