// The schemas of the longer JSON reports.
export { ImportReport } from './import-report.ts';
export { ReleaseReport } from './report.ts';
