import {
  ARCHES,
  type Arch,
  type Customisation,
  customisationTexts,
  type File,
  formatAddress,
  formatCustomisation,
  formatKexecScriptAddress,
  type ImageAddress,
  type KexecImage,
  type KexecScriptAddress,
  type Manifest,
  parseKexecScriptAddress,
  type ResolvedCustomisation,
} from '@nixos-images/shared';
import type { Answer, Found, Route, Sources } from '../answers/answer.ts';
import type { KexecScriptDescription } from '../answers/descriptions.ts';
import { imageOf, resolveImage } from '../answers/image.ts';
import { originOf } from '../answers/origin.ts';
import { noSuchAddress } from '../answers/problems.ts';
import { JSON_TYPE, representText, TEXT_TYPE } from '../http/representation.ts';
import { isProblem, type Problem } from '../problem.ts';
import { kexecScript, type ScriptCustomisation, type ScriptTarball } from './script.ts';

/** Answers `/kexec[@<ref>][/<variant>].sh`. */
export function answerKexecScript({ path }: Route, sources: Sources): Answer | Promise<Answer> {
  const parsed = parseKexecScriptAddress(path);
  return parsed.ok
    ? answerScript(parsed.address, undefined, sources)
    : noSuchAddress(parsed.problem, sources.snapshot.catalog);
}

/** What a script is made with beside the image. */
interface Added {
  readonly customisation: Customisation;
  readonly resolved: ResolvedCustomisation;
  /** Whose keys it lets in, a line each. */
  readonly notice: readonly string[];
}

/** Answers the address of a script, customised or not. */
export async function answerScript(
  address: KexecScriptAddress,
  added: Added | undefined,
  sources: Sources,
): Promise<Answer> {
  const found = await tarballsOf(address, sources);
  if (isProblem(found)) return found;
  const { manifest, images } = found;
  const [first] = images;
  const { version, smoke } = manifest;
  const front = added === undefined ? '' : `/with/${formatCustomisation(added.customisation)}`;
  const pathOf = (view: KexecScriptAddress['view'], ref: KexecScriptAddress['ref']) =>
    `${front}${formatKexecScriptAddress({ ...address, ref, view })}`;
  const origin = originOf(sources);
  const tarballs = images.map((image): ScriptTarball => {
    const { tarball, store } = image.files;
    const { size, sha256 } = tarball;
    const addressOf = ({ name }: File) => `${origin}${formatAddress({ type: 'entry', version, name })}`;
    return { arch: image.arch, address: addressOf(tarball), size, sha256, ...(store && { store: addressOf(store) }) };
  });
  const script = await representText(
    kexecScript({
      address: `${origin}${pathOf('itself', address.ref)}`,
      version,
      variant: first.variant,
      smoke,
      tarballs,
      ...(added && { customisation: scriptCustomisation(added) }),
    }),
    { ...about(manifest), name: 'kexec.sh', location: pathOf('itself', version), mediaType: TEXT_TYPE },
  );
  const text = { sha256: `${script.sha256}  kexec.sh\n`, json: describe(manifest, script.size, tarballs) } as const;
  const { view } = address;
  const representation =
    view === 'itself'
      ? script
      : await representText(text[view], {
          ...about(manifest),
          name: `kexec.sh.${view}`,
          location: pathOf(view, version),
          mediaType: view === 'json' ? JSON_TYPE : TEXT_TYPE,
        });
  const { kind, arch, variant } = first;
  const subject: Found['subject'] = { kind, arch, variant, channel: manifest.channel, version, part: 'script', view };
  // It names the host that it came from, unless the operator says which; and there is no end of customised ones.
  const holds = added === undefined && sources.settings.PUBLIC_ORIGIN !== undefined ? 'always' : 'never';
  return { representation, subject, holds };
}

function about({ published }: Manifest) {
  return { modified: Date.parse(published), caching: 'revalidate' } as const;
}

function scriptCustomisation({ resolved, notice }: Added): ScriptCustomisation {
  return { notice, files: customisationTexts(resolved).filter(({ text }) => text !== '') };
}

function describe({ channel, version, smoke }: Manifest, size: number, tarballs: readonly ScriptTarball[]): string {
  const description: KexecScriptDescription = { channel, version, smoke, size, tarballs: [...tarballs] };
  return `${JSON.stringify(description, null, 2)}\n`;
}

/** The tarballs of one release, one an architecture that it has. */
async function tarballsOf(
  { ref, variant }: KexecScriptAddress,
  sources: Sources,
): Promise<{ manifest: Manifest; images: readonly [KexecImage, ...KexecImage[]] } | Problem> {
  const addressOf = (arch: Arch, of: ImageAddress['ref']): ImageAddress => ({
    type: 'image',
    customisation: undefined,
    kind: 'kexec',
    ref: of,
    arch,
    variant,
    part: 'tarball',
    view: 'itself',
  });
  const answers = [];
  for (const arch of ARCHES) answers.push(await resolveImage(addressOf(arch, ref), sources));
  const found = answers.find((answer) => !isProblem(answer));
  const [problem] = answers;
  if (found === undefined || isProblem(found))
    return problem !== undefined && isProblem(problem) ? problem : neverEmpty();
  const { manifest } = found;
  const images = ARCHES.flatMap((arch) => {
    const image = imageOf(manifest, { kind: 'kexec', arch, variant });
    return image?.kind === 'kexec' ? [image] : [];
  });
  const [first, ...others] = images;
  return first === undefined ? neverEmpty() : { manifest, images: [first, ...others] };
}

function neverEmpty(): never {
  throw new Error('a release that has the image of an architecture has none');
}
