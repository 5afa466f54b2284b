import type { Profile as ProfileView } from "@/chat/protocol.ts";
import { safeHref } from "../lib/text.ts";
import { presence } from "../state/chat.ts";
import { paths } from "../state/router.ts";
import { call, self } from "../state/session.ts";
import { Avatar } from "./Avatar.tsx";
import { Icon } from "./Icon.tsx";
import { Notice } from "./Notice.tsx";
import { PresenceText } from "./PresenceText.tsx";
import { BareHeader } from "./ThreadHeader.tsx";
import { useLoad } from "./useLoad.ts";

async function findProfile(username: string): Promise<ProfileView | null> {
  const query = new URLSearchParams({ username });
  const { users } = await call<{ users: ProfileView[] }>("GET", `/api/users?${query}`);
  return users[0] ?? null;
}

/** A member, as others see them. */
export function Profile({ username }: { username: string }) {
  const { data: person, error, retry } = useLoad(username, () => findProfile(username));
  return (
    <section class="thread" aria-label="Profile">
      <BareHeader />
      {error
        ? <Notice title="The profile could not be loaded" text={error} retry={retry} />
        : person === null
        ? (
          <Notice title="Nobody goes by this name" text={`There is no member called @${username}.`}>
            <a class="button" href={paths.inbox}>Back to your messages</a>
          </Notice>
        )
        : person && <Card person={person} />}
    </section>
  );
}

function Card({ person }: { person: ProfileView }) {
  const href = person.profileUrl === null ? null : safeHref(person.profileUrl);
  const isSelf = person.id === self.value?.id;
  return (
    <div class="profile-card">
      <Avatar
        of={person}
        size="large"
        online={(presence.value.get(person.id) ?? person).online}
      />
      <h1 dir="auto">{person.displayName}</h1>
      <p class="profile-name">@{person.username}</p>
      <p class="profile-presence">
        <PresenceText userId={person.id} known={person} />
      </p>
      <div class="profile-actions">
        {isSelf
          ? <p class="profile-presence">This is how others see you.</p>
          : (
            <a class="button is-primary" href={paths.new(person.id)}>
              <Icon name="chat" /> Send message
            </a>
          )}
        {href && (
          <a class="button" href={href} target="_blank" rel="noopener noreferrer">
            <Icon name="out" /> Profile on the site
          </a>
        )}
      </div>
    </div>
  );
}
