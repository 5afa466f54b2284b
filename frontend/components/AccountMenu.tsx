import { useState } from "preact/hooks";
import type { Self } from "@/chat/protocol.ts";
import { config } from "../config.ts";
import { leave } from "../state/leave.ts";
import { drafts } from "../state/drafts.ts";
import { outbox } from "../state/outbox.ts";
import { paths } from "../state/router.ts";
import { self } from "../state/session.ts";
import { hasUnstored } from "../state/unstored.ts";
import { Avatar } from "./Avatar.tsx";
import { Icon } from "./Icon.tsx";
import { Menu } from "./Menu.tsx";

/** Who is signed in here, their profile and settings, and the way out. */
export function AccountMenu() {
  const member = self.value;
  if (member === null) return null;
  return (
    <Menu label="Your account" button={<Avatar of={member} size="small" />}>
      {(close) => <AccountItems member={member} close={close} />}
    </Menu>
  );
}

function AccountItems({ member, close }: { member: Self; close: () => void }) {
  const [isAsking, setAsking] = useState(false);
  const canKeep = !hasUnstored();
  const unsent = outbox.value.length + drafts.value.size;
  return (
    <>
      <div class="menu-head">
        <strong dir="auto">{member.displayName}</strong>
        <span>@{member.username}</span>
      </div>
      {isAsking
        ? (
          <div class="menu-question" role="alert">
            <p>
              {unsent === 1 ? "One message has" : `${unsent} messages have`} not been sent.{" "}
              {canKeep && "Kept here, what you wrote waits for your return."}
            </p>
            {canKeep && (
              <button type="button" class="button" onClick={() => leave(true)}>
                Keep and sign out
              </button>
            )}
            <button type="button" class="button is-danger" onClick={() => leave(false)}>
              Delete and sign out
            </button>
            <button type="button" class="button is-quiet" onClick={close}>
              Stay
            </button>
          </div>
        )
        : (
          <>
            <a class="menu-item" href={paths.profile(member.username)} onClick={close}>
              <Icon name="person" /> Your profile
            </a>
            <a class="menu-item" href={paths.settings} onClick={close}>
              <Icon name="settings" /> Notification settings
            </a>
            {config.localAccounts && (
              <button
                type="button"
                class="menu-item"
                onClick={() => unsent > 0 ? setAsking(true) : leave(false)}
              >
                <Icon name="leave" /> Sign out
              </button>
            )}
          </>
        )}
    </>
  );
}
