import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

const durationMs = 180;

/**
 * Lets the rows of a list glide to their new places when their order changes.
 *
 * @param order the rows' `data-flip` keys, in order
 */
export function useFlip(list: RefObject<HTMLElement | null>, order: string): void {
  const tops = useRef(new Map<string, number>());
  useLayoutEffect(() => {
    const before = tops.current;
    const after = new Map<string, number>();
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    for (const row of list.current?.querySelectorAll<HTMLElement>("[data-flip]") ?? []) {
      const key = row.dataset.flip ?? "";
      const top = row.offsetTop;
      after.set(key, top);
      const distance = (before.get(key) ?? top) - top;
      if (distance === 0 || isCalm) continue;
      row.animate(
        [{ transform: `translateY(${distance}px)` }, { transform: "none" }],
        { duration: durationMs, easing: "cubic-bezier(.2, .8, .2, 1)" },
      );
    }
    tops.current = after;
  }, [order]);
}
