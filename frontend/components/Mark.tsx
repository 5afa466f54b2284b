/** Parley's mark: a P whose bowl is a speech bubble. `size` in pixels. */
export function Mark({ size }: { size: number }) {
  return <img class="mark" src="/favicon.svg" alt="" width={size} height={size} />;
}
