import {
  type CustomisedAddress,
  customisationTarball,
  formatCustomisation,
  imageAddress,
  isKexecScriptAddress,
  paddingTo,
  parseCustomisation,
  parseCustomisedAddress,
  parseKexecScriptAddress,
  type ResolvedCustomisation,
  UNIFIED_KERNEL_ALIGNMENT,
} from '@nixos-images/shared';
import type { Answer, Route, Sources } from '../answers/answer.ts';
import { answerAutoexec, answerCustomisedMenu } from '../answers/boot-menu.ts';
import type { ImageDescription } from '../answers/descriptions.ts';
import { foundImage, lastSegment, type ResolvedImage, resolveImage, viewOf } from '../answers/image.ts';
import { originOf } from '../answers/origin.ts';
import { noSuchAddress } from '../answers/problems.ts';
import { lengthOf, type Representation } from '../http/representation.ts';
import { answerScript } from '../kexec/answer.ts';
import { isProblem, problem } from '../problem.ts';
import { checkOfIpxe } from './ipxe.ts';
import { fingerprintOf, menuNoticeOf, noticeOf, pinnedCustomisation, resolveCustomisation } from './keys.ts';
import { customisedPart } from './part.ts';

/** Answers `/with/<customisation>/<address of an image>`. */
export async function answerCustomised({ path }: Route, sources: Sources): Promise<Answer> {
  if (!isServed(sources)) return problem(404, 'Customised images are not served here.');
  if (isKexecScriptAddress(path)) return answerCustomisedScript(path, sources);
  if (/^\/with\/[^/]+\/boot\.ipxe$/.test(path)) return answerMenu(path, sources);
  if (/^\/with\/[^/]+\/ipxe(@[^/]+)?\/([^/]+\/)?autoexec\.ipxe$/.test(path))
    return answerCustomisedAutoexec(path, sources);
  const parsed = parseCustomisedAddress(path);
  if (!parsed.ok) return noSuchAddress(parsed.problem, sources.snapshot.catalog);
  const { address } = parsed;
  const resolved = await resolveImage(address, sources);
  if (isProblem(resolved)) return resolved;
  const added = await resolveCustomisation(address.customisation, sources.settings);
  if (isProblem(added)) return added;
  const itself = await customisedPart(address, resolved, added, sources);
  if (isProblem(itself)) return itself;
  const customised = address.view === 'json' ? await describe(address, resolved, added, itself, sources) : null;
  const representation = await viewOf(address, resolved, { itself, customised, segment: lastSegment(path) }, sources);
  if (isProblem(representation)) return representation;
  // There is no end of such addresses.
  return foundImage(resolved, address, representation, 'never', sources);
}

/** Answers `/with/<customisation>/kexec[@<ref>][/<variant>].sh`. */
async function answerCustomisedScript(path: string, sources: Sources): Promise<Answer> {
  const [, , given = '', ...rest] = path.split('/');
  const [script, parsed] = [parseKexecScriptAddress(`/${rest.join('/')}`), parseCustomisation(given)];
  const { catalog } = sources.snapshot;
  if (!parsed.ok) return noSuchAddress({ reason: 'customisation', given, why: parsed.why }, catalog);
  if (!script.ok) return noSuchAddress(script.problem, catalog);
  const { customisation } = parsed;
  const resolved = await resolveCustomisation(customisation, sources.settings);
  if (isProblem(resolved)) return resolved;
  const notice = await noticeOf(resolved);
  return answerScript(script.address, { customisation, resolved, notice }, sources);
}

/** Answers `/with/<customisation>/boot.ipxe`: all that it leads to has the keys that it shows. */
async function answerMenu(path: string, sources: Sources): Promise<Answer> {
  const [, , given = ''] = path.split('/');
  const parsed = parseCustomisation(given);
  if (!parsed.ok) return noSuchAddress({ reason: 'customisation', given, why: parsed.why }, sources.snapshot.catalog);
  const resolved = await resolveCustomisation(parsed.customisation, sources.settings);
  if (isProblem(resolved)) return resolved;
  const customisation = pinnedCustomisation(resolved);
  if (isProblem(customisation)) return customisation;
  const location = `/with/${formatCustomisation(customisation)}/boot.ipxe`;
  return answerCustomisedMenu(location, { customisation, notice: await menuNoticeOf(resolved) }, sources);
}

/** Answers `/with/<customisation>/ipxe/autoexec.ipxe`: it leads to the menu, which shows whose keys there are. */
async function answerCustomisedAutoexec(path: string, sources: Sources): Promise<Answer> {
  const [, , given = ''] = path.split('/');
  const parsed = parseCustomisation(given);
  if (!parsed.ok) return noSuchAddress({ reason: 'customisation', given, why: parsed.why }, sources.snapshot.catalog);
  return answerAutoexec({ path, params: {} }, sources, parsed.customisation);
}

/** Whether the operator has customised addresses answered: never, always, or under one host name. */
function isServed({ settings: { CUSTOMISATION }, request }: Sources): boolean {
  return CUSTOMISATION === 'on' || (CUSTOMISATION !== 'off' && CUSTOMISATION === new URL(request.url).hostname);
}

/** Tells whose keys an address installs, and how to hold the rest of the file against the signed digest. */
async function describe(
  { part }: CustomisedAddress,
  { manifest, image }: ResolvedImage,
  added: ResolvedCustomisation,
  { pieces: [first] }: Representation,
  sources: Sources,
): Promise<ImageDescription['customisation']> {
  const check = (): string => {
    if (image.kind === 'netboot' && image.efi !== undefined && part === 'efi' && first !== undefined) {
      const head = `${originOf(sources)}${imageAddress(image, { ref: manifest.version, part: 'head' })}`;
      const { kernel, initrd } = image.files;
      const padding = paddingTo(UNIFIED_KERNEL_ALIGNMENT, initrd.size);
      const rest = kernel.size + paddingTo(UNIFIED_KERNEL_ALIGNMENT, kernel.size) + initrd.size;
      return `{ curl -sS ${head}; tail -c +${lengthOf(first) + 1} FILE | head -c ${rest}; head -c ${padding} /dev/zero; } | sha256sum`;
    }
    if (image.kind === 'ipxe') return checkOfIpxe(image, part);
    if (image.kind !== 'netboot' && image.customisation !== undefined) {
      const { offset, length } = image.customisation;
      const rest = `tail -c +${offset + length + 1} FILE`;
      return `{ head -c ${offset} FILE; head -c ${length} /dev/zero; ${rest}; } | sha256sum`;
    }
    if (image.kind === 'kexec') return `tail -c +${customisationTarball(added).length + 1} FILE | sha256sum`;
    return 'Kernel and initrd are not changed.';
  };
  return {
    keys: await Promise.all(added.keys.map(fingerprintOf)),
    cmdline: added.cmdline ?? null,
    hostname: added.hostname ?? null,
    password: added.passwordHash !== undefined,
    check: check(),
  };
}
