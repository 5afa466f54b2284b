import type { NotificationPreferences } from "@/chat/protocol.ts";
import { desktopStatus, turnOnDesktop } from "../../state/desktop.ts";
import { changePreferences } from "../../state/preferences.ts";
import { checkPermission } from "../../state/push_setting.ts";
import { Remark, Section, Switch } from "./Setting.tsx";

/** What appears outside the page while it is open but not looked at. */
export function DesktopSection({ current }: { current: NotificationPreferences }) {
  const status = desktopStatus.value;
  return (
    <Section title="Desktop">
      {status === "unsupported"
        ? <Remark>This browser shows no notifications outside the page.</Remark>
        : status === "framed"
        ? <Remark>Open your messages in a tab of their own to be notified.</Remark>
        : status === "denied"
        ? (
          <Remark>
            Your browser blocks notifications from this site. Allow them in the site’s settings,
            beside its address, and come back.
          </Remark>
        )
        : (
          <Switch
            label="Show a notification when I am in another tab or program"
            note={status === "default" ? "Asks your browser for permission." : undefined}
            isOn={current.desktop && status === "granted"}
            onChange={(isOn) => isOn ? turnOn() : changePreferences({ desktop: false })}
          />
        )}
    </Section>
  );
}

async function turnOn(): Promise<void> {
  await turnOnDesktop();
  checkPermission();
}
