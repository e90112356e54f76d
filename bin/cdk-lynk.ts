#!/usr/bin/env node
import { main } from './cli/main.js';
import { systemTerminal } from './cli/terminal.js';

void main(process.argv.slice(2), systemTerminal()).then((code) => {
  process.exitCode = code;
});
