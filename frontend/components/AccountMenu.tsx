import { useEffect, useRef, useState } from "preact/hooks";
import { config } from "../config.ts";
import { dropDrafts } from "../state/drafts.ts";
import { dropOutbox, outbox } from "../state/outbox.ts";
import { navigate, paths } from "../state/router.ts";
import { logout, self } from "../state/session.ts";
import { Avatar } from "./Avatar.tsx";
import { Icon } from "./Icon.tsx";

/** Who is signed in here, their profile, and the way out. */
export function AccountMenu() {
  const [isOpen, setOpen] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const member = self.value;
  useEffect(() => {
    if (!isOpen) return setAsking(false);
    const close = (event: Event) => {
      if (event instanceof KeyboardEvent) {
        if (event.key !== "Escape") return;
        event.preventDefault();
        root.current?.querySelector("button")?.focus();
      } else if (event.target instanceof Node && root.current?.contains(event.target)) return;
      setOpen(false);
    };
    addEventListener("pointerdown", close);
    addEventListener("keydown", close, { capture: true });
    return () => {
      removeEventListener("pointerdown", close);
      removeEventListener("keydown", close, { capture: true });
    };
  }, [isOpen]);
  if (member === null) return null;

  const leave = async () => {
    await dropOutbox();
    dropDrafts();
    logout();
    navigate(paths.login);
  };
  const unsent = outbox.value.length;
  return (
    <div class="account" ref={root}>
      <button
        type="button"
        class="account-button"
        aria-expanded={isOpen}
        aria-label="Your account"
        onClick={() => setOpen(!isOpen)}
      >
        <Avatar of={member} size="small" />
      </button>
      {isOpen && (
        <div class="menu">
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
                <button type="button" class="button is-quiet" onClick={() => setOpen(false)}>
                  Stay
                </button>
              </div>
            )
            : (
              <>
                <a
                  class="menu-item"
                  href={paths.profile(member.username)}
                  onClick={() => setOpen(false)}
                >
                  <Icon name="person" /> Your profile
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
        </div>
      )}
    </div>
  );
}
