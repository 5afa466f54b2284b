import { fetchLater, hasLaterFailed, later } from "../state/later.ts";
import { Notice } from "./Notice.tsx";
import { ListSkeleton } from "./Skeleton.tsx";
import { BareHeader } from "./ThreadHeader.tsx";

/** A screen of the part that is fetched once the page stands. */
export function LaterScreen({ name }: { name: "NotificationList" | "NotificationSettings" }) {
  const Screen = later.value?.[name];
  if (Screen) return <Screen />;
  return (
    <section class="thread" aria-label="Notifications" aria-busy={!hasLaterFailed.value}>
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
