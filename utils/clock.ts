/** Where the program reads the time, so that a test can hand in its own. Milliseconds. */
export interface Clock {
  /** Since 1970: what is stored and told. It may jump, since a machine's clock can be set. */
  now(): number;
  /** Since some moment or other: how long something has lasted. Nobody can set it. */
  elapsed(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
};
