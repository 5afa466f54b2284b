import { useEffect } from "preact/hooks";
import type { NotificationPreferences } from "@/chat/protocol.ts";
import { checkPermission } from "../../state/push_setting.ts";
import {
  loadPreferences,
  preferences,
  preferencesError,
  savePreferences,
} from "../../state/preferences.ts";
import { Notice } from "../Notice.tsx";
import { BackLink } from "../ThreadHeader.tsx";
import { AddressSection } from "./AddressSection.tsx";
import { DesktopSection } from "./DesktopSection.tsx";
import { EmailSection } from "./EmailSection.tsx";
import { PushSection } from "./PushSection.tsx";
import { QuietHoursSection } from "./QuietHoursSection.tsx";
import { SaveFailure, SaveNote } from "./Saving.tsx";
import { SoundSection } from "./SoundSection.tsx";

/** How the member hears of messages while they are away. */
export function NotificationSettings() {
  useEffect(() => {
    loadPreferences();
    checkPermission();
    addEventListener("focus", checkPermission);
    return () => {
      removeEventListener("focus", checkPermission);
      savePreferences();
    };
  }, []);
  const current = preferences.value;
  const error = preferencesError.value;
  return (
    <section class="thread settings-screen" aria-label="Notification settings">
      <header class="thread-header">
        <BackLink />
        <div class="thread-title">
          <h1>Notification settings</h1>
        </div>
        <SaveNote />
      </header>
      {current ? <Settings current={current} /> : error === null ? <SettingsSkeleton /> : (
        <Notice
          title="Your settings could not be loaded"
          text={error}
          retry={loadPreferences}
        />
      )}
    </section>
  );
}

function Settings({ current }: { current: NotificationPreferences }) {
  return (
    <div class="settings">
      <div class="settings-column">
        <SaveFailure />
        <AddressSection />
        <EmailSection current={current} />
        <PushSection current={current} />
        <DesktopSection current={current} />
        <SoundSection current={current} />
        <QuietHoursSection current={current} />
      </div>
    </div>
  );
}

function SettingsSkeleton() {
  return (
    <div class="settings" aria-hidden="true">
      <div class="settings-column">
        {[152, 104, 56, 104].map((height, index) => (
          <span class="skeleton" style={{ height: `${height}px` }} key={index} />
        ))}
      </div>
    </div>
  );
}
