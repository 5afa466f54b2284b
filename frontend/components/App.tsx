import { config } from "../config.ts";
import { chat } from "../state/chat.ts";
import { inboxEnd, unreadTotal } from "../state/conversations.ts";
import { later } from "../state/later.ts";
import { route } from "../state/router.ts";
import { phase } from "../state/session.ts";
import { Banner } from "./Banner.tsx";
import { Inbox } from "./Inbox.tsx";
import { LaterScreen } from "./LaterScreen.tsx";
import { Mark } from "./Mark.tsx";
import { NewThread } from "./NewThread.tsx";
import { Notice } from "./Notice.tsx";
import { Login, Register, SignInElsewhere } from "./SignIn.tsx";
import { Thread } from "./Thread.tsx";

/** The whole page: the screen that the address and the session call for. */
export function App() {
  if (phase.value === "starting") return <Starting />;
  if (phase.value === "signedOut") {
    if (!config.localAccounts) return <SignInElsewhere />;
    return route.value.name === "register" ? <Register /> : <Login />;
  }
  const Announcer = later.value?.Announcer;
  const hasDetail = route.value.name !== "inbox";
  return (
    <div class={`layout ${hasDetail ? "shows-detail" : "shows-list"}`}>
      <Banner />
      <Inbox />
      <main class="detail">
        <Detail />
      </main>
      {Announcer && <Announcer />}
    </div>
  );
}

function Detail() {
  const now = route.value;
  switch (now.name) {
    case "thread":
      return <Thread />;
    case "new":
      return <NewThread key={now.userId} userId={now.userId} />;
    case "profile":
      return <LaterScreen>{({ Profile }) => <Profile username={now.username} />}</LaterScreen>;
    case "notifications":
      return <LaterScreen>{({ NotificationList }) => <NotificationList />}</LaterScreen>;
    case "settings":
      return <LaterScreen>{({ NotificationSettings }) => <NotificationSettings />}</LaterScreen>;
    default:
      return <Welcome />;
  }
}

/** What stands beside the list while no conversation is open. */
function Welcome() {
  // Until the list is there, nothing is known to say.
  if (inboxEnd.value === undefined) return null;
  const unread = unreadTotal.value;
  const title = chat.value.held.size === 0
    ? "It begins with a hello"
    : unread === 0
    ? "You are all caught up"
    : unread === 1
    ? "A message is waiting for you"
    : `${unread} messages are waiting for you`;
  return (
    <Notice
      title={title}
      text="Choose a conversation from the list, or search for somebody to write to."
      hasArt
    />
  );
}

function Starting() {
  return (
    <main class="starting" aria-busy="true">
      <Mark size={56} />
      <span class="visually-hidden">Loading your messages</span>
    </main>
  );
}
