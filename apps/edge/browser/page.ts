/**
 * Improves the front page, which does everything without it: the line follows the choice at once, and can be copied. What is shown is
 * always what the server makes of the form's address, so that there is one place that knows.
 */

/** Long enough that nobody's typing is asked about letter by letter, in milliseconds. */
const PAUSE = 250;

const form = document.querySelector('form');
if (form !== null) improve(form);

function improve(form: HTMLFormElement): void {
  let waiting: number | undefined;
  let asked = 0;
  // Enter in a field still submits.
  for (const button of form.querySelectorAll<HTMLElement>('#submit')) button.hidden = true;
  offerCopies();

  form.addEventListener('input', ({ target }) => {
    // Another kind of image has other variants.
    if (target instanceof HTMLInputElement && target.name === 'have') choose(form, 'variant', '');
    clearTimeout(waiting);
    waiting = setTimeout(
      () => void refresh(),
      target instanceof HTMLInputElement && target.type === 'radio' ? 0 : PAUSE,
    );
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    void refresh().then(() => document.getElementById('result')?.focus());
  });
  document.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest('[data-copy]') : null;
    const line = document.getElementById(button?.getAttribute('data-copy') ?? '');
    if (line !== null) void copy(line);
  });

  async function refresh(): Promise<void> {
    asked += 1;
    const mine = asked;
    const address = addressOf(form);
    if (address === undefined) return;
    try {
      const answer = await fetch(address, { headers: { Accept: 'text/html' } });
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      // Another choice was made meanwhile.
      if (mine !== asked) return;
      if (page.getElementById('result') === null) throw new Error('no such page');
      take(page);
      offerCopies();
      history.replaceState(null, '', address);
      say(page.getElementById('line-0') === null ? 'There is no line yet.' : 'The line was updated.');
    } catch {
      // As without a script: the browser says what is wrong.
      if (mine === asked) location.assign(address);
    }
  }
}

/** The page's address for what is chosen; undefined where it must not be sent anywhere. */
function addressOf(form: HTMLFormElement): string | undefined {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === 'string' && value.trim() !== '') query.set(name, value.trim());
  }
  if (!query.get('key')?.includes('PRIVATE KEY')) return query.size === 0 ? '/' : `/?${query}`;
  const fault = document.getElementById('key-fault');
  if (fault !== null)
    fault.textContent =
      'This is a private key, which nobody but you may have; it was not sent. Paste the line of the .pub file.';
  document.getElementById('key')?.setAttribute('aria-invalid', 'true');
  return undefined;
}

function choose(form: HTMLFormElement, name: string, value: string): void {
  const group = form.elements.namedItem(name);
  if (group instanceof RadioNodeList) group.value = value;
  else if (group instanceof HTMLInputElement) group.checked = group.value === value;
}

/** Puts the parts of another page that follow the choice in the place of this one's; fields that are being filled in stay. */
function take(page: Document): void {
  const active = document.activeElement;
  const [name, value] = active instanceof HTMLInputElement ? [active.name, active.value] : ['', ''];
  for (const part of document.querySelectorAll('[data-live]')) {
    const other = page.getElementById(part.id);
    if (other !== null && other.outerHTML !== part.outerHTML) part.replaceWith(other);
  }
  for (const control of document.querySelectorAll('[aria-describedby],[aria-invalid]')) copyAttributes(control, page);
  for (const control of page.querySelectorAll('[aria-describedby],[aria-invalid]')) {
    const here = document.getElementById(control.id);
    if (here !== null) copyAttributes(here, page);
  }
  if (active !== null && !active.isConnected && name !== '') {
    const again = document.querySelector<HTMLElement>(`[name="${name}"][value="${CSS.escape(value)}"]`);
    again?.focus();
  }
}

function copyAttributes(here: Element, page: Document): void {
  const there = page.getElementById(here.id);
  if (there === null) return;
  for (const name of ['aria-invalid', 'aria-describedby']) {
    const value = there.getAttribute(name);
    if (value === null) here.removeAttribute(name);
    else here.setAttribute(name, value);
  }
}

function offerCopies(): void {
  for (const button of document.querySelectorAll<HTMLElement>('[data-copy]')) button.hidden = false;
}

/** Browsers give pages that came by plain HTTP no clipboard of their own: there the line is selected and copied as by hand. */
async function copy(line: HTMLElement): Promise<void> {
  getSelection()?.selectAllChildren(line);
  try {
    await navigator.clipboard.writeText(line.textContent ?? '');
    say('Copied.');
  } catch {
    say(document.execCommand('copy') ? 'Copied.' : 'Selected: copy it with Ctrl-C.');
  }
}

function say(sentence: string): void {
  const status = document.getElementById('said');
  if (status !== null) status.textContent = sentence;
}
