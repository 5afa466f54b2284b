/**
 * What the page does not begin with; see state/later.ts. One module, so that the build makes one
 * file of it rather than one for each pair of screens that share something.
 *
 * @module
 */
// The whole of the page beneath this part: cut only where the two meet, it weighs less.
import "./components/App.tsx";
import "./state/start.ts";
import { startActivity } from "./state/activity.ts";
import { startAlerts } from "./state/alerts.ts";
import { startAnnouncements } from "./state/announcement.ts";
import { startDesktop } from "./state/desktop.ts";
import { startEmail } from "./state/email.ts";
import { startMutes } from "./state/mute.ts";
import { startNotifications } from "./state/notifications.ts";
import { startPreferences } from "./state/preferences.ts";
import { startPush } from "./state/push.ts";
import { startRepeating } from "./state/refused.ts";
import { startUnreadBadge } from "./state/unread_badge.ts";
import { startUnstored } from "./state/unstored.ts";
import css from "./styles/later.css" with { type: "text" };

export { Announcer } from "./components/Announcer.tsx";
export { ConfirmNotice } from "./components/ConfirmNotice.tsx";
export { MuteMenu } from "./components/MuteMenu.tsx";
export { NotificationList } from "./components/NotificationList.tsx";
export { NotificationSettings } from "./components/settings/NotificationSettings.tsx";
export { Profile } from "./components/Profile.tsx";
export { unreadNotifications } from "./state/notifications.ts";
export { forgetPush } from "./state/push.ts";

/** Starts what works without being looked at; called once. */
export function startLater(): void {
  // The page's policy takes no style element, and the build gives a style sheet no address here.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets.push(sheet);
  startActivity();
  startPreferences();
  startEmail();
  startNotifications();
  startMutes();
  startUnreadBadge();
  startDesktop();
  startPush();
  startRepeating();
  startUnstored();
  startAlerts();
  startAnnouncements();
}
