// What vitest.config.ts binds in tests that run in workerd.
declare namespace Cloudflare {
  interface Env {
    readonly BUCKET: R2Bucket;
    readonly DOWNLOADS: AnalyticsEngineDataset;
  }
}
