/** Makes something when it is first needed: a browser's first formatter of dates costs it long. */
export function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => made ??= make();
}
