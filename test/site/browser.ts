import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { chromium } from './chromium.js';

/** What a page is looked at with. */
export interface Look {
  readonly widthPixels: number;
  readonly dark?: boolean;
  /** Without them, a page is shown as it was built: without its navigation, and several times faster. */
  readonly scripts?: boolean;
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

const HEIGHT_PIXELS = 1000;
const SHOWN = `new Promise((resolve) => {
  const look = () => (document.body.style.display === 'none' ? requestAnimationFrame(look) : resolve(true));
  look();
})`;

/** A Chromium with one tab, told what to do in its own protocol over a pipe. */
export class Browser {
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private readonly loads: (() => void)[] = [];
  private session: string | undefined;
  private count = 0;

  private constructor(
    private readonly process: ChildProcess,
    private readonly profile: string,
  ) {
    let text = '';
    const pipe = process.stdio[4] as Readable;
    pipe.setEncoding('utf8').on('data', (chunk: string) => {
      const messages = (text + chunk).split('\0');
      text = messages.pop() ?? '';
      for (const message of messages) this.heard(JSON.parse(message) as Answer);
    });
  }

  static async start(): Promise<Browser> {
    const { path, environment } = await chromium();
    const profile = mkdtempSync(join(tmpdir(), 'cdk-lynk-chromium-'));
    const flags = ['--headless', '--no-sandbox', '--no-zygote', '--disable-gpu', '--hide-scrollbars'];
    const own = ['--disable-dev-shm-usage', '--remote-debugging-pipe', `--user-data-dir=${profile}`];
    const browser = new Browser(
      spawn(path, [...flags, ...own, 'about:blank'], {
        env: { ...process.env, ...environment },
        stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      }),
      profile,
    );
    const { targetId } = await browser.send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
    const attached = await browser.send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true });
    browser.session = attached.sessionId;
    await browser.send('Page.enable');
    return browser;
  }

  /** Loads a page, and waits until it and what it links to are there. */
  async open(url: string, { widthPixels, dark = false, scripts = true }: Look): Promise<void> {
    const size = { width: widthPixels, height: HEIGHT_PIXELS, deviceScaleFactor: 1, mobile: widthPixels < 600 };
    await this.send('Emulation.setDeviceMetricsOverride', size);
    const scheme = { name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' };
    await this.send('Emulation.setEmulatedMedia', { features: [scheme] });
    await this.send('Emulation.setScriptExecutionDisabled', { value: !scripts });
    const loaded = new Promise<void>((resolve) => this.loads.push(resolve));
    const { errorText } = await this.send<{ errorText?: string }>('Page.navigate', { url });
    if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
    await loaded;
    // The theme shows a page only when its script has run.
    if (scripts) await this.evaluate(SHOWN);
  }

  /** What an expression is worth in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const asked = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await this.send<{
      readonly result: { readonly value: T };
      readonly exceptionDetails?: { readonly exception: { readonly description: string } };
    }>('Runtime.evaluate', asked);
    if (exceptionDetails) throw new Error(exceptionDetails.exception.description);
    return result.value;
  }

  /** A PNG of the page: of so much of it, from the top. */
  async picture(heightPixels: number): Promise<Buffer> {
    const width = await this.evaluate<number>('innerWidth');
    const height = Math.min(heightPixels, await this.evaluate<number>('document.documentElement.scrollHeight'));
    const clip = { x: 0, y: 0, width, height, scale: 1 };
    const asked = { format: 'png', captureBeyondViewport: true, clip };
    const { data } = await this.send<{ data: string }>('Page.captureScreenshot', asked);
    return Buffer.from(data, 'base64');
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await ended;
    rmSync(this.profile, { recursive: true, force: true });
  }

  private async send<T>(method: string, params: object = {}): Promise<T> {
    this.count += 1;
    const id = this.count;
    const answered = new Promise<Answer>((resolve) => this.waiting.set(id, resolve));
    const message = { id, method, params, ...(this.session === undefined ? {} : { sessionId: this.session }) };
    (this.process.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`);
    const { result, error } = await answered;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result as T;
  }

  private heard(answer: Answer): void {
    if (answer.method === 'Page.loadEventFired') for (const loaded of this.loads.splice(0)) loaded();
    if (answer.id === undefined) return;
    this.waiting.get(answer.id)?.(answer);
    this.waiting.delete(answer.id);
  }
}
