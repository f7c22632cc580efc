/** Draws pages of the desk into docs/pictures/desk, with fonts for both languages. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { CHROMIUM, BROWSER_ARGUMENTS } from '../support/browser.js';
import { REPOSITORY } from '../support/node-process.js';
import type { TestApp } from '../support/test-app.js';
import { openDesk } from './desk-page.js';
import { fontsIn } from './fonts.js';

const FOLDER = join(REPOSITORY, 'docs/pictures/desk');

type Look = Parameters<typeof openDesk>[2] & {
  /** Of a list without an end, only what is in sight. */
  readonly isInSight?: boolean;
  /** What a person does on the page before. */
  readonly act?: (page: Page) => Promise<void>;
};

export interface Drawing {
  /** @param name of the picture @param shows how to know that the page is there */
  draw(name: string, path: string, shows: string, look: Look): Promise<void>;
  /** In English and Chinese. */
  drawInBoth(name: string, path: string, shows: string, look?: Look): Promise<void>;
  close(): Promise<void>;
}

export const startDrawing = async (service: TestApp): Promise<Drawing> => {
  const folder = await mkdtemp(join(tmpdir(), 'ringback-fonts-'));
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: BROWSER_ARGUMENTS,
    env: { FONTCONFIG_FILE: await fontsIn(folder) },
  });
  await mkdir(FOLDER, { recursive: true });
  const draw: Drawing['draw'] = async (name, path, shows, { isInSight = false, act, ...options }) => {
    const { page, open, close } = await openDesk(browser, service, options);
    await open(path);
    await act?.(page);
    await page.locator(shows).first().waitFor();
    await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: !isInSight });
    await close();
  };
  return {
    draw,
    async drawInBoth(name, path, shows, look = {}) {
      for (const language of ['en-US', 'zh-CN'] as const) {
        await draw(`${name}.${language.slice(0, 2)}`, path, shows, { ...look, language });
      }
    },
    async close() {
      await browser.close();
      await rm(folder, { recursive: true });
    },
  };
};
