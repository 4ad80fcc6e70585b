import type { Catalog, Manifest } from '@nixos-images/shared';
import { homePage } from './home-page.ts';
import { homeText } from './home-text.ts';
import { releasePage, releasesPage } from './releases-page.ts';
import { releasesText, releaseText } from './releases-text.ts';
import { siteOf } from './site.ts';

/** What a page is about. */
export type PageSubject =
  | { readonly page: 'home'; readonly catalog: Catalog; readonly origin: string }
  | { readonly page: 'releases'; readonly catalog: Catalog }
  | { readonly page: 'release'; readonly manifest: Manifest; readonly entries: readonly string[] };

/** A page as HTML for a browser or as text for a terminal. */
export async function renderPage(subject: PageSubject, form: 'html' | 'text'): Promise<string> {
  const html = form === 'html';
  switch (subject.page) {
    case 'home': {
      const site = siteOf(subject.catalog, subject.origin);
      return html ? String(await homePage(site)) : homeText(site);
    }
    case 'releases':
      return html ? String(await releasesPage(subject.catalog)) : releasesText(subject.catalog);
    case 'release':
      return html
        ? String(await releasePage(subject.manifest, subject.entries))
        : releaseText(subject.manifest, subject.entries);
  }
}
