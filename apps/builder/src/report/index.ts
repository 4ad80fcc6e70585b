// The schemas of the longer JSON reports.
export { ImportReport } from '../commands/import.ts';
export { ReleaseReport } from './report.ts';
