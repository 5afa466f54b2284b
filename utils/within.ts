/** A process that is held up itself hears what came meanwhile before its next step. */
const steps = 4;

/** @returns whether the promise is fulfilled within this time. @throws what it rejects with */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    let left = steps;
    const step = () => {
      if (left-- === 0) resolve(false);
      else timer = setTimeout(step, ms / steps);
    };
    step();
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
