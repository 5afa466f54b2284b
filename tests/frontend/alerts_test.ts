import assert from "node:assert/strict";
import { muteForever, type NotificationPreferences } from "@/chat/protocol.ts";
import { alertFor, type AlertInput, freshMs } from "@/frontend/lib/alerts.ts";
import { ana, at, conversation, message } from "./chat_fixtures.ts";

const preferences: NotificationPreferences = {
  email: true,
  emailContent: true,
  push: true,
  desktop: true,
  sound: true,
  emailDelaySeconds: 300,
  pushDelaySeconds: 10,
  quietHours: null,
};

/** A message to Ana that has just come, while she looks elsewhere. */
function alertOf(given: Partial<AlertInput> = {}) {
  const news = message(1);
  return alertFor({
    message: news,
    view: conversation(),
    preferences,
    selfId: ana,
    isVisible: false,
    isOpen: false,
    now: Date.parse(news.createdAt) + 100,
    ...given,
  });
}

const nothing = { desktop: false, sound: false };

Deno.test("a message rings, and shows on the desktop where the page is hidden", () => {
  assert.deepEqual(alertOf(), { desktop: true, sound: true });
  assert.deepEqual(alertOf({ isOpen: true }), { desktop: true, sound: true });
  assert.deepEqual(alertOf({ isVisible: true }), { desktop: false, sound: true });
  assert.deepEqual(alertOf({ isVisible: true, isOpen: true }), nothing);
});

Deno.test("each way is only for whoever wants it", () => {
  const without = (off: Partial<NotificationPreferences>) =>
    alertOf({ preferences: { ...preferences, ...off } });
  assert.deepEqual(without({ desktop: false }), { desktop: false, sound: true });
  assert.deepEqual(without({ sound: false }), { desktop: true, sound: false });
  const quietHours = { start: "00:00", end: "00:00", timeZone: "UTC" };
  assert.deepEqual(without({ quietHours }), nothing);
});

Deno.test("what is muted, one's own, read already, deleted or old is silent", () => {
  const muted = conversation({ muted: true, mutedUntil: muteForever });
  assert.deepEqual(alertOf({ view: muted }), nothing);
  const mutedOnce = conversation({ muted: true, mutedUntil: at(0) });
  assert.deepEqual(alertOf({ view: mutedOnce }), { desktop: true, sound: true });
  assert.deepEqual(alertOf({ message: message(1, { senderId: ana }) }), nothing);
  assert.deepEqual(alertOf({ message: message(1, { senderId: null }) }), nothing);
  assert.deepEqual(alertOf({ message: message(1, { deletedAt: at(1) }) }), nothing);
  assert.deepEqual(alertOf({ view: conversation({ lastReadSeq: 1 }) }), nothing);
  assert.deepEqual(alertOf({ now: Date.parse(at(1)) + freshMs }), nothing);
});
