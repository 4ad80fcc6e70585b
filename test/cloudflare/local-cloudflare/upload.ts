import * as v from 'valibot';
import type { Account, Worker } from './account.ts';
import { Refusal } from './refusal.ts';

const Binding = v.object({
  type: v.string(),
  name: v.string(),
  text: v.optional(v.string()),
  bucket_name: v.optional(v.string()),
  dataset: v.optional(v.string()),
});
const Metadata = v.object({
  main_module: v.string(),
  compatibility_date: v.string(),
  bindings: v.array(Binding),
  observability: v.optional(v.object({ enabled: v.boolean() }), { enabled: false }),
});

/** The Worker that a form uploads; its modules are parts beside the metadata. */
export async function readUpload(
  account: Account,
  name: string,
  form: FormData | undefined,
): Promise<Worker | Refusal> {
  if (form === undefined) return new Refusal(400, 10021, 'There is no form.');
  const metadata = v.parse(Metadata, JSON.parse(String(form.get('metadata'))));
  for (const { type, bucket_name = '' } of metadata.bindings) {
    if (type === 'r2_bucket' && !account.buckets.has(bucket_name)) {
      return new Refusal(
        400,
        10085,
        `R2 bucket '${bucket_name}' not found. Please use a different name and try again.`,
      );
    }
  }
  const modules: { path: string; contents: string }[] = [];
  for (const [path, part] of form) {
    if (typeof part !== 'string') modules.push({ path, contents: await part.text() });
  }
  const main = modules.findIndex(({ path }) => path === metadata.main_module);
  if (main < 0) return new Refusal(400, 10021, 'There is no main module.');
  const former = account.workers.get(name);
  return {
    name,
    // The runtime takes the first for the entry.
    modules: [...modules.splice(main, 1), ...modules],
    bindings: metadata.bindings,
    compatibilityDate: metadata.compatibility_date,
    observability: metadata.observability.enabled,
    uploadedAt: new Date(),
    tags: former?.tags ?? [],
    onWorkersDev: former?.onWorkersDev ?? false,
    previews: former?.previews ?? false,
  };
}
