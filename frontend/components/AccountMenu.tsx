import { useState } from "preact/hooks";
import type { Self } from "@/chat/protocol.ts";
import { config } from "../config.ts";
import { leave } from "../state/leave.ts";
import { outbox } from "../state/outbox.ts";
import { paths } from "../state/router.ts";
import { self } from "../state/session.ts";
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
  const unsent = outbox.value.length;
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
              {unsent === 1
                ? "One message has not been sent yet. Signing out deletes it."
                : `${unsent} messages have not been sent yet. Signing out deletes them.`}
            </p>
            <button type="button" class="button is-danger" onClick={leave}>
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
                onClick={() => unsent > 0 ? setAsking(true) : leave()}
              >
                <Icon name="leave" /> Sign out
              </button>
            )}
          </>
        )}
    </>
  );
}
