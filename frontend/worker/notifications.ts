/**
 * The notifications that the system shows for us, one for each conversation.
 *
 * @module
 */
import { scope } from "./scope.ts";
import { pageWindows } from "./windows.ts";

/** Systems cut what is longer somewhere, and some in the middle of a character. */
const mostLength = { title: 100, body: 300 };

export interface NotificationContent {
  /** Undefined: it is not known what it is about. */
  conversationId?: string;
  title: string;
  body: string;
  /** When the message was sent. */
  at?: string;
  silent: boolean;
}

/** Not in TypeScript's library, since not every browser heeds them. */
interface Options extends NotificationOptions {
  renotify: boolean;
  timestamp: number;
}

/** Shows one, in place of the conversation's earlier one. */
export async function showNotification(content: NotificationContent): Promise<void> {
  const { conversationId, title, body, at, silent } = content;
  const tag = conversationId ?? "parley";
  // An open page may have shown it before the push came, or the other way round: once is enough.
  const [shown] = await scope.registration.getNotifications({ tag });
  const isRepeat = at !== undefined && shown?.data?.at === at;
  const options: Options = {
    body: cut(body, mostLength.body),
    tag,
    renotify: !isRepeat,
    silent: silent || isRepeat,
    timestamp: Date.parse(at ?? "") || Date.now(),
    icon: "/icon-192.png",
    badge: "/badge-96.png",
    dir: "auto",
    data: { conversationId, at },
  };
  await scope.registration.showNotification(cut(title, mostLength.title), options);
  await updateBadge();
}

/** Takes away the conversation's, if it is shown. */
export function closeNotification(conversationId: string): Promise<void> {
  return close({ tag: conversationId });
}

/** Takes away whatever is shown. */
export function closeAll(): Promise<void> {
  return close({});
}

async function close(which: GetNotificationOptions): Promise<void> {
  for (const shown of await scope.registration.getNotifications(which)) shown.close();
  await updateBadge();
}

/** Puts onto our icon in how many conversations something is new. An open page knows better. */
export async function updateBadge(): Promise<void> {
  if (!("setAppBadge" in navigator) || (await pageWindows()).length > 0) return;
  const shown = await scope.registration.getNotifications();
  // Where the page is not installed some browsers refuse, and nothing is lost.
  await navigator.setAppBadge(shown.length).catch(() => undefined);
}

function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
