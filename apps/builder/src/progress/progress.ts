/** Something long that a user watches. */
export interface Task {
  /** Adds bytes; negative when some have to go again. */
  advance(bytes: number): void;
  /** Makes it longer by so many bytes. */
  grow(bytes: number): void;
  /** Says what it is at just now. */
  detail(text: string): void;
  /** Ends it well, with a few words on what came of it. */
  end(summary: string): void;
  /** Ends it without a word: it went wrong and the error is told elsewhere, or there is nothing to say. */
  drop(): void;
}

/** Where commands tell what they do. It goes to stderr; results go to stdout. */
export interface Progress {
  /** Begins a task; `total` in bytes, if it is counted in bytes. */
  begin(title: string, total?: number): Task;
  /** One line that stays. */
  note(line: string): void;
  /** Stops drawing. */
  close(): void;
}

/** Says nothing: for tests and for callers that only want the result. */
export const silentProgress: Progress = {
  begin: () => ({ advance: () => {}, grow: () => {}, detail: () => {}, end: () => {}, drop: () => {} }),
  note: () => {},
  close: () => {},
};
