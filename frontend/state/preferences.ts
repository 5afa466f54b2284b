/**
 * How the member wants to be told of what they miss. A change shows at once and is saved by itself.
 *
 * @module
 */
import { signal } from "@preact/signals";
import type { NotificationPreferences } from "@/chat/protocol.ts";
import { reasonOf } from "../api.ts";
import { usualQuietHours } from "../lib/quiet_hours.ts";
import { call, onMember, self } from "./session.ts";

const path = "/api/notifications/preferences";
/** Changes in quick succession are saved together. */
const gatherMs = 400;
const tabs = new BroadcastChannel("parley.preferences");

/** As they stand on the page; null until they have been loaded. */
export const preferences = signal<NotificationPreferences | null>(null);
/** Why they could not be loaded. */
export const preferencesError = signal<string | null>(null);
export type SaveState = "unchanged" | "saving" | "saved" | "failed";
export const saveState = signal<SaveState>("unchanged");
/** Why the last change could not be saved. */
export const saveError = signal<string | null>(null);

/** As the server last said. */
let stored: NotificationPreferences | null = null;
let lastQuietHours = usualQuietHours();
let timer: number | undefined;
let isSaving = false;
/** Counts members: what was asked for the last one is not for the next. */
let era = 0;

/** What a tab tells the others of; those may be another member's, as a platform hands out tokens. */
interface Told {
  memberId: string | undefined;
  saved: NotificationPreferences;
}

/** Loads them, again where they may have changed elsewhere; what is being changed here stays. */
export async function loadPreferences(): Promise<void> {
  const asked = era;
  const shown = preferences.value;
  preferencesError.value = null;
  try {
    const loaded = await call<NotificationPreferences>("GET", path);
    // What was changed and saved meanwhile is newer than this answer.
    if (asked !== era || preferences.value !== shown) return;
    const isChanging = saveState.value === "saving" || saveState.value === "failed";
    stored = loaded;
    if (!isChanging) preferences.value = loaded;
  } catch (error) {
    if (asked === era) preferencesError.value = reasonOf(error);
  }
}

/** Changes some of them. */
export function changePreferences(change: Partial<NotificationPreferences>): void {
  if (preferences.value === null) return;
  preferences.value = { ...preferences.value, ...change };
  saveState.value = "saving";
  clearTimeout(timer);
  timer = setTimeout(savePreferences, gatherMs);
}

/** Turns quiet hours on, as they were last on this page, or off. */
export function switchQuietHours(isOn: boolean): void {
  lastQuietHours = preferences.value?.quietHours ?? lastQuietHours;
  changePreferences({ quietHours: isOn ? lastQuietHours : null });
}

/**
 * Saves what was changed, at once; again after it failed. One request at a time, since of two the
 * server might take the later one first: the one under way is followed by what came meanwhile.
 */
export async function savePreferences(): Promise<void> {
  clearTimeout(timer);
  const wanted = preferences.value;
  if (isSaving || wanted === null) return;
  if (saveState.value === "unchanged" || saveState.value === "saved") return;
  const asked = era;
  isSaving = true;
  saveState.value = "saving";
  saveError.value = null;
  try {
    const saved = await call<NotificationPreferences>("PUT", path, wanted);
    if (asked !== era) return;
    stored = saved;
    if (preferences.value === wanted) {
      preferences.value = saved;
      saveState.value = "saved";
      tabs.postMessage({ memberId: self.value?.id, saved } satisfies Told);
    }
  } catch (error) {
    if (asked === era && preferences.value === wanted) {
      saveState.value = "failed";
      saveError.value = reasonOf(error);
    }
  } finally {
    if (asked === era) isSaving = false;
  }
  if (asked === era && saveState.value === "saving") await savePreferences();
}

/** Gives up a change that could not be saved. */
export function undoChanges(): void {
  forgetChanges();
  // It may have been saved after all, and only the answer was lost.
  loadPreferences();
}

function forgetChanges(): void {
  clearTimeout(timer);
  preferences.value = stored;
  saveState.value = "unchanged";
  saveError.value = null;
}

/** Called once; loads them for each member who signs in. */
export function startPreferences(): void {
  tabs.onmessage = ({ data: { memberId, saved } }: MessageEvent<Told>) => {
    if (memberId !== self.value?.id) return;
    stored = saved;
    if (saveState.value === "unchanged" || saveState.value === "saved") preferences.value = saved;
  };
  addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") savePreferences();
  });
  onMember((id) => {
    era++;
    isSaving = false;
    stored = null;
    lastQuietHours = usualQuietHours();
    forgetChanges();
    if (id !== null) loadPreferences();
  });
}
