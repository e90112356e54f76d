#!/usr/bin/env node
import { main } from './cli/main.js';
import { withoutSdkNotice } from './cli/sdk-notice.js';
import { systemTerminal } from './cli/terminal.js';

withoutSdkNotice();
void main(process.argv.slice(2), systemTerminal()).then((code) => {
  process.exitCode = code;
});
