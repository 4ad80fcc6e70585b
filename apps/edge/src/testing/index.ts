export * from './counting-bucket.ts';
export * from './hostile-requests.ts';
