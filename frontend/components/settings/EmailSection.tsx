import type { NotificationPreferences } from "@/chat/protocol.ts";
import { config } from "../../config.ts";
import { emailDelays } from "../../lib/delays.ts";
import { changePreferences } from "../../state/preferences.ts";
import { self } from "../../state/session.ts";
import { DelayChoice } from "./DelayChoice.tsx";
import { Remark, Section, Switch } from "./Setting.tsx";

/** Mails about messages that stay unread. */
export function EmailSection({ current }: { current: NotificationPreferences }) {
  const address = self.value?.email ?? null;
  if (!config.emailAvailable) {
    return (
      <Section title="Email">
        <Remark>This site does not send email about messages.</Remark>
      </Section>
    );
  }
  if (address === null) {
    return (
      <Section title="Email">
        <Remark>
          {self.value?.pendingEmail
            ? "Email begins once you have confirmed your address."
            : "Your account has no email address, so none can be sent to you."}
        </Remark>
      </Section>
    );
  }
  return (
    <Section title="Email">
      <Switch
        label="Email me about messages I have not read"
        note={
          <>
            To <bdi>{address}</bdi>
          </>
        }
        isOn={current.email}
        onChange={(email) => changePreferences({ email })}
      />
      <DelayChoice
        label="When a message stays unread"
        value={current.emailDelaySeconds}
        delays={emailDelays}
        disabled={!current.email}
        onChange={(emailDelaySeconds) => changePreferences({ emailDelaySeconds })}
      />
      <Switch
        label="Show what was written"
        note={config.emailContentAllowed
          ? "Otherwise an email only says who wrote."
          : "This site never puts messages into emails."}
        isOn={current.emailContent && config.emailContentAllowed}
        disabled={!current.email || !config.emailContentAllowed}
        onChange={(emailContent) => changePreferences({ emailContent })}
      />
    </Section>
  );
}
