import { Hono } from 'hono';

interface Env {
  readonly BUCKET: R2Bucket;
}

const app = new Hono<{ Bindings: Env }>();
app.get('/healthz', async (c) => {
  const catalog = await c.env.BUCKET.head('catalog.json');
  return catalog === null ? c.text('Nothing is published yet.\n', 503) : c.text('ok\n');
});

export default app;
