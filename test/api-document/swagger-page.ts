/** Operates Swagger UI as people do: clicks, types and reads. */
import type { Browser, Locator, Page } from 'playwright-core';

export interface ShownReply {
  readonly status: string;
  readonly body: unknown;
}

export interface SentRequest {
  readonly url: URL;
  readonly authorization: string | undefined;
}

export class SwaggerPage {
  /** Every request of the browser, to any host. */
  readonly requests: SentRequest[] = [];
  /** Errors in the browser's console: failed requests, script errors, violations of the page's policy. */
  readonly faults: string[] = [];

  private constructor(private readonly page: Page) {
    page.on('request', (request) => {
      this.requests.push({ url: new URL(request.url()), authorization: request.headers().authorization });
    });
    page.on('requestfailed', (request) => this.faults.push(`failed: ${request.url()}`));
    page.on('response', (response) => {
      if (response.status() >= 400) this.faults.push(`${response.status()}: ${response.url()}`);
    });
    page.on('pageerror', (error) => this.faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.faults.push(message.text());
    });
  }

  /** Opens the page in a new context without authorization. */
  static async open(browser: Browser, url: string): Promise<SwaggerPage> {
    const context = await browser.newContext();
    const opened = new SwaggerPage(await context.newPage());
    await opened.page.goto(url);
    await opened.page.locator('.opblock').first().waitFor();
    return opened;
  }

  close(): Promise<void> {
    return this.page.context().close();
  }

  /** Fills in the boxes named, and empties the others. */
  async authorize(tokens: Readonly<Partial<Record<'access_token' | 'bearer', string>>>): Promise<void> {
    await this.page.locator('.scheme-container .authorize').click();
    const dialog = this.page.locator('.dialog-ux');
    await dialog.waitFor();
    const logout = dialog.getByRole('button', { name: 'Remove authorization' }).first();
    while (await logout.isVisible()) await logout.click();
    for (const [scheme, token] of Object.entries(tokens)) {
      const box = dialog.locator('.auth-container', { has: this.page.locator('h4', { hasText: scheme }) });
      await box.locator('input').fill(token);
      await box.getByRole('button', { name: 'Apply credentials' }).click();
      await box.getByText('Authorized').waitFor();
    }
    await dialog.locator('.close-modal').click();
  }

  /** The names of values in the browser's storage. */
  kept(): Promise<string[]> {
    return this.page.evaluate('Object.keys(localStorage)');
  }

  /** Stores a value, as an earlier version of this page did with tokens. */
  async keep(name: string, value: string): Promise<void> {
    await this.page.evaluate(`localStorage.setItem(${JSON.stringify(name)}, ${JSON.stringify(value)})`);
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.page.locator('.opblock').first().waitFor();
  }

  /** Opens an operation's description. */
  async unfold(operationId: string): Promise<Locator> {
    const operation = this.page.locator(`.opblock[id$="-${operationId}"]`);
    const control = operation.locator('.opblock-summary-control');
    if ((await control.getAttribute('aria-expanded')) !== 'true') await control.click();
    await operation.locator('.responses-inner').waitFor();
    return operation;
  }

  /** Fills an operation's form in, presses Execute, and reads the reply that appears. */
  async execute(operationId: string, parameters: Readonly<Record<string, string>> = {}): Promise<ShownReply> {
    const operation = await this.unfold(operationId);
    for (const name of ['Clear', 'Try it out']) {
      const button = operation.getByRole('button', { name });
      if (await button.isVisible()) await button.click();
    }
    for (const [name, value] of Object.entries(parameters)) {
      await operation.locator(`tr[data-param-name="${name}"] input`).fill(value);
    }
    await operation.getByRole('button', { name: 'Execute' }).click();
    const reply = operation.locator('.live-responses-table tr.response');
    const [status = ''] = (await reply.locator('.response-col_status').innerText()).split('\n');
    const body = await reply.locator('.highlight-code pre').first().innerText();
    return { status, body: JSON.parse(body) };
  }

  /** The last request to the API itself. */
  lastCall(): SentRequest | undefined {
    return this.requests.findLast(({ url }) => url.pathname.startsWith('/v1/'));
  }
}
