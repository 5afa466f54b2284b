import { useState } from "preact/hooks";
import type { NotificationPreferences } from "@/chat/protocol.ts";
import { playChime } from "../../lib/chime.ts";
import { changePreferences } from "../../state/preferences.ts";
import { Remark, Section, Switch } from "./Setting.tsx";

/** The chime for messages in conversations that are not open. */
export function SoundSection({ current }: { current: NotificationPreferences }) {
  const [isSilent, setSilent] = useState(false);
  const play = async () => setSilent(!await playChime());
  return (
    <Section title="Sound">
      <Switch
        label="Play a sound for a new message"
        note="Not for the conversation you are looking at."
        isOn={current.sound}
        onChange={(sound) => changePreferences({ sound })}
      />
      <div class="setting">
        <span class="setting-text">How it sounds</span>
        <button type="button" class="quiet-button" onClick={play}>Play</button>
      </div>
      {isSilent && <Remark isError>Your browser does not let this page be heard.</Remark>}
    </Section>
  );
}
