import type { NotificationPreferences } from "@/chat/protocol.ts";
import { pushDelays } from "../../lib/delays.ts";
import { desktopStatus } from "../../state/desktop.ts";
import { changePreferences } from "../../state/preferences.ts";
import { isPushOn, pushError, switchPush } from "../../state/push_setting.ts";
import { pushHint, type PushStatus, pushStatus } from "../../state/push.ts";
import { DelayChoice } from "./DelayChoice.tsx";
import { Remark, Section, Switch } from "./Setting.tsx";

/** Pushes to this browser, also while the page is closed. */
export function PushSection({ current }: { current: NotificationPreferences }) {
  const status = pushStatus.value;
  const isPossible = status === "on" || status === "off" || status === "working";
  return (
    <Section title="Push on this device">
      {isPossible
        ? (
          <Switch
            label="Notify me here, even when the page is closed"
            note={status === "working"
              ? "One moment…"
              : desktopStatus.value === "default"
              ? "Asks your browser for permission."
              : undefined}
            isOn={isPushOn.value}
            disabled={status === "working"}
            onChange={switchPush}
          />
        )
        : <Remark>{reasonAgainst(status)}</Remark>}
      {pushError.value !== null && <Remark isError>{pushError.value}</Remark>}
      {status !== "unconfigured" && (
        <DelayChoice
          label="When a message stays unread"
          value={current.pushDelaySeconds}
          delays={pushDelays}
          disabled={!current.push}
          onChange={(pushDelaySeconds) => changePreferences({ pushDelaySeconds })}
        />
      )}
    </Section>
  );
}

function reasonAgainst(status: PushStatus): string {
  if (status === "unconfigured") return "This site does not send push notifications.";
  if (status === "denied") {
    return "Your browser blocks notifications from this site. Allow them in the site’s settings, " +
      "beside its address, and come back.";
  }
  return pushHint() ?? "This browser cannot receive push notifications.";
}
