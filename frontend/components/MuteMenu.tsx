import { useEffect } from "preact/hooks";
import { type Conversation, muteForever } from "@/chat/protocol.ts";
import { config } from "../config.ts";
import { momentText } from "../lib/dates.ts";
import { isMuted } from "../lib/mute.ts";
import { muteSpans } from "../lib/mute_spans.ts";
import { now } from "../state/clock.ts";
import { mute, setEmailOff, settingsError, unmute } from "../state/mute.ts";
import { Icon } from "./Icon.tsx";

interface MuteMenuProps {
  view: Conversation;
  close(): void;
}

/** Whether a conversation makes itself heard: muting it for a while, and mails about it. */
export function MuteMenu({ view, close }: MuteMenuProps) {
  useEffect(() => {
    settingsError.value = null;
  }, []);
  const closeIf = async (change: Promise<boolean>) => {
    if (await change) close();
  };
  return (
    <>
      {isMuted(view, now.value)
        ? (
          <button
            type="button"
            class="menu-item"
            onClick={() => closeIf(unmute(view.id))}
          >
            <Icon name="bell" />
            <span class="menu-text">
              Unmute
              <small>{untilText(view.mutedUntil)}</small>
            </span>
          </button>
        )
        : (
          <div role="group" aria-labelledby="mute-title">
            <p class="menu-title" id="mute-title">Mute this conversation</p>
            {muteSpans.map(({ label, ms }) => (
              <button
                type="button"
                class="menu-item"
                key={label}
                onClick={() => closeIf(mute(view.id, ms))}
              >
                <Icon name={ms === null ? "mute" : "clock"} /> {label}
              </button>
            ))}
          </div>
        )}
      {config.emailAvailable && <MailSwitch view={view} />}
      {settingsError.value !== null && <p class="menu-error" role="alert">{settingsError.value}</p>}
    </>
  );
}

function MailSwitch({ view }: { view: Conversation }) {
  return (
    <>
      <hr class="menu-line" />
      <label class="menu-item">
        <span class="menu-text">No mail about it</span>
        <input
          type="checkbox"
          role="switch"
          class="switch"
          checked={view.emailOff}
          onChange={({ currentTarget }) => {
            const isWanted = currentTarget.checked;
            // It shows what is so: the server may not be reached.
            currentTarget.checked = view.emailOff;
            setEmailOff(view.id, isWanted);
          }}
        />
      </label>
    </>
  );
}

function untilText(mutedUntil: string | null): string {
  if (mutedUntil === null || mutedUntil === muteForever) return "Muted for good";
  return `Muted until ${momentText(mutedUntil, now.value)}`;
}
