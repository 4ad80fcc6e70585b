import { findTool } from 'nixos-images/boot';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Starts Debian's Chromium, which asks nobody for anything. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: await findTool('chromium', { debian: 'chromium', nix: 'chromium' }),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** What a page did that it should not have to. */
export interface Watched {
  /** Addresses that were asked for, the page's own among them. */
  readonly asked: string[];
  /** What the browser complained of: violations of the policy, errors of the script. */
  readonly complaints: string[];
}

/** Writes down what a page asks for and what the browser says of it. */
export function watch(page: Page): Watched {
  const watched: Watched = { asked: [], complaints: [] };
  page.on('request', (request) => watched.asked.push(request.url()));
  page.on('console', (message) => watched.complaints.push(message.text()));
  page.on('pageerror', (error) => watched.complaints.push(error.message));
  return watched;
}
