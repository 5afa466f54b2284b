import type { ComponentChildren } from "preact";
import { fetchLater, hasLaterFailed, later, type LaterPart } from "../state/later.ts";
import { Notice } from "./Notice.tsx";
import { ListSkeleton } from "./Skeleton.tsx";
import { BareHeader } from "./ThreadHeader.tsx";

/** A screen of the part that is fetched once the page stands. */
export function LaterScreen({ children }: { children(part: LaterPart): ComponentChildren }) {
  if (later.value) return children(later.value);
  return (
    <section class="thread" aria-label="Loading" aria-busy={!hasLaterFailed.value}>
      <BareHeader />
      {hasLaterFailed.value
        ? (
          <Notice
            title="This part could not be loaded"
            text="The server cannot be reached."
            retry={fetchLater}
          />
        )
        : <ListSkeleton />}
    </section>
  );
}
